"""Does a team of real agents get its work done, whatever happens to the supervisor?"""

import os
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest

from .lines import Line
from .model import Model, Script, Turn, persona_of
from .team import Orchestrator, Team, described, marked
from .views import check_views_agree, cost_in_transcript, live, tracked

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

MANAGER = "engineering-manager"
ARCHITECT = "solutions-architect"
ENGINEER = "software-engineer"
INTERN = "intern"

OWN = '"$TEAM_WORKSPACE/$TEAM_SESSION_ID"'
REQUEST = '"$TEAM_WORKSPACE/software-engineer-request-api"'
MARK_TASKS = (
    rf"sed -i -E 's/\[ \]/[x]/; s/(Status\*{{0,2}}:\*{{0,2}}).*/\1 completed/' {OWN}/tasks.md"
)
PART_ONE = "Build the REST API.\n- [ ] Design the endpoints\n"
PART_TWO = "- [ ] Serve them\n"
ASK_INTERN = (
    "printf '%s\\n' 'Write the tests.' '- [ ] Write the tests' "
    "| team-supervisor request intern tests -i -"
)
DEV_SERVER = (
    f"(cd {OWN} && setsid nohup sh -c 'echo $$ > server.pid; exec sleep 600' > server.log 2>&1 &) "
    f"&& while [ ! -s {OWN}/server.pid ]; do sleep 0.05; done"
)
FILES = {
    "session.json",
    "instructions.md",
    "tasks.md",
    "tracker.json",
    "persona-instructions.md",
    "transcript.jsonl",
    "stderr.log",
}


def ask_engineer(meanwhile: str) -> str:
    """A request by hand: a directory, then a slow write into it."""
    heading = 'echo "## Instructions from $TEAM_SESSION_ID ($(date -u +%FT%TZ))"'
    first, second = (text.replace("\n", "\\n") for text in (PART_ONE, PART_TWO))
    parts = f"{heading}; printf -- '{first}'; {meanwhile}; printf -- '{second}'"
    return f"mkdir {REQUEST} && ({parts}) > {REQUEST}/instructions.md"


def scripts(meanwhile: str) -> dict[str, Script]:
    """What each persona's model says; each gate is opened by the test."""
    return {
        MANAGER: [
            Turn(commands=(ask_engineer(meanwhile),), gate="manager"),
            Turn(rf"{ENGINEER}-\d{{13}}-completed", (MARK_TASKS,), gate="manager ends"),
        ],
        ARCHITECT: [Turn(commands=(MARK_TASKS,), gate="architect")],
        ENGINEER: [
            Turn(
                commands=(f"cp {OWN}/instructions.md {OWN}/as-read.md", ASK_INTERN, DEV_SERVER),
                gate="engineer",
            ),
            Turn(rf"{INTERN}-\d{{13}}-completed", (MARK_TASKS,), gate="engineer ends"),
        ],
        INTERN: [Turn(commands=(f"echo ok > {OWN}/tests.txt", MARK_TASKS), gate="intern")],
    }


class Story:
    """The team, its model, and every event of every supervisor so far."""

    def __init__(self, team: Team, model: Model) -> None:
        self.team = team
        self.model = model
        self.now: Orchestrator = team.orchestrate()

    @property
    def events(self) -> list[Line]:
        return [line for one in self.team.orchestrators for line in one.seen]

    def kill_supervisor(self) -> None:
        self.now.kill()
        assert self.now.process.returncode == -signal.SIGKILL

    def new_supervisor(self) -> None:
        self.now = self.team.orchestrate()

    def started(self, persona: str) -> str:
        """The id of this persona's session, once its agent has asked its model something."""
        event = self.now.wait_for_event("session_started", persona=persona)
        self.model.wait_for(lambda model: bool(model.of(event["session"])))
        return str(event["session"])

    def archived(self, session: str) -> Path:
        """The archive; checks that nothing of the session runs and nothing of it is missing."""
        event = self.now.wait_for_event("session_archived", session=session)
        assert described(marked("TEAM_SESSION_ID", session)) == []
        archive = self.team.workspace / f"{session}-completed"
        assert not (self.team.workspace / session).exists()
        assert {path.name for path in archive.iterdir()} >= FILES
        assert event["cost_usd"] == pytest.approx(self.price(session))
        assert cost_in_transcript(archive / "transcript.jsonl") == pytest.approx(event["cost_usd"])
        return archive

    def price(self, session: str) -> float:
        return sum(asked.price for asked in self.model.of(session))

    def told(self, requester: str, archive: Path) -> None:
        """Wait until the requester's model hears of the end of what it requested."""
        self.model.wait_for(lambda model: archive.name in model.heard_by(requester))

    def check(self, *working: str) -> None:
        """Everything agrees, and just these personas are at work."""
        states = check_views_agree(self.team, self.events)
        assert sorted(map(persona_of, live(states))) == sorted(working)

    def sessions(self, kind: str) -> list[str]:
        return sorted(event["session"] for event in self.events if event["event"] == kind)

    def claimed(self) -> list[str]:
        """The personas whose requests were claimed."""
        requests = (persona_of(session) for session in self.sessions("session_claimed"))
        return [persona for persona in requests if persona not in (MANAGER, ARCHITECT)]

    def check_the_end(self, sessions: Iterable[str]) -> None:
        """All were claimed, started and archived once, and the bill is the sum of their turns."""
        ids = sorted(sessions)
        self.check()
        assert self.claimed() == [INTERN, ENGINEER]
        assert self.sessions("session_started") == ids
        assert self.sessions("session_archived") == ids
        assert self.sessions("session_failed") == []
        rows = tracked(self.team)
        total = sum(row["cost_usd"] for row in rows.values())
        assert total == pytest.approx(sum(asked.price for asked in self.model.asked))
        assert all(row["tasks_done"] == row["tasks_total"] > 0 for row in rows.values())
        self.now.interrupt()
        assert self.now.seen[-1]["event"] == "supervisor_stopped"


