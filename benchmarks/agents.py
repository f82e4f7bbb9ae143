"""What is started in every measurement, and when did it run?"""

import os
import select
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("agent.c")
# Without a compiler the reader's clock has to do, and a shell has to start.
SHELL = '#!/bin/sh\necho "$$ 0" > "$1"\nexec sleep 1000000\n'


@dataclass(frozen=True, slots=True)
class Arrival:
    """An agent that runs; `at` is monotonic nanoseconds."""

    pid: int
    at: int


def build(directory: Path) -> Path:
    """The program: in C where there is a compiler, else a shell script."""
    program = directory / "sleeping-agent"
    compiler = shutil.which("cc")
    if compiler:
        subprocess.run([compiler, "-O2", "-o", program, SOURCE], check=True)
    else:
        program.write_text(SHELL)
        program.chmod(0o755)
    return program


class Arrivals:
    """The FIFO in which agents say that they run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._rest = b""

    def wait(self, count: int, seconds: float = 120.0) -> list[Arrival]:
        """The next `count`, in the order in which they said so; TimeoutError."""
        found: list[Arrival] = []
        deadline = time.monotonic() + seconds
        while len(found) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._descriptor], [], [], left)[0]:
                raise TimeoutError(f"{len(found)} of {count} agents ran after {seconds:g} s")
            found += self._read()
        return found

    def _read(self) -> list[Arrival]:
        data = self._rest + os.read(self._descriptor, 65536)
        now = time.monotonic_ns()
        *lines, self._rest = data.split(b"\n")
        pairs = (line.split() for line in lines)
        return [Arrival(int(pid), int(at) or now) for pid, at in pairs]

    def close(self) -> None:
        os.close(self._descriptor)
