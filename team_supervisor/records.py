"""How does a host read and write its control files, whatever stands in their place?

Stands alone, as the host does.
"""

import os
import stat
import time

from team_supervisor.lean import dumps, loads, suppress

TYPE_CHECKING = False  # importing typing would cost each host memory
if TYPE_CHECKING:
    from typing import Any

READ_LIMIT = 4 << 20
LOG_LIMIT = 1 << 20  # bytes of host.log, where each complaint of an attempt stands once
WRITE = os.O_WRONLY | os.O_CREAT
_told: "dict[str, int]" = {}


def opened(path: str, flags: int, directory: int | None = None) -> int:
    """Never waits: what should be a file may be a FIFO that nobody reads."""
    guarded = flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return os.open(path, guarded, 0o600, dir_fd=directory)


def read(directory: int, name: str) -> "dict[str, Any]":
    """Empty when the file is missing or says nothing usable."""
    with suppress(OSError, ValueError, RecursionError):
        with os.fdopen(opened(name, os.O_RDONLY, directory), "rb") as file:
            value = loads(file.read(READ_LIMIT))
        if isinstance(value, dict):
            return value
    return {}


def take_reserve(directory: int) -> None:
    """It becomes what exit.json is written into: a file fewer to make and to remove at each end."""
    with suppress(OSError):
        found = os.stat("reserve", dir_fd=directory, follow_symlinks=False)
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
            os.rename("reserve", "exit.json.new", src_dir_fd=directory, dst_dir_fd=directory)
        else:
            os.unlink("reserve", dir_fd=directory)


def write(directory: int, name: str, value: "dict[str, Any]", *, durable: bool) -> bool:
    sync = os.fsync if durable else bool
    try:
        with os.fdopen(opened(f"{name}.new", WRITE | os.O_TRUNC, directory), "wb") as file:
            file.write(dumps(value).encode())
            file.flush()
            sync(file.fileno())
        os.rename(f"{name}.new", name, src_dir_fd=directory, dst_dir_fd=directory)
        sync(directory)
    except OSError as error:
        log(f"{name}: {error}")
        return False
    return True


def log(text: str) -> None:
    with suppress(OSError):
        if text not in _told and os.fstat(2).st_size < LOG_LIMIT:
            _told[text] = os.write(2, f"{time.time():.3f} {text}\n".encode("utf-8", "replace"))
