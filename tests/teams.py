"""What does a test need to run a whole team for real?"""

import contextlib
import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

from team_supervisor.adapters import processes
from team_supervisor.adapters.store import Store, open_reader, open_store
from team_supervisor.adapters.workspace import Workspace, create, locate
from team_supervisor.core.events import Event
from team_supervisor.core.model import Session, State, Wanted
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.core.world import World
from team_supervisor.errors import TeamError
from team_supervisor.settings import Settings
from team_supervisor.supervisor import Supervisor, nothing_left, supervise

BIN = Path(sys.executable).parent
PROGRAM = BIN / "team-supervisor"
AGENT = BIN / "team-supervisor-scripted-agent"
PATIENCE = 60.0
PAUSE = 0.02

QUICK = Settings(
    claude=str(AGENT),
    restarts=RestartPolicy(first_delay=0.05, max_delay=1.0),
    settle=0.05,
    quiet=0.1,
    stop_grace=2.0,
    nudge_after=0.2,
    completion_grace=1.0,
    file_events=os.environ.get("TEAM_SUPERVISOR_FILE_EVENTS") == "on",
)
QUICK_YAML = """\
settle: 0.05
quiet: 0.1
stop_grace: 2
nudge_after: 0.2
completion_grace: 1
restarts: {first_delay: 0.05, max_delay: 1}
"""

E = TypeVar("E", bound=Event)


def script(*steps: str) -> str:
    """Instructions that a scripted agent follows to the letter."""
    return "# The work\n\n```scripted-agent\n" + "\n".join(steps) + "\n```\n"


def heading(asker: str) -> str:
    return f"## Instructions from {asker} (2026-01-31T09:30:00Z)\n\n"


