"""What is left of the programs that a real agent started, and of those that it did not?"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from .lines import JsonLines
from .model import Model, Turn
from .team import Team, described, marked

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

ESCAPES = Path(__file__).resolve().parents[1] / "programs" / "escapes.py"
OWN = '"$TEAM_WORKSPACE/$TEAM_SESSION_ID"'
MARK_TASKS = (
    rf"sed -i -E 's/\[ \]/[x]/; s/(Status\*{{0,2}}:\*{{0,2}}).*/\1 completed/' {OWN}/tasks.md"
)
SERVER = (
    "setsid nohup sh -c 'echo $$ > \"$0\"; exec sleep 600' {pid} > /dev/null 2>&1 & "
    "while [ ! -s {pid} ]; do sleep 0.05; done"
)
DETACHED = """\
const {spawn} = require('child_process');
const forever = ['-e', 'setInterval(() => {}, 1000)'];
const child = spawn(process.execPath, forever, {detached: true, stdio: 'ignore'});
child.unref();
require('fs').writeFileSync('node.pid', `${child.pid}`);
"""
# A daemon in a session of its own, one that forked twice, and the same with an empty environment.
DAEMONS = f"'{sys.executable}' '{ESCAPES}' leave > daemons.txt"
STEPS = (
    SERVER.format(pid="server.pid"),
    f'node -e "$(cat {OWN}/detached.js)"',
    DAEMONS,
)


class ByHand:
    """A person's Claude in the same project, with a server that it started."""

    def __init__(self, team: Team, claude: Path) -> None:
        self.place = team.project.parent / "by-hand"
        self.place.mkdir()
        argv = [os.fspath(claude), "-p", "--input-format", "stream-json"]
        argv += ["--output-format", "stream-json", "--verbose"]
        argv += ["--permission-mode", "bypassPermissions"]
        self.process = subprocess.Popen(
            argv,
            cwd=team.project,
            env=team.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.place / "stderr.log").open("wb"),
        )
        self.lines = JsonLines(self.process)

    def turn(self, text: str) -> str:
        """What it says at the end of the turn."""
        before = len(self._results())
        message = {"role": "user", "content": text}
        line = {"type": "user", "message": message, "uuid": str(uuid.uuid4())}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()
        self.lines.wait_for(lambda _: len(self._results()) > before, 60)
        return str(self._results()[-1]["result"])

    def _results(self) -> list[dict[str, object]]:
        return [line for line in self.lines.seen if line["type"] == "result"]

    @property
    def server(self) -> psutil.Process:
        return psutil.Process(int((self.place / "server.pid").read_text()))

    def end(self) -> None:
        for process in [self.server, *psutil.Process(self.process.pid).children(recursive=True)]:
            process.kill()
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def by_hand(team: Team, claude: Path, model: Model) -> Iterator[ByHand]:
    place = team.project.parent / "by-hand"
    model.scripts[""] = [
        Turn("a server", (SERVER.format(pid=f"'{place}/server.pid'"),), says="It runs."),
        Turn("still there", says="I am."),
    ]
    started = ByHand(team, claude)
    assert started.turn("Start a server.") == "It runs."
    yield started
    started.end()


@pytest.fixture
def own_program(team: Team) -> Iterator[subprocess.Popen[bytes]]:
    """A person's own program, in the project, and in the workspace's own directory, too."""
    with subprocess.Popen(["sleep", "600"], cwd=team.workspace, env=team.environ) as program:
        yield program
        program.kill()


def left_in(directory: Path) -> dict[str, psutil.Process]:
    """What the agent left running, by how it got away."""
    daemons = (directory / "daemons.txt").read_text().split()[1:]
    pids = {
        "setsid nohup": (directory / "server.pid").read_text(),
        "detached node": (directory / "node.pid").read_text(),
        **dict(zip(["setsid", "daemon", "daemon without environment"], daemons)),
    }
    return {how: psutil.Process(int(pid)) for how, pid in pids.items()}


@pytest.mark.parametrize("end", ["completed", "stopped"])
def test_nothing_that_a_real_agent_left_running_outlives_its_session_and_nothing_else_ends(
    team: Team,
    model: Model,
    by_hand: ByHand,
    own_program: "subprocess.Popen[bytes]",
    tmp_path: Path,
    end: str,
) -> None:
    there = f"cd {OWN}"
    model.scripts["intern"] = [
        Turn(commands=tuple(f"{there}; {step}" for step in STEPS)),
        Turn("You may end", (MARK_TASKS,)),
    ]
    orchestrator = team.orchestrate()
    asked = tmp_path / "asked"
    asked.mkdir()
    (asked / "instructions.md").write_text("Start some servers.\n- [ ] Start them\n")
    (asked / "detached.js").write_text(DETACHED)
    asked.rename(team.workspace / "intern-request-servers")
    session = orchestrator.wait_for_event("session_started", persona="intern")["session"]
    model.wait_for(lambda m: any(a.reply.words for a in m.of(session)), 60)

    left = left_in(team.workspace / session)
    assert {how: process.is_running() for how, process in left.items()} == dict.fromkeys(left, True)
    assert len(left) == 5
    if end == "completed":
        team.run("say", "servers", "You may end.")
        orchestrator.wait_for_event("session_archived", session=session)
    else:
        team.run("team", "stop", "servers")
        orchestrator.wait_for_event("session_stopped", session=session)

    assert described([process for process in left.values() if process.is_running()]) == []
    assert described(marked("TEAM_SESSION_ID", session)) == []
    assert own_program.poll() is None
    assert by_hand.server.is_running()
    assert by_hand.turn("Are you still there?") == "I am."
