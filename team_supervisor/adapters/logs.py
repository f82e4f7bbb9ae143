"""How does a log that grows stay small on disk while its writer goes on, and read as one?

What was read of it is moved, piece by piece, into compressed segments beside it
(`transcript-0001.jsonl.gz`, …), and then a hole is punched where it stood (fallocate(2)). Unlike
copy-and-truncate, nothing that the writer adds meanwhile can be lost and the writer is not
stopped; and every byte keeps its offset, so that whoever reads or counts by offsets, alive or
killed at any moment, misses nothing and sees nothing twice.
"""

import contextlib
import ctypes
import os
import re
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from team_supervisor.adapters import files

PIECE = 16 * files.MEBIBYTE
BLOCK = 4096
_KEEP_SIZE, _PUNCH_HOLE = 1, 2
# A gzip header (RFC 1952) with a comment: that says which bytes these are, also to a person.
_HEADER = b"\x1f\x8b\x08\x10\0\0\0\0\0\xff"
_COMMENT = re.compile(rb"bytes (\d{1,18})-(\d{1,18}) of ")


class Unmovable(Exception):
    """A log that cannot be moved; the message says why, with its path."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes `start` to `end` of a log, compressed."""

    path: Path
    number: int
    start: int
    end: int


def on_disk(path: Path) -> int:
    """Bytes that a regular file takes up, holes not counted; 0 when there is none."""
    try:
        return os.lstat(path).st_blocks * 512
    except OSError:
        return 0


def segments(log: Path) -> list[Segment]:
    """Those of a log, oldest first; what is no segment of ours is passed over."""
    pattern = re.compile(rf"{re.escape(log.stem)}-(\d{{4,9}}){re.escape(log.suffix)}\.gz")
    try:
        matches = [match for name in os.listdir(log.parent) if (match := pattern.fullmatch(name))]
    except OSError:
        return []
    found = []
    for number, name in sorted((int(match[1]), match[0]) for match in matches):
        head = files.read_from(log.with_name(name), 0, 100)
        said = _COMMENT.match(head, len(_HEADER)) if head.startswith(_HEADER) else None
        if said and int(said[1]) < int(said[2]):
            found.append(Segment(log.with_name(name), number, int(said[1]), int(said[2])))
    return found


def read(log: Path, offset: int, most: int = files.MEBIBYTE) -> bytes:
    """As `files.read_from`, from wherever these bytes are now."""
    data = files.read_from(log, offset, most)
    # Asked afterwards: what was read is zeros if it was moved at that moment.
    if files.data_after(log, offset) == offset:
        return data
    segment = _holding(log, offset)
    return _unpacked(segment, offset - segment.start, most) if segment else data


def data_after(log: Path, offset: int) -> int:
    """As `files.data_after`, but what was moved is no hole."""
    return offset if _holding(log, offset) else files.data_after(log, offset)


def _holding(log: Path, offset: int) -> Segment | None:
    return next((s for s in segments(log) if s.start <= offset < s.end), None)


def _unpacked(segment: Segment, skip: int, most: int) -> bytes:
    """Never more than `skip` and `most` together: a segment may have been forged."""
    most = min(most, segment.end - segment.start - skip)
    return b"".join(_decompressed(segment.path, skip, most))


def _decompressed(path: Path, skip: int, most: int) -> Iterator[bytes]:
    unpacker, at = zlib.decompressobj(wbits=31), 0
    while most > 0 and not unpacker.eof:
        packed = unpacker.unconsumed_tail
        if not packed:
            packed = files.read_from(path, at, files.MEBIBYTE)
            at += len(packed)
        try:
            data = unpacker.decompress(packed, files.MEBIBYTE)
        except zlib.error:
            return
        if not packed and not data:
            return
        kept = data[skip : skip + most]
        skip, most = max(0, skip - len(data)), most - len(kept)
        yield kept


def move(log: Path, up_to: int, limit: int) -> bool:
    """Move one piece of what stands before `up_to`; False when the log is small enough.

    `limit` is in bytes on disk; half of it stays plain, for people. Unmovable, or OSError when
    the disk is full.
    """
    if on_disk(log) <= limit:
        return False
    with _opened(log) as descriptor:
        known = segments(log)
        last = max(known, key=lambda segment: segment.end, default=None)
        if last:
            _finish(log, descriptor, last)
        start = last.end if last else 0
        end = min(up_to, os.fstat(descriptor).st_size - limit // 2, start + PIECE)
        data = os.pread(descriptor, end - start, start) if end > start else b""
        data = data[: data.rfind(b"\n") + 1] or data
        if on_disk(log) <= limit or len(data) < 2 * BLOCK:
            return False
        number = max((segment.number for segment in known), default=0) + 1
        path = log.with_name(f"{log.stem}-{number:04d}{log.suffix}.gz")
        files.write(path, _packed(data, start, log.name))
        files.sync_directory(log.parent)
        _punch(log, descriptor, start, start + len(data))
    return True


def drop_oldest(log: Path, keep: int) -> None:
    """Of a log whose segments nobody needs for ever."""
    known = segments(log)
    for segment in known[: max(0, len(known) - keep)]:
        segment.path.unlink(missing_ok=True)


def _packed(data: bytes, start: int, name: str) -> bytes:
    comment = f"bytes {start}-{start + len(data)} of ".encode() + os.fsencode(name) + b"\0"
    packer = zlib.compressobj(6, wbits=-15)
    body = packer.compress(data) + packer.flush()
    return _HEADER + comment + body + struct.pack("<II", zlib.crc32(data), len(data))


@contextlib.contextmanager
def _opened(log: Path) -> Iterator[int]:
    """The agent can write there, too: a link must not lead us to make a hole elsewhere."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with files.directory(log.parent) as parent:
        descriptor = os.open(log.name, flags, dir_fd=parent)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise Unmovable(f"{log} cannot be kept small: it is a link, or not a regular file")
        yield descriptor
    finally:
        os.close(descriptor)


def _finish(log: Path, descriptor: int, last: Segment) -> None:
    """After a crash between a segment and its hole: punch it, if this is the same log still.

    What is not in a segment must never become a hole.
    """
    try:
        data = os.lseek(descriptor, 0, os.SEEK_DATA)
    except OSError:
        data = 0  # empty, or one hole from its beginning to its end
    begin, end = last.start // BLOCK * BLOCK, last.end // BLOCK * BLOCK
    if data >= end:
        return
    length = last.end - last.start
    same = data >= begin and length <= PIECE
    if not same or os.pread(descriptor, length, last.start) != _unpacked(last, 0, length):
        raise Unmovable(f"{log} is not the file that {last.path.name} is a part of: left as it is")
    _punch(log, descriptor, last.start, last.end)


def _punch(log: Path, descriptor: int, start: int, end: int) -> None:
    """In whole blocks: what of the last one is before `end` stays."""
    libc = ctypes.CDLL(None, use_errno=True)
    fallocate = getattr(libc, "fallocate64", None) or getattr(libc, "fallocate", None)
    if fallocate is None:
        raise Unmovable(f"{log} cannot be kept small: no holes in files on this system")
    fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong]
    begin = start // BLOCK * BLOCK
    length = end // BLOCK * BLOCK - begin
    if length > 0 and fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, begin, length) != 0:
        problem = os.strerror(ctypes.get_errno())
        raise Unmovable(f"{log} cannot be kept small: its file system makes no holes ({problem})")
