"""What would the program do if somebody set the clock on the wall while it runs?

`python -m tests.faults.clockwork FILE WORDS...` is `team-supervisor WORDS...`, whose wall clock is
off by the seconds that FILE holds as a double. As with libfaketime and DONT_FAKE_MONOTONIC, only
the time of day jumps; unlike it, this needs no compiler.
"""

import mmap
import struct
import sys
import time
from pathlib import Path

SECONDS = struct.Struct("d")


def set_clock(path: Path, off_by: float) -> None:
    """What runs with this file sees the jump at once."""
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.write(SECONDS.pack(off_by))


def run(path: str) -> None:
    """The program itself; the map stays while the file is written in place."""
    with open(path, "rb") as file:
        shared = mmap.mmap(file.fileno(), SECONDS.size, access=mmap.ACCESS_READ)
    real = time.time
    time.time = lambda: real() + SECONDS.unpack_from(shared)[0]
    from team_supervisor.cli import run as program

    program()


if __name__ == "__main__":
    run(sys.argv.pop(1))
