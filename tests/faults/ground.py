"""What stands around a fault: a team, what it was asked, and what must not change?"""

import contextlib
import hashlib
import os
import select
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from team_supervisor.adapters import processes
from team_supervisor.adapters.processes import ProcessRef
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.core.model import State, Wanted
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.core.taskgraph import TaskState
from team_supervisor.core.tasksources import Draft
from team_supervisor.core.world import World
from tests.teams import PATIENCE, Team, lines_until, processes_under, script

from . import witness
from .oracle import Case, violations

# As quick as it can be without changing what happens.
QUICK: dict[str, Any] = {
    "settle": 0.0,
    "quiet": 0.05,
    "stop_grace": 1.0,
    "completion_grace": 1.0,
    "nudge_after": 5.0,
    "restarts": RestartPolicy(first_delay=0.02, max_delay=0.5),
}
QUICK_YAML = """\
settle: 0
quiet: 0.05
stop_grace: 1
completion_grace: 1
nudge_after: 5
restarts: {first_delay: 0.02, max_delay: 0.5}
"""


class Ground:
    """A project with files that nobody may touch, a workspace in it, and a directory outside."""

    def __init__(self, root: Path) -> None:
        root.mkdir(exist_ok=True)
        self.root = root
        self.team = Team(root / "project")
        self.team.set(**QUICK, claude=str(witness.make(root / "agent")))
        self.team.environ["TEAM_SUPERVISOR_CLAUDE"] = str(root / "agent")
        self.outside = root / "outside"
        for place in (self.team.project / "src", self.outside):
            place.mkdir()
            (place / "kept.txt").write_text("not yours\n")
            (place / "link").symlink_to("kept.txt")
        self.asked: dict[str, str] = {}
        self.killed: set[int] = set()
        self.before = self.surroundings()

    @property
    def workspace(self) -> Path:
        return self.team.root

    @property
    def shared(self) -> Path:
        return self.team.workspace.shared

    @property
    def witnessed(self) -> Path:
        return Path(f"{self.team.audit}.witness")

    def text(self, name: str, *steps: str) -> str:
        """Instructions that can be told from all others, wherever they end up."""
        token = f"token-{len(self.asked)}-{name}."
        self.asked[token] = name
        return f"{token}\n\n{script(*steps)}"

    def request(self, name: str, *steps: str, persona: str = "intern", verify: str = "") -> Path:
        """Made the Maildir way; `verify` is a command that its work has to pass."""
        terms = f"---\nverify: [{witness.CHECK + verify!r}]\n---\n" if verify else ""
        return self.team.request(name, persona=persona, text=terms + self.text(name, *steps))

    def plan(self, name: str, *steps: str) -> None:
        """A queued task, as an import writes it."""
        draft = Draft(id=name, title=name, spec=self.text(name, *steps), persona="intern")
        with self.team.store() as store, store.transaction():
            table = TaskTable(store)
            table.insert(draft, 0.0)
            task = table.get(name)
            assert task is not None
            table.shift(task, TaskState.QUEUED, 0.0)

    def planned(self, name: str) -> str:
        """The state of this task."""
        with self.team.store() as store:
            task = TaskTable(store).get(name)
        return task.state.value if task else "not there"

    def set(self, **values: Any) -> None:
        self.team.set(**values)

    def with_events(self) -> None:
        """Whatever the environment says: this case is about file events."""
        self.team.environ["TEAM_SUPERVISOR_FILE_EVENTS"] = "on"

    def write_settings(self, text: str = "") -> None:
        """For the program itself, which reads team.yaml."""
        self.team.workspace.settings.write_text(QUICK_YAML + text)

    def supervisor(self, *wrapper: object, settings: str = "") -> "subprocess.Popen[str]":
        """The program itself, beside the test, once it holds the workspace; `wrapper` runs it."""
        self.write_settings(settings)
        words = ("orchestrate", "--json", "--workspace", self.workspace)
        program = self.team.start(*words, wrapper=wrapper)
        lines_until(program, '"supervisor_started"')
        return program

    def surroundings(self) -> dict[str, tuple[object, ...]]:
        """Every file of the project and outside it, but for the workspace."""
        found: dict[str, tuple[object, ...]] = {}
        for top in (self.team.project, self.outside):
            for directory, names, files in os.walk(top):
                if Path(directory) == self.team.project:
                    names.remove(self.workspace.name) if self.workspace.name in names else None
                found |= {path: _facts(path) for n in files if (path := os.path.join(directory, n))}
                found[directory + "/"] = tuple(sorted([*names, *files]))
        return found

    def oracle(self, *, finished: bool = True, cli: bool = False) -> None:
        """Does everything hold that always must?"""
        wrong = violations(self.case(finished=finished, cli=cli))
        assert not wrong, "\n".join(wrong)

    def case(self, *, finished: bool, cli: bool = False) -> Case:
        now = self.surroundings()
        changed = {
            path
            for path in self.before.keys() | now.keys()
            if self.before.get(path) != now.get(path)
        }
        return Case(
            workspace=self.team.workspace,
            witnessed=self.witnessed,
            asked=tuple(self.asked),
            changed=tuple(sorted(changed)),
            finished=finished,
            killed=frozenset(self.killed),
            listed=self.listed() if cli else None,
        )

    def listed(self) -> dict[str, Any]:
        """`attach --list --all --json`, from the program itself."""
        result = self.team.call(
            "attach", "--list", "--all", "--json", "--workspace", self.workspace
        )
        assert result.returncode == 0, result.stderr
        found: dict[str, Any] = msgspec.json.decode(result.stdout)
        return found

    def host(self, name: str) -> ProcessRef:
        return self.record(name)["host"]

    def agent(self, name: str) -> ProcessRef:
        return self.record(name)["agent"]

    def control(self, name: str) -> Path:
        return self.team.workspace.session_control(self.team.session(name).id)

    def record(self, name: str) -> dict[str, ProcessRef]:
        """host.json: who the host and the agent of the newest attempt are."""
        found = msgspec.json.decode((self.control(name) / "host.json").read_bytes())
        return {who: ProcessRef(**found[who]) for who in ("host", "agent") if found[who]}

    def attempts(self, name: str) -> list[dict[str, Any]]:
        with self.team.store() as store:
            return store.attempts(self.team.session(name).id)

    def began(self, name: str) -> int:
        """How many agents ever ran for this session."""
        return self._witnessed("began", name)

    def checks(self, name: str) -> int:
        """How often its work was ever looked into."""
        return self._witnessed("checks", name)

    def _witnessed(self, what: str, name: str) -> int:
        lines = self.witnessed.read_text().splitlines() if self.witnessed.exists() else []
        return sum(line.split()[:2] == [what, self.team.session(name).id] for line in lines)

    def marked(self) -> dict[int, str]:
        """Every process that carries this workspace's mark."""
        return processes_under(self.workspace)

    def open_gate(self, name: str = "gate") -> None:
        (self.shared / name).touch()

    def reached(self, name: str = "gate") -> bool:
        """Is an agent held there, in the middle of its work?"""
        return (self.shared / f"{name}.reached").exists()

    def end_sessions(self) -> None:
        """As `team stop --now` asks for it; the supervisor does it."""
        with self.team.store() as store:
            for session in store.live():
                store.want(session.id, Wanted.STOP_NOW)

    def end(self) -> None:
        self.team.end()


