"""How are files that agents wrote read, and ours written, without being fooled or torn?"""

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1 << 20
_GUARDED = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Signature:
    """Changes whenever a file was written to or replaced."""

    inode: int
    size: int
    mtime_ns: int


class Unreadable(Exception):
    """A file that is not there, not regular, too large or being written; the message says which."""


def signature(path: Path | str) -> Signature | None:
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
def directory(path: Path, real: int = 1) -> Iterator[int]:
    """A descriptor of a directory whose last `real` names are directories and no links.

    What is done by this descriptor stays there, whatever takes the directory's name meanwhile.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    # O_NOFOLLOW is about the last name of a path alone.
    first = path.parents[real - 2] if real > 1 else path
    found = os.open(first, flags | os.O_NOFOLLOW if real else flags)
    try:
        for name in path.parts[len(path.parts) - real + 1 :] if real > 1 else ():
            within, found = found, -1
            try:
                found = os.open(name, flags | os.O_NOFOLLOW, dir_fd=within)
            finally:
                os.close(within)
        yield found
    finally:
        if found >= 0:
            os.close(found)


@contextlib.contextmanager
def opened(path: Path, limit: int, real: int = 1) -> Iterator[int]:
    """A descriptor of a regular file of at most `limit` bytes, or Unreadable.

    The last `real` directories of its path may be no links.
    """
    descriptor = _open(path, real)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("is not a regular file")
        if found.st_size > limit:
            raise Unreadable(f"is larger than {limit >> 10:,} KiB")
        yield descriptor
    finally:
        os.close(descriptor)


def _open(path: Path, real: int) -> int:
    try:
        with directory(path.parent, real) as parent:
            return os.open(path.name, os.O_RDONLY | _GUARDED, dir_fd=parent)
    except FileNotFoundError:
        raise Unreadable("is missing") from None
    except NotADirectoryError:
        raise Unreadable("is behind a link, or not in a directory") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unreadable("is a symbolic link") from None
        if error.errno == errno.ENXIO:
            raise Unreadable("is not a regular file") from None
        raise Unreadable(f"cannot be read: {error.strerror}") from None


def read(path: Path, limit: int = MEBIBYTE, real: int = 1) -> bytes:
    """The whole of a regular file of at most `limit` bytes, or Unreadable."""
    with opened(path, limit, real) as descriptor:
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


def data_after(path: Path, offset: int) -> int:
    """Where a sparse file goes on behind a hole; `offset` itself when it is in none."""
    try:
        with opened(path, 1 << 62) as descriptor:
            return os.lseek(descriptor, offset, os.SEEK_DATA)
    except OSError as error:
        found = signature(path)
        return max(offset, found.size) if found and error.errno == errno.ENXIO else offset
    except Unreadable:
        return offset


def tail(path: Path, most: int = 4096) -> bytes:
    """The last `most` bytes; b"" when unreadable."""
    found = signature(path)
    return read_from(path, max(0, found.size - most), most) if found else b""


def digest(data: bytes) -> str:
    """Short and stable: tells two contents apart."""
    import hashlib

    return hashlib.blake2b(data, digest_size=16).hexdigest()


def write(
    path: Path, data: bytes | str, *, mode: int = 0o600, durable: bool = True, real: int = 1
) -> None:
    """Replace a file whole: beside it, fsync, rename; readers see the old one or the new one.

    `durable=False` leaves the fsync out, for copies that can be made again. A directory of this
    name is put aside. OSError when one of the last `real` directories of the path is a link.
    """
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    # A name that nobody knows, made anew: another one could lead elsewhere by a hard link.
    beside = f".{path.name}.{os.urandom(6).hex()}.tmp"
    with directory(path.parent, real) as parent:
        try:
            _fill(parent, beside, (raw, mode, durable))
            _take_the_place(parent, beside, path.name)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(beside, dir_fd=parent)
            raise


def _fill(parent: int, name: str, how: tuple[bytes, int, bool]) -> None:
    raw, mode, durable = how
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(name, flags, mode, dir_fd=parent)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(raw)
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take_the_place(parent: int, beside: str, name: str) -> None:
    try:
        os.replace(beside, name, src_dir_fd=parent, dst_dir_fd=parent)
    except IsADirectoryError:
        put_aside(parent, name)
        os.replace(beside, name, src_dir_fd=parent, dst_dir_fd=parent)


def put_aside(parent: int, name: str) -> None:
    for number in range(1, 1000):
        aside = f"{name}.in-the-way-{number}"
        try:
            os.stat(aside, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(name, aside, src_dir_fd=parent, dst_dir_fd=parent)
            return
    raise FileExistsError(errno.EEXIST, "a thousand others of this name were put aside", name)


def make_directory(path: Path) -> None:
    """In a directory that is no link; what else has the name is put aside, a directory is left."""
    with directory(path.parent) as parent:
        try:
            os.mkdir(path.name, 0o700, dir_fd=parent)
        except FileExistsError:
            found = os.stat(path.name, dir_fd=parent, follow_symlinks=False)
            if not stat.S_ISDIR(found.st_mode):
                put_aside(parent, path.name)
                os.mkdir(path.name, 0o700, dir_fd=parent)


def rename(path: Path, name: str) -> None:
    """To another name within its directory, which may be no link."""
    with directory(path.parent) as parent:
        os.rename(path.name, name, src_dir_fd=parent, dst_dir_fd=parent)


def move_into(path: Path, target: Path) -> None:
    """Under its own name, into a directory that is no link."""
    with directory(target) as inside:
        os.rename(path, path.name, dst_dir_fd=inside)


def write_new(path: Path, data: bytes | str, real: int = 1) -> None:
    """As `write`, but what already stands there stays."""
    if signature(path) is None:
        write(path, data, real=real)


def append(path: Path, text: str) -> None:
    """One write at the end of a regular file that may not be a link."""
    descriptor = open_to_append(path)
    try:
        with open(descriptor, "ab", closefd=False) as file:
            file.write(text.encode("utf-8", "replace"))
    finally:
        os.close(descriptor)


def open_to_append(path: Path) -> int:
    """A regular file, made if missing, in a directory that is no link, else OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _GUARDED
    with directory(path.parent) as parent:
        descriptor = os.open(path.name, flags, 0o600, dir_fd=parent)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    os.set_blocking(descriptor, True)
    return descriptor


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
        with directory(fifo.parent) as parent:
            descriptor = os.open(fifo.name, os.O_WRONLY | _GUARDED, dir_fd=parent)
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