def begin(team: Team, model: Model, meanwhile: str) -> Story:
    """A team of two whose models hold their breath."""
    model.scripts.update(scripts(meanwhile))
    team.run("team", "start", "Build REST API")
    return Story(team, model)


def check_instructions(directory: Path, requester: str) -> None:
    """They are what the requester wrote, whole, and were so when the agent started."""
    heading, _, rest = (directory / "as-read.md").read_text().partition("\n")
    assert heading.startswith(f"## Instructions from {requester} (")
    assert rest == PART_ONE + PART_TWO
    assert (directory / "instructions.md").read_text() == f"{heading}\n{rest}"


def finish(story: Story, manager: str, engineer: str) -> None:
    """From the engineer's two requests on: everyone ends in turn, and hears of it."""
    intern = story.started(INTERN)
    story.check(MANAGER, ENGINEER, INTERN)
    server = psutil.Process(int((story.team.workspace / engineer / "server.pid").read_text()))
    assert server.is_running()

    story.model.open("intern")
    tests = story.archived(intern)
    assert (tests / "tests.txt").read_text() == "ok\n"
    story.told(engineer, tests)
    story.check(MANAGER, ENGINEER)
    assert server.is_running()

    story.model.open("engineer ends")
    api = story.archived(engineer)
    assert not server.is_running()
    check_instructions(api, manager)
    story.told(manager, api)
    story.check(MANAGER)

    story.model.open("manager ends")
    story.archived(manager)


def test_a_team_of_real_agents_works_from_request_to_archive(team: Team, model: Model) -> None:
    story = begin(team, model, meanwhile="sleep 1.5")
    manager, architect = story.started(MANAGER), story.started(ARCHITECT)
    story.check(MANAGER, ARCHITECT)

    model.open("architect")
    story.archived(architect)
    story.check(MANAGER)

    model.open("manager")
    engineer = story.started(ENGINEER)
    assert not list(team.workspace.glob("*-request-*"))
    story.check(MANAGER, ENGINEER)

    model.open("engineer")
    finish(story, manager, engineer)
    everyone = {asked.session for asked in model.asked}
    assert everyone >= {manager, architect, engineer}
    assert len(everyone) == 4
    story.check_the_end(everyone)


def test_the_same_team_survives_kill_9_of_its_supervisor(
    team: Team, model: Model, tmp_path: Path
) -> None:
    halfway = tmp_path / "halfway"
    os.mkfifo(halfway)
    story = begin(team, model, meanwhile=f"read line < '{halfway}'")
    manager, architect = story.started(MANAGER), story.started(ARCHITECT)
    agents = {session: row["pid"] for session, row in tracked(team).items()}

    model.open("architect", "manager")
    story.archived(architect)
    with halfway.open("w") as rest_of_the_request:
        story.kill_supervisor()
        story.new_supervisor()
        story.check(MANAGER)
        assert story.claimed() == []
        rest_of_the_request.write("\n")
    assert tracked(team)[manager]["pid"] == agents[manager]

    engineer = story.started(ENGINEER)
    agents[engineer] = tracked(team)[engineer]["pid"]
    story.kill_supervisor()
    model.open("engineer")
    model.wait_for(lambda model: bool(model.of(engineer)[-1].reply.words))
    assert psutil.pid_exists(agents[engineer])
    assert tracked(team)[engineer]["state"] == "active"

    story.new_supervisor()
    assert tracked(team)[engineer]["pid"] == agents[engineer]
    finish(story, manager, engineer)
    story.check_the_end({asked.session for asked in model.asked})
