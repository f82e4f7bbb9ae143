"""Who supervises this workspace, and how is that one woken? Does a session live?"""

import contextlib
import errno
import fcntl
import json
import os
import select
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from team_supervisor.adapters import clock, files
from team_supervisor.errors import TeamError, WorkspaceBusy

# For so long a lock may be held though nobody supervises (seconds), see `_take`.
MOMENT = 3.0
# Nothing is there, or something that was never a lock: a link, a socket, a device.
NO_LOCK = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a workspace, as written into the lock."""

    pid: int
    host: str
    since: str
    command: str
    # Ticks since boot at which the process began, and what tells a boot from another.
    ticks: int = 0
    boot: str = ""

    def __str__(self) -> str:
        return f"{self.command} (PID {self.pid} on {self.host}, since {self.since})"


def ourselves(command: str, since: str) -> Holder:
    """This process, so that no later one is taken for it."""
    from team_supervisor.adapters.process_table import identify

    me = identify(os.getpid())
    born = (me.ticks, me.boot_id) if me else (0, "")
    return Holder(os.getpid(), os.uname().nodename, since, command, *born)


def hold(path: Path, holder: Holder) -> int:
    """The descriptor of the held lock (keep it open), or WorkspaceBusy naming who holds it.

    The file is never unlinked: two holders on two inodes would both be right.
    """
    descriptor = _opened(path, os.O_RDWR | os.O_CREAT)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise TeamError(f"{path} is in the way: it is not a regular file, remove it")
    if not _take(descriptor):
        os.close(descriptor)
        other = held_by(path)
        raise WorkspaceBusy(
            f"{path.parent.parent} is supervised by {other or 'another process'}: "
            "watch it with `track`, or end the team with `team stop`"
        )
    text = json.dumps(
        {
            "pid": holder.pid,
            "host": holder.host,
            "since": holder.since,
            "command": holder.command,
            "ticks": holder.ticks,
            "boot": holder.boot,
        }
    )
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode() + b"\n", 0)
    return descriptor


def _take(descriptor: int) -> bool:
    """Tried again for a moment unless a living process is named as the holder.

    A child that a killed supervisor had just forked holds its lock until it becomes another
    program, and who asks for the holder (`held_by`) holds the lock itself for an instant.
    """
    until = clock.now().monotonic + MOMENT
    while True:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if clock.now().monotonic > until or _lives(_holder(os.pread(descriptor, 4096, 0))):
            return False
        select.select([], [], [], 0.01)


def _lives(holder: Holder) -> bool:
    """For certain: of another machine's nothing is known."""
    from team_supervisor.adapters.process_table import identify

    return holder.host == os.uname().nodename and identify(holder.pid) is not None


Identity = tuple[int, int]


def identity(path: Path, within: int | None = None) -> Identity | None:
    """Device and inode of what has this name (in that directory); None when nothing has."""
    try:
        found = os.lstat(path, dir_fd=within)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def replaced(root: Path, known: Mapping[Path, Identity | None]) -> Path | None:
    """The first of these that is not what it was; None while `root` itself is away.

    All are looked at in one and the same root: it may be renamed, or come back, at any moment.
    """
    try:
        with files.directory(root, real=0) as held:
            changed = (p for p, was in known.items() if identity(p.relative_to(root), held) != was)
            return next(changed, None)
    except OSError:
        return None


def held_by(path: Path) -> Holder | None:
    """The living supervisor of a workspace; None when nobody holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _holder(_said(descriptor))
    finally:
        os.close(descriptor)
    return None


def lock_held(path: str | Path) -> bool:
    """Whether a session's host or agent lives: the kernel frees the lock when both have ended."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in NO_LOCK:
            return False
        raise
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _said(descriptor: int) -> bytes:
    """What the holder wrote, which it may be about to do (0.25 s at most)."""
    for _ in range(25):
        if text := os.pread(descriptor, 4096, 0):
            return text
        select.select([], [], [], 0.01)
    return b""


def _holder(text: bytes) -> Holder:
    import msgspec

    try:
        return msgspec.json.decode(text, type=Holder)
    except msgspec.MsgspecError:
        return Holder(0, "an unknown machine", "an unknown time", "a supervisor")


def open_doorbell(path: Path) -> int:
    """A descriptor that becomes readable when somebody rings; made if missing."""
    with contextlib.suppress(FileExistsError):
        os.mkfifo(path, 0o600)
    descriptor = _opened(path, os.O_RDWR)
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise TeamError(f"{path} is in the way: it is not a FIFO, remove it")
    return descriptor


def _opened(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise TeamError(
            f"{path} cannot be opened ({error.strerror}): see that it belongs to you, "
            "or remove it while no supervisor runs"
        ) from None


def hush(descriptor: int) -> None:
    """Take back every ring so far."""
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def ring(path: Path) -> None:
    """Wake the supervisor, if there is one; it looks by itself a moment later anyway."""
    files.send(path, b"!")
