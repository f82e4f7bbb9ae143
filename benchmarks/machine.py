"""What do processes cost, when did they start, and when are they gone?"""

# ruff: noqa: TID251
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE = 120.0
MARK = "TEAM_BENCH"
TICK = os.sysconf("SC_CLK_TCK")


class Late(Exception):
    """What was waited for did not come within `PATIENCE` seconds."""


def now() -> float:
    """Seconds on the clock that agents stamp their start with."""
    return time.monotonic()


def build_agent(directory: Path) -> Path:
    """The stub in C; a shell script, which cannot stamp its start itself, without a compiler."""
    target = directory / "bench-agent"
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler:
        subprocess.run([compiler, "-O2", "-o", target, HERE / "agent.c"], check=True)
    else:
        target.write_text('#!/bin/sh\necho "$$ 0" > "$1"\nexec sleep 100000\n')
        target.chmod(0o755)
    return target


@dataclass(slots=True)
class Arrivals:
    """A FIFO into which every agent writes its pid and the moment its `main` began."""

    path: Path
    _fd: int = -1
    _rest: bytes = b""
    seen: dict[int, float] = field(default_factory=dict)

    def open(self) -> None:
        os.mkfifo(self.path)
        self._fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def close(self) -> None:
        os.close(self._fd)

    def clear(self) -> None:
        self._read(0.0)
        self.seen.clear()

    def wait(self, count: int) -> dict[int, float]:
        """pid -> moment, once `count` agents run; Late with what is missing."""
        until = now() + PATIENCE
        while len(self.seen) < count:
            left = until - now()
            if left <= 0:
                raise Late(f"{len(self.seen)} of {count} agents run after {PATIENCE:.0f} s")
            self._read(left)
        return dict(self.seen)

    def _read(self, seconds: float) -> None:
        if not select.select([self._fd], [], [], seconds)[0]:
            return
        read_at = now()
        *lines, self._rest = (self._rest + os.read(self._fd, 1 << 16)).split(b"\n")
        for line in lines:
            pid, stamp = line.split()
            self.seen[int(pid)] = int(stamp) / 1e9 or read_at


@dataclass(slots=True)
class Deaths:
    """Processes by descriptors that become readable when they end."""

    _fds: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, pids: Iterable[int]) -> "Deaths":
        deaths = cls()
        for pid in pids:
            with suppress(ProcessLookupError):
                deaths._fds[os.pidfd_open(pid)] = pid
        return deaths

    def wait(self, seconds: float = PATIENCE) -> float:
        """The moment the last one ended; Late when one did not."""
        poll, until, last = select.poll(), now() + seconds, now()
        for fd in self._fds:
            poll.register(fd, select.POLLIN)
        try:
            while self._fds:
                ended = poll.poll(max(0.0, until - now()) * 1000)
                last = now()
                if not ended:
                    raise Late(f"{len(self._fds)} processes still run after {seconds:.0f} s")
                for fd, _ in ended:
                    poll.unregister(fd)
                    os.close(fd)
                    del self._fds[fd]
            return last
        finally:
            self.close()

    def quiet_for(self, seconds: float) -> bool:
        """Let time pass; False when one of them ended meanwhile."""
        poll = select.poll()
        for fd in self._fds:
            poll.register(fd, select.POLLIN)
        quiet = not poll.poll(seconds * 1000)
        self.close()
        return quiet

    def close(self) -> None:
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()


def marked(mark: str) -> set[int]:
    """Every process with this mark in its environment, but for ourselves."""
    wanted, found = f"{MARK}={mark}".encode(), set()
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if wanted in Path(entry.path, "environ").read_bytes().split(b"\0"):
                    found.add(int(entry.name))
    return found


def end_marked(mark: str) -> int:
    """Kill what is left of a contender; how many there were."""
    ended = 0
    while pids := {pid for pid in marked(mark) if not _zombie(pid)}:
        deaths = Deaths.of(pids)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        deaths.wait()
        ended += len(pids)
    return ended


def _zombie(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in b"ZX"
    return True


def pss(pids: Iterable[int]) -> float:
    """MB: memory that these processes hold, shared pages divided among all who share them."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def cpu(pids: Iterable[int]) -> float:
    """CPU seconds so far, to the nanosecond where the kernel tells (schedstat)."""
    total = 0.0
    for pid in pids:
        with suppress(OSError):
            for task in os.scandir(f"/proc/{pid}/task"):
                total += int(Path(task.path, "schedstat").read_text().split()[0]) / 1e9
    return total


@contextmanager
def timed(times: list[float]) -> Iterator[None]:
    start = now()
    yield
    times.append(now() - start)