def active(*names: str) -> Callable[[World], bool]:
    """Do the agents of these sessions run, as far as a supervisor knows?"""

    def fact(world: World) -> bool:
        found = {s.name for s in world.live if s.state == State.ACTIVE}
        return found >= set(names)

    return fact


def kill_program(program: "subprocess.Popen[str]") -> None:
    program.kill()
    program.wait()


def gate(name: str = "gate") -> str:
    """A step that holds its agent until `open_gate`."""
    return f"bash touch $SHARED/{name}.reached; until test -e $SHARED/{name}; do sleep 0.02; done"


def _facts(path: str) -> tuple[object, ...]:
    found = os.lstat(path)
    content = b""
    if stat.S_ISREG(found.st_mode):
        content = hashlib.sha256(Path(path).read_bytes()).digest()
    elif stat.S_ISLNK(found.st_mode):
        content = os.fsencode(os.readlink(path))
    return (found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, content)


def wait_until(fact: Callable[[], object], seconds: float = PATIENCE) -> None:
    """For what another process writes: looks every few milliseconds."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "waited in vain"
        select.select([], [], [], 0.005)


def kill(ref: ProcessRef, number: int = signal.SIGKILL) -> None:
    """This very process, and wait for its end."""
    descriptor = processes.open_pidfd(ref)
    if descriptor is None:
        return
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(descriptor, number)
    assert select.select([descriptor], [], [], PATIENCE)[0], "it lives on"
    os.close(descriptor)


def await_end(ref: ProcessRef) -> None:
    descriptor = processes.open_pidfd(ref)
    if descriptor is not None:
        assert select.select([descriptor], [], [], PATIENCE)[0], "it lives on"
        os.close(descriptor)


@contextlib.contextmanager
def adopting_orphans() -> Iterator[None]:
    """Processes whose parent dies become this one's, which never waits for them: zombies."""
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    prctl(36, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(36, 0, 0, 0, 0)
        reap_all()


def reap_all() -> None:
    """Every child of this process that has ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
