"""In which sessions' directories did something change that matters? A hint, never the truth."""

import ctypes
import errno
import os
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

# inotify(7); watchdog would cost a thread for each directory, and 2 MiB.
_MODIFY, _CLOSE_WRITE, _MOVED_FROM, _MOVED_TO = 0x2, 0x8, 0x40, 0x80
_CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x100, 0x200, 0x400, 0x800
_OVERFLOW, _IGNORED = 0x4000, 0x8000
_ONLYDIR, _DONT_FOLLOW, _IS_DIRECTORY = 0x01000000, 0x02000000, 0x40000000
_SELF = _DELETE_SELF | _MOVE_SELF | _IGNORED
_WANTED = (
    _MODIFY | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF
    | _MOVE_SELF | _ONLYDIR | _DONT_FOLLOW
)  # fmt: skip
_HEADER = struct.Struct("iIII")
_AT_ONCE = 1 << 16
# What agents and hosts tell us with; what we write ourselves is not among it.
TELLING = frozenset(
    {b"tasks.md", b"instructions.md", b"transcript.jsonl", b"host.json", b"exit.json"}
)


class SessionEvents:
    """One descriptor for the directories of all sessions; readable when something happened.

    `healthy` is False once a directory could not be watched: then nobody may rely on it.
    """

    def __init__(self, library: ctypes.CDLL, descriptor: int) -> None:
        self._library = library
        self.descriptor = descriptor
        self.healthy = True
        self._watched: dict[int, str] = {}
        self._of: dict[str, dict[Path, int]] = {}

    def attend(self, session: str, directories: Iterable[Path]) -> None:
        """Watch these directories, those that are watched already left as they are."""
        known = self._of.setdefault(session, {})
        for path in directories:
            if path not in known and (number := self._add(path)) is not None:
                known[path] = number
                self._watched[number] = session

    def _add(self, path: Path) -> int | None:
        found = int(self._library.inotify_add_watch(self.descriptor, os.fsencode(path), _WANTED))
        if found >= 0:
            return found
        # What is not there, or no directory, is looked at by whoever expects it.
        self.healthy = self.healthy and ctypes.get_errno() in (errno.ENOENT, errno.ENOTDIR)
        return None

    def leave(self, session: str) -> None:
        for number in self._of.pop(session, {}).values():
            if self._watched.pop(number, None) is not None:
                self._library.inotify_rm_watch(self.descriptor, number)

    def happened(self) -> set[str] | None:
        """Sessions of which something changed since it was asked; None when events were lost."""
        found: set[str] = set()
        lost = False
        while data := self._read():
            offset = 0
            while offset < len(data):
                number, mask, _, length = _HEADER.unpack_from(data, offset)
                name = data[offset + _HEADER.size : offset + _HEADER.size + length].rstrip(b"\0")
                offset += _HEADER.size + length
                lost = lost or bool(mask & _OVERFLOW)
                if session := self._meant(number, mask, name):
                    found.add(session)
        return None if lost else found

    def _meant(self, number: int, mask: int, name: bytes) -> str | None:
        session = self._watched.get(number)
        if session is None:
            return None
        if mask & _SELF:
            self._forget(session, number)
            return session
        return session if name in TELLING else None

    def _forget(self, session: str, number: int) -> None:
        """It was moved or removed: what takes its place is watched anew."""
        del self._watched[number]
        self._library.inotify_rm_watch(self.descriptor, number)
        known = self._of.get(session, {})
        self._of[session] = {path: each for path, each in known.items() if each != number}

    def _read(self) -> bytes:
        try:
            return os.read(self.descriptor, _AT_ONCE)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        os.close(self.descriptor)


class RootEvents:
    """A thread that wakes when a directory is made in, or moved into, one directory.

    It ends when the directory goes, when the watch is taken away, or when it fails.
    """

    def __init__(
        self, library: ctypes.CDLL, watched: tuple[int, int], wake: Callable[[], None]
    ) -> None:
        self._library, self._wake = library, wake
        self._descriptor, self._number = watched
        self._thread = threading.Thread(target=self._run, name="root-events", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        ended = False
        while not ended:
            data, offset = os.read(self._descriptor, _AT_ONCE), 0
            while offset < len(data):
                _, mask, _, length = _HEADER.unpack_from(data, offset)
                offset += _HEADER.size + length
                ended = ended or bool(mask & _IGNORED)
                if mask & (_IS_DIRECTORY | _OVERFLOW):
                    self._ring()

    def _ring(self) -> None:
        try:
            self._wake()
        except OSError:
            return

    def healthy(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """At most 2 s; once more does nothing."""
        if self._descriptor < 0:
            return
        self._library.inotify_rm_watch(self._descriptor, self._number)
        self._thread.join(timeout=2.0)
        if not self._thread.is_alive():
            os.close(self._descriptor)
            self._descriptor = -1


def root_events(root: Path, wake: Callable[[], None]) -> RootEvents | None:
    """None where the limits are reached, and for what is no directory."""
    library = ctypes.CDLL(None, use_errno=True)
    descriptor = int(library.inotify_init1(os.O_CLOEXEC))
    if descriptor < 0:
        return None
    wanted = _CREATE | _MOVED_TO | _ONLYDIR
    number = int(library.inotify_add_watch(descriptor, os.fsencode(root), wanted))
    if number >= 0:
        try:
            return RootEvents(library, (descriptor, number), wake)
        except RuntimeError:  # no thread can be made
            pass
    os.close(descriptor)
    return None


def session_events() -> SessionEvents | None:
    """None where there is no inotify, or no more of it."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    descriptor = int(library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    return SessionEvents(library, descriptor) if descriptor >= 0 else None