class Gate:
    """Where a scripted agent waits, in the middle of a turn, until the test lets it go on."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self._descriptor = os.open(path, os.O_RDWR)
        self.step = f"bash read < $SHARED/{path.name}"

    def open(self) -> None:
        os.write(self._descriptor, b"go\n")

    def close(self) -> None:
        os.close(self._descriptor)


class Team:
    """A workspace, its settings, and every event that its supervisors told."""

    def __init__(self, project: Path) -> None:
        project.mkdir()
        self.project = project
        self.workspace: Workspace = locate(project / ".database")
        create(self.workspace)
        self.audit = project.parent / "audit"
        self.settings = QUICK
        self.events: list[Event] = []
        self.listeners: list[Callable[[Event], None]] = []
        self.programs: list[subprocess.Popen[str]] = []
        self.gates: list[Gate] = []
        self.environ = {
            **os.environ,
            "TEAM_SUPERVISOR_CLAUDE": str(AGENT),
            "TEAM_SCRIPTED_PACE": "0",
            "TEAM_AUDIT": str(self.audit),
        }

    @property
    def root(self) -> Path:
        return self.workspace.root

    def set(self, **values: Any) -> None:
        self.settings = msgspec.structs.replace(self.settings, **values)

    def write_settings(self, text: str = "") -> None:
        """For programs, which read team.yaml."""
        self.workspace.settings.write_text(QUICK_YAML + text)

    def gate(self, name: str = "gate") -> Gate:
        self.gates.append(Gate(self.workspace.shared / name))
        return self.gates[-1]

    def request(
        self, name: str, *steps: str, persona: str = "intern", text: str | None = None
    ) -> Path:
        """Made the Maildir way; `steps` are the script that its agent follows."""
        hidden = self.root / f".{name}"
        hidden.mkdir()
        (hidden / "instructions.md").write_text(script(*steps) if text is None else text)
        target = self.root / f"{persona}-request-{name}"
        hidden.rename(target)
        return target

    @contextlib.contextmanager
    def supervised(self) -> Iterator[Supervisor]:
        with supervise(
            self.workspace, self.settings, self.environ, self._heard, "a test"
        ) as supervisor:
            yield supervisor

    def _heard(self, at: float, event: Event) -> None:
        self.events.append(event)
        for listener in self.listeners:
            listener(event)

    def run(self, fact: Callable[[World], object] = nothing_left) -> None:
        """Supervise until `fact` holds of a world."""
        with self.supervised() as supervisor:
            run_until(supervisor, fact)

    def wait_beside(self, fact: Callable[[], object]) -> None:
        """Until `fact` holds because of what another process does, mostly in the database."""
        patience_ends = time.monotonic() + PATIENCE
        written = threading.Event()
        handler = FileSystemEventHandler()
        handler.on_any_event = lambda _: written.set()  # type: ignore[method-assign]
        observer = Observer()
        observer.schedule(handler, str(self.workspace.control))
        observer.start()
        try:
            while not fact():
                assert time.monotonic() < patience_ends, "waited in vain"
                written.wait(0.5)
                written.clear()
        finally:
            observer.stop()
            observer.join()

    def heard(self, kind: type[E], **facts: object) -> list[E]:
        """The events of this kind with these facts, oldest first."""
        return [
            e
            for e in self.events
            if isinstance(e, kind) and all(getattr(e, k) == v for k, v in facts.items())
        ]

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        store = open_store(self.workspace.database)
        try:
            yield store
        finally:
            store.close()

    def sessions(self) -> list[Session]:
        with self.store() as store:
            return store.sessions()

    def session(self, name: str) -> Session:
        return next(s for s in self.sessions() if s.name == name)

    def directory(self, name: str) -> Path:
        """Where the session's files are now, archived or not."""
        return self.root / self.session(name).directory

    def starts(self, name: str) -> int:
        """How many agents ever began to work for this session."""
        lines = self.audit.read_text().splitlines() if self.audit.exists() else []
        return sum(line.split()[:2] == ["start", self.session(name).id] for line in lines)

    def transcript(self, name: str) -> list[dict[str, Any]]:
        path = self.directory(name) / "transcript.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]

    def said(self, name: str) -> list[str]:
        """The sentences of the agent."""
        found = [line for line in self.transcript(name) if line["type"] == "assistant"]
        blocks = [block for line in found for block in line["message"]["content"]]
        return [block["text"] for block in blocks if block["type"] == "text"]

    def told(self, name: str) -> list[str]:
        """The messages that were put before the agent, in order."""
        lines = [line for line in self.transcript(name) if line.get("isReplay")]
        return [text_of(line["message"]["content"]) for line in lines]

    def call(self, *words: object, **options: Any) -> subprocess.CompletedProcess[str]:
        """`team-supervisor <words>` to its end."""
        options["env"] = self.environ | options.get("env", {})
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            [PROGRAM, *map(str, words)],
            **{"cwd": self.project, **options},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def start(self, *words: object, wrapper: Sequence[object] = ()) -> subprocess.Popen[str]:
        """The same, running beside the test; its standard error goes to `errors`."""
        with (self.project.parent / "errors").open("ab") as errors:
            program = subprocess.Popen(
                [*map(str, wrapper), PROGRAM, *map(str, words)],
                cwd=self.project,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.programs.append(program)
        return program

    def end(self) -> None:
        """Stop what still runs, as `team stop --now` does."""
        for gate in self.gates:
            gate.close()
        while self.programs:
            program = self.programs.pop()
            program.kill()
            program.communicate()
        if processes_under(self.root) or self._begun():
            with self.store() as store:
                for session in store.live():
                    store.want(session.id, Wanted.STOP_NOW)
            with self.supervised() as supervisor:
                supervisor.draining = True
                run_until(supervisor, self._all_over)
        processes.reap()

    def _begun(self) -> bool:
        """A host that was just begun carries no mark for a moment: a supervisor was killed then."""
        with contextlib.suppress(TeamError, sqlite3.DatabaseError):
            store = open_reader(self.workspace.database)
            try:
                starting = [s for s in store.live() if s.state == State.STARTING]
                return any(session.attempt_at is not None for session in starting)
            finally:
                store.close()
        return False

    def _all_over(self, world: World) -> bool:
        ended = all(session.ended for session in world.live)
        return ended and not processes_under(self.root)


def text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    assert isinstance(content, list)
    return "\n".join(block.get("text", "") for block in content)


def run_until(
    supervisor: Supervisor, fact: Callable[[World], object], seconds: float = PATIENCE
) -> None:
    """The supervisor's own loop, only that it looks again sooner than it would by itself."""
    deadline = time.monotonic() + seconds

    def done(world: World) -> bool:
        if fact(world):
            return True
        assert time.monotonic() < deadline, f"waited in vain; the last world: {world}"
        supervisor.waker.wait(PAUSE)
        supervisor.waker.ring()
        return False

    supervisor.run(done)


def lines_until(program: subprocess.Popen[str], text: str) -> list[str]:
    """Its lines up to the first one that holds `text`."""
    assert program.stdout is not None
    found: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while not found or text not in found[-1]:
        left = deadline - time.monotonic()
        # A line that Python has read ahead would be hidden from select.
        assert left > 0 and select.select([program.stdout.buffer.raw], [], [], left)[0], found
        line = _line(program.stdout.buffer.raw)
        assert line, f"it ended: {found}"
        found.append(line)
    return found


def _line(stream: Any) -> str:
    read = b""
    while not read.endswith(b"\n") and (byte := stream.read(1)):
        read += byte
    return read.decode()


def processes_under(root: Path) -> dict[int, str]:
    """pid and command line of all that works for a workspace at or below `root`."""
    mark = b"TEAM_WORKSPACE=" + os.fsencode(root)
    return {
        pid: _read(pid, "cmdline").replace(b"\0", b" ").decode("utf-8", "replace")[:200]
        for pid in map(int, filter(str.isdecimal, os.listdir("/proc")))
        if any(v == mark or v.startswith(mark + b"/") for v in _read(pid, "environ").split(b"\0"))
    }


def _read(pid: int, name: str) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_bytes()
    return b""


def end(pids: dict[int, str]) -> None:
    """Kill them and wait until they are gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            kill(pid)


def end_all(root: Path) -> dict[int, str]:
    """Kill all that works at or below `root`, also what was just being started; what it was."""
    found: dict[int, str] = {}
    while left := processes_under(root):
        end(left)
        found |= left
    return found


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal that ends this process, and wait for its end."""
    descriptor = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(descriptor, number)
        wait_for_end(descriptor)
    finally:
        os.close(descriptor)


def wait_for_end(pidfd: int) -> None:
    assert select.select([pidfd], [], [], PATIENCE)[0], "it lives on"
