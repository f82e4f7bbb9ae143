"""Real sessions for tests: start a host, wait for what it does, and leave nothing running."""

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from team_supervisor.adapters import processes
from team_supervisor.adapters.processes import Exit, HostView, Launch, ProcessRef

PROGRAMS = Path(__file__).parent
PATIENCE = 60.0


def wait_until(fact: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Looks again whenever a process of ours ends, and every few milliseconds."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "waited in vain"
        signal.sigtimedwait({signal.SIGCHLD}, 0.005)


def wait_for_end(ref: ProcessRef, seconds: float = PATIENCE) -> None:
    pidfd = processes.open_pidfd(ref)
    if pidfd is not None:
        assert select.select([pidfd], [], [], seconds)[0], "it lives on"
        os.close(pidfd)


@dataclass
class Session:
    workspace: Path
    id: str = "software-engineer-1"
    control: Path = field(init=False)
    directory: Path = field(init=False)

    def __post_init__(self) -> None:
        self.control = self.workspace / ".supervisor" / "sessions" / self.id
        self.control.mkdir(parents=True)
        self.directory = self.workspace / self.id
        self.directory.mkdir()

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TEAM_SESSION_ID": self.id,
            "TEAM_WORKSPACE": str(self.workspace),
        }

    def start(self, *argv: str, attempt: int = 1, grace: float = 10.0, **other: str) -> int:
        launch = {
            "cwd": str(self.directory),
            "transcript": str(self.directory / "transcript.jsonl"),
            "stderr": str(self.directory / "stderr.log"),
            **other,
        }
        of = Launch(session=self.id, attempt=attempt, argv=argv, stop_grace=grace, **launch)
        return processes.start_host(self.control, of, self.environment)

    def start_program(self, name: str, *argv: str, **options: float) -> int:
        return self.start(sys.executable, str(PROGRAMS / name), *argv, **options)

    def look(self, attempt: int = 1) -> HostView:
        return processes.look(self.control, attempt)

    def stop(self, grace: float = 10.0, attempt: int = 1) -> None:
        processes.ask_to_stop(self.control, attempt, grace)

    def running(self, attempt: int = 1) -> HostView:
        wait_until(lambda: self.look(attempt).agent)
        return self.look(attempt)

    def ended(self, attempt: int = 1, seconds: float = PATIENCE) -> Exit:
        wait_until(lambda: self.look(attempt).exit, seconds)
        wait_until(lambda: not self.look(attempt).locked)
        found = self.look(attempt).exit
        assert found
        return found

    def said(self) -> list[str]:
        transcript = self.directory / "transcript.jsonl"
        return transcript.read_text().splitlines() if transcript.exists() else []

    def until_said(self, word: str) -> str:
        wait_until(lambda: any(line.startswith(word) for line in self.said()))
        return next(line for line in self.said() if line.startswith(word))

    def tell(self, line: str) -> None:
        """As a writer that comes and goes: each line through a descriptor of its own."""
        inbox = os.open(self.control / "inbox", os.O_WRONLY | os.O_NONBLOCK)
        os.write(inbox, line.encode() + b"\n")
        os.close(inbox)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path.resolve())


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    """Orphans of a killed host become ours, so that none can get away."""
    prctl = ctypes.CDLL(None).prctl
    prctl(36, 1, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    yield
    while left := psutil.Process().children(recursive=True):
        for process in left:
            process.kill() if process.is_running() else None
        psutil.wait_procs(left, timeout=5)
    processes.reap()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    prctl(36, 0, 0, 0, 0)
