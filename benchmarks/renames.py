"""When did a directory get its new name?"""

import ctypes
import os
import select
import struct
import time
from pathlib import Path

MOVED_TO = 0x80
_HEADER = struct.Struct("iIII")


class Renames:
    """Names that appear in a directory by a rename; through inotify, read as they come."""

    def __init__(self, directory: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if libc.inotify_add_watch(self._descriptor, os.fsencode(directory), MOVED_TO) < 0:
            raise OSError(ctypes.get_errno(), "cannot be watched", str(directory))

    def wait(self, name: str, seconds: float = 60.0) -> int:
        """Monotonic nanoseconds; TimeoutError."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self._descriptor], [], [], left)[0]:
                break
            now = time.monotonic_ns()
            if name in _names(os.read(self._descriptor, 65536)):
                return now
        raise TimeoutError(f"no {name} after {seconds:g} s")

    def close(self) -> None:
        os.close(self._descriptor)


def _names(data: bytes) -> list[str]:
    found: list[str] = []
    while data:
        *_, length = _HEADER.unpack_from(data)
        end = _HEADER.size + length
        found.append(os.fsdecode(data[_HEADER.size : end].rstrip(b"\0")))
        data = data[end:]
    return found
