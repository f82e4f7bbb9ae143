"""How are files that agents wrote read, and ours written, without being fooled or torn?"""

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1 << 20
_GUARDED = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Signature:
    """Changes whenever a file was written to or replaced."""

    inode: int
    size: int
    mtime_ns: int


class Unreadable(Exception):
    """A file that is not there, not regular, too large or being written; the message says which."""


def signature(path: Path) -> Signature | None:
    """None when there is nothing at `path`; links are not followed."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return Signature(found.st_ino, found.st_size, found.st_mtime_ns)


def has_writer(descriptor: int) -> bool | None:
    """Does any process have this file open for writing? None where the kernel can't say.

    A read lease is refused (EAGAIN) while a writer has the file open: exact on Linux for our
    own files, EACCES for another owner's, unknown elsewhere.
    """
    lease = getattr(fcntl, "F_SETLEASE", None)
    if lease is None:
        return None
    try:
        fcntl.fcntl(descriptor, lease, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK) else None
    fcntl.fcntl(descriptor, lease, fcntl.F_UNLCK)
    return False


@contextlib.contextmanager
def opened(path: Path, limit: int) -> Iterator[int]:
    """A descriptor of a regular file of at most `limit` bytes, or Unreadable."""
    try:
        descriptor = os.open(path, _GUARDED)
    except FileNotFoundError:
        raise Unreadable("is missing") from None
    except OSError as error:
        raise Unreadable(
            "is a symbolic link"
            if error.errno == errno.ELOOP
            else f"cannot be read: {error.strerror}"
        ) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("is not a regular file")
        if found.st_size > limit:
            raise Unreadable(f"is larger than {limit >> 10:,} KiB")
        yield descriptor
    finally:
        os.close(descriptor)


def read(path: Path, limit: int = MEBIBYTE) -> bytes:
    """The whole of a regular file of at most `limit` bytes, or Unreadable."""
    with opened(path, limit) as descriptor:
        return _read_all(descriptor, limit)


def read_settled(path: Path, limit: int = MEBIBYTE) -> bytes:
    """As `read`, but Unreadable while a process has the file open for writing."""
    with opened(path, limit) as descriptor:
        if has_writer(descriptor):
            raise Unreadable("is being written")
        return _read_all(descriptor, limit)


def _read_all(descriptor: int, limit: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise Unreadable(f"is larger than {limit >> 10:,} KiB")
    return data


def read_from(path: Path, offset: int, most: int = MEBIBYTE) -> bytes:
    """Up to `most` bytes from `offset` on, of a regular file of any size; b"" when unreadable."""
    try:
        with opened(path, 1 << 62) as descriptor:
            return os.pread(descriptor, most, offset)
    except (Unreadable, OSError):
        return b""


def tail(path: Path, most: int = 4096) -> bytes:
    """The last `most` bytes; b"" when unreadable."""
    found = signature(path)
    return read_from(path, max(0, found.size - most), most) if found else b""


def digest(data: bytes) -> str:
    """Short and stable: tells two contents apart."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def write(path: Path, data: bytes | str, *, mode: int = 0o600, durable: bool = True) -> None:
    """Replace a file whole: beside it, fsync, rename; readers see the old one or the new one.

    `durable=False` leaves the fsync out, for copies that can be made again.
    """
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    beside = path.parent / f".{path.name}.{os.getpid()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(beside, flags, mode)
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(raw)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def write_new(path: Path, data: bytes | str) -> None:
    """As `write`, but what already stands there stays."""
    if signature(path) is None:
        write(path, data)


def append(path: Path, text: str) -> None:
    """One write at the end of a regular file that may not be a link."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable("is not a regular file")
        with open(descriptor, "ab", closefd=False) as file:
            file.write(text.encode("utf-8", "replace"))
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Make renames in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def send(fifo: Path, line: bytes) -> bool:
    """Write one line into a FIFO without ever blocking; False when nobody reads or it is full.

    A line of at most PIPE_BUF (4,096) bytes goes in whole or not at all.
    """
    try:
        descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return False
        return os.write(descriptor, line) == len(line)
    except OSError:
        return False
    finally:
        os.close(descriptor)
