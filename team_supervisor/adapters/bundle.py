"""How is a directory written into one portable file, whatever an agent has put into it?"""

import contextlib
import errno
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from team_supervisor.adapters.sparse import Extents, extents
from team_supervisor.errors import TeamError, UsageError

KINDS = (".tar.zst", ".tar.gz")
# Each level is an open descriptor.
DEEPEST = 100
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = _FLAGS | os.O_DIRECTORY
_UNSAVED = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(slots=True)
class Bundle:
    """A tar stream with one folder `top`; `notes` says what could not be put into it, and why.

    Names are in the order of their bytes, owners are left out; `progress` is told the bytes read.
    `own` and `paths` are the file itself, which is not in it.
    """

    top: str
    tar: tarfile.TarFile
    own: tuple[int, int]
    paths: tuple[Path, Path]
    progress: Callable[[int], None] = lambda _: None
    notes: list[str] = field(default_factory=list)

    def text(self, name: str, text: str, at: float) -> None:
        import io

        data = text.encode("utf-8", "replace")
        self.file(name, io.BytesIO(data), len(data), at)

    def file(self, name: str, content: IO[bytes], size: int, at: float) -> None:
        """`size` bytes of `content` from where it stands."""
        member = _member(f"{self.top}/{name}", tarfile.REGTYPE, at)
        member.size = size
        self.tar.addfile(member, content)

    def tree(self, directory: Path, name: str) -> bool:
        """All of a directory: links as links, holes as holes; what is no file is noted.

        False when nothing of it is there, which is noted too.
        """
        try:
            descriptor = os.open(directory, _FOLDER)
        except OSError as error:
            self.notes.append(f"{name}: {directory} cannot be read: {error.strerror}")
            return False
        try:
            self._folder(descriptor, name, 0)
        finally:
            os.close(descriptor)
        return True

    def _folder(self, descriptor: int, name: str, depth: int) -> None:
        found = os.fstat(descriptor)
        self.tar.addfile(_like(f"{self.top}/{name}", tarfile.DIRTYPE, found))
        for entry in sorted(os.listdir(descriptor), key=os.fsencode):
            path = f"{name}/{entry}"
            try:
                self._entry(descriptor, entry, path, depth)
            except _Unsaved as error:
                self.notes.append(f"{path} is left out: {error}")

    def _entry(self, folder: int, entry: str, path: str, depth: int) -> None:
        with _refusals():
            found = os.stat(entry, dir_fd=folder, follow_symlinks=False)
        kind = stat.S_IFMT(found.st_mode)
        if kind in _UNSAVED:
            raise _Unsaved(f"it is {_UNSAVED[kind]}")
        if stat.S_ISLNK(found.st_mode):
            member = _like(f"{self.top}/{path}", tarfile.SYMTYPE, found)
            with _refusals():
                member.linkname = os.readlink(entry, dir_fd=folder)
            self.tar.addfile(member)
        elif stat.S_ISDIR(found.st_mode):
            self._below(folder, entry, path, depth + 1)
        else:
            self._regular(folder, entry, path)

    def _below(self, folder: int, entry: str, path: str, depth: int) -> None:
        if depth > DEEPEST:
            raise _Unsaved(f"it is more than {DEEPEST} directories deep")
        with _refusals():
            descriptor = os.open(entry, _FOLDER, dir_fd=folder)
        try:
            self._folder(descriptor, path, depth)
        finally:
            os.close(descriptor)

    def _regular(self, folder: int, entry: str, path: str) -> None:
        """As long as it is when it is opened, however it grows meanwhile."""
        with _refusals():
            descriptor = os.open(entry, _FLAGS, dir_fd=folder)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise _Unsaved("it was replaced while it was read")
            if (found.st_dev, found.st_ino) != self.own:
                self._content(descriptor, path, found)
        finally:
            os.close(descriptor)

    def _content(self, descriptor: int, path: str, found: os.stat_result) -> None:
        member = _like(f"{self.top}/{path}", tarfile.REGTYPE, found)
        content = Extents(descriptor, extents(descriptor, found), self.progress)
        if content.prefix:
            _make_sparse(member, found.st_size, content)
        member.size = content.size
        self.tar.addfile(member, content)  # type: ignore[arg-type]
        if content.short:
            self.notes.append(f"{path} changed while it was read: what was missing is zeros")


class _Unsaved(Exception):
    """Why an entry is not in the bundle."""


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """What cannot be read is noted; what cannot be written ends it all."""
    try:
        yield
    except OSError as error:
        gone = error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENXIO)
        words = "it changed while it was read" if gone else f"it cannot be read: {error.strerror}"
        raise _Unsaved(words) from None


def _member(name: str, kind: bytes, at: float) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mtime, member.mode = kind, int(at), 0o644
    return member


def _like(name: str, kind: bytes, found: os.stat_result) -> tarfile.TarInfo:
    member = _member(name, kind, max(0.0, found.st_mtime))
    member.mode = stat.S_IMODE(found.st_mode) & 0o777
    return member


def _make_sparse(member: tarfile.TarInfo, size: int, content: Extents) -> None:
    """Version 1.0 of GNU tar's sparse files in the PAX format, which Python reads, too."""
    member.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": member.name,
        "GNU.sparse.realsize": str(size),
    }
    folder, _, name = member.name.rpartition("/")
    member.name = f"{folder}/GNUSparseFile.0/{name}"


@contextlib.contextmanager
def create(
    target: Path, top: str, force: bool, progress: Callable[[int], None]
) -> Iterator[Bundle]:
    """Written beside `target` and renamed when it is whole: it is all there or not there."""
    if not target.name.endswith(KINDS):
        raise UsageError(f"{target} must end in {' or '.join(KINDS)}, which says how to pack it")
    _refuse_existing(target, force)
    beside = target.parent / f".{target.name}.{os.getpid()}.tmp"
    try:
        with open(beside, "xb", opener=_private) as file, _or_nothing(beside):
            found = os.fstat(file.fileno())
            with _packed(file, target) as stream, tarfile.TarFile(fileobj=stream, mode="w") as tar:
                tar.format = tarfile.PAX_FORMAT
                own = (found.st_dev, found.st_ino)
                yield Bundle(top, tar, own, (target, beside), progress)
            file.flush()
            os.fsync(file.fileno())
            _put(beside, target, force)
    except OSError as error:
        raise TeamError(f"{target} cannot be written: {error.strerror or error}") from None


@contextlib.contextmanager
def _or_nothing(beside: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.unlink(beside)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _refuse_existing(target: Path, force: bool) -> None:
    if target.is_dir():
        raise TeamError(f"{target} is a directory: name a file")
    if os.path.lexists(target) and not force:
        raise TeamError(f"{target} is there already: name another file, or add --force")


def _put(beside: Path, target: Path, force: bool) -> None:
    """Without `force` nothing is replaced, not even what came there in the meantime."""
    if force:
        os.replace(beside, target)
        return
    try:
        os.link(beside, target)
    except FileExistsError:
        raise TeamError(f"{target} has come there meanwhile: name another file") from None
    except OSError:
        # A file system without hard links.
        _refuse_existing(target, force)
        os.rename(beside, target)
        return
    os.unlink(beside)


@contextlib.contextmanager
def _packed(file: IO[bytes], target: Path) -> Iterator[Any]:
    if target.name.endswith(".tar.gz"):
        import gzip

        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as stream:
            yield stream
        return
    import zstandard

    packer = zstandard.ZstdCompressor(level=6, write_checksum=True)
    with packer.stream_writer(file, closefd=False) as stream:
        yield stream
