"""What do processes cost, and when have they ended?"""

import os
import select
import signal
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

MARK = "BENCHMARK_STAGE"
SECOND = 1_000_000_000


def marked(stage: str) -> set[int]:
    """Every process that was started for this stage, by a variable that all of them inherit."""
    mark = f"{MARK}={stage}".encode()
    pids = (int(name) for name in os.listdir("/proc") if name.isdecimal())
    return {pid for pid in pids if mark in _read(pid, "environ").split(b"\0")}


def command_of(pid: int) -> str:
    return _read(pid, "comm").decode(errors="replace").strip()


def pss(pids: Iterable[int]) -> int:
    """Bytes, each shared page divided among those that share it."""
    return sum(_pss(pid) for pid in pids)


def _pss(pid: int) -> int:
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def cpu(pids: Iterable[int]) -> int:
    """Nanoseconds on a processor so far, of all their threads."""
    return sum(_cpu(pid) for pid in pids)


def _cpu(pid: int) -> int:
    total = 0
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            spent = _read(pid, f"task/{thread}/schedstat").split()
            total += int(spent[0]) if spent else 0
    return total


def _read(pid: int, name: str) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/{name}").read_bytes()
    return b""


class Ends:
    """Waits for the ends of processes; made before they are asked to end."""

    def __init__(self, pids: Collection[int]) -> None:
        self._poll = select.poll()
        self._open: set[int] = set()
        for pid in pids:
            with suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                self._open.add(descriptor)
                self._poll.register(descriptor, select.POLLIN)

    def wait(self, seconds: float = 180.0) -> int:
        """Monotonic nanoseconds of the last end; TimeoutError."""
        deadline = time.monotonic() + seconds
        while self._open:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{len(self._open)} processes live on after {seconds:g} s")
            for descriptor, _ in self._poll.poll(left * 1000):
                self._poll.unregister(descriptor)
                self._open.discard(descriptor)
                os.close(descriptor)
        return time.monotonic_ns()


def end(pids: Collection[int]) -> None:
    """Kill exactly these, and wait until they are gone."""
    ends = Ends(pids)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    ends.wait()
