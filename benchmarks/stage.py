"""Where does one measurement happen, so that the next one finds nothing of it?"""

import contextlib
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import agents, processes

# What would make an agent of an outer session out of everything that is started here, or (the
# last) have this program compiled at each start, unlike the peers, which pip has compiled.
FOREIGN = ("TEAM_", "CLAUDE", "PM2_", "TS_", "PYTHONDONTWRITEBYTECODE")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Ground:
    """The directory of a whole run: file systems are slow where much was just deleted
    (ext4 passes over such inodes for minutes), so all of it is deleted at the very end."""

    root: Path
    agent: Path


@dataclass(frozen=True, slots=True)
class Stage:
    """A fresh directory, the agent's command line, and the environment of all that is started."""

    directory: Path
    argv: tuple[str, ...]
    environ: dict[str, str]
    arrivals: agents.Arrivals

    def processes(self) -> set[int]:
        return processes.marked(self.environ[processes.MARK])


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    root = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        yield Ground(root, agents.build(root))
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextlib.contextmanager
def stage(where: Ground) -> Iterator[Stage]:
    """Everything that is started on it has ended when it is left."""
    directory = where.root / str(next(_numbers))
    directory.mkdir()
    arrivals = agents.Arrivals(directory / "arrivals")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    environ = {**kept, processes.MARK: str(directory), "HOME": str(directory)}
    found = Stage(directory, (str(where.agent), str(arrivals.path)), environ, arrivals)
    try:
        yield found
    finally:
        while left := found.processes():
            processes.end(left)
        arrivals.close()


def until(fact: Callable[[], object], seconds: float = 120.0, step: float = 0.005) -> int:
    """Monotonic nanoseconds at which it first held; TimeoutError. `step` is its precision."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain")
        time.sleep(step)
    return time.monotonic_ns()


def since(begun: int, end: int) -> float:
    """Milliseconds between two monotonic nanoseconds."""
    return (end - begun) / 1_000_000
