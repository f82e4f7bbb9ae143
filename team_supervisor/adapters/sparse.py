"""Which parts of a file hold data, and how are they read one after the other?"""

import os
from collections.abc import Callable

BLOCK = 512
# A file in more pieces than this is read as if it had no holes.
MOST = 10_000

Extent = tuple[int, int]


def extents(descriptor: int, found: os.stat_result) -> list[Extent]:
    """(offset, length) of what is not a hole; one extent for a file without holes."""
    whole = [(0, found.st_size)]
    if found.st_blocks * BLOCK >= found.st_size:
        return whole
    try:
        return _search(descriptor, found.st_size) or whole
    except OSError:
        return whole


def _search(descriptor: int, size: int) -> list[Extent]:
    found: list[Extent] = []
    offset = 0
    while offset < size and len(found) <= MOST:
        try:
            begin = os.lseek(descriptor, offset, os.SEEK_DATA)
        except OSError:
            # ENXIO: nothing but a hole from here on; GNU tar ends its map with an empty extent.
            found.append((size, 0))
            return found
        offset = min(os.lseek(descriptor, begin, os.SEEK_HOLE), size)
        if begin < size:
            found.append((begin, offset - begin))
    return found if len(found) <= MOST else []


class Extents:
    """Reads like a file: for one with holes a map of its extents (`prefix`), then their data.

    `size` bytes in all, come what may: what is missing is read as zeros, and `short` says so.
    """

    def __init__(
        self, descriptor: int, found: list[Extent], progress: Callable[[int], None]
    ) -> None:
        self._descriptor, self._progress = descriptor, progress
        self.prefix = b"" if _is_whole(found) else _map(found)
        self.size = len(self.prefix) + sum(length for _, length in found)
        self.short = False
        self._head = self.prefix
        self._left = [extent for extent in found if extent[1]]

    def read(self, most: int) -> bytes:
        pieces: list[bytes] = []
        while most and (piece := self._piece(most)):
            pieces.append(piece)
            most -= len(piece)
        return b"".join(pieces)

    def _piece(self, most: int) -> bytes:
        if self._head:
            piece, self._head = self._head[:most], self._head[most:]
            return piece
        if not self._left:
            return b""
        offset, length = self._left.pop(0)
        wanted = min(most, length)
        piece = self._data(offset, wanted)
        if len(piece) < length:
            self._left.insert(0, (offset + len(piece), length - len(piece)))
        self._progress(len(piece))
        return piece

    def _data(self, offset: int, wanted: int) -> bytes:
        try:
            piece = os.pread(self._descriptor, wanted, offset)
        except OSError:
            piece = b""
        if piece:
            return piece
        self.short = True
        return bytes(wanted)


def _is_whole(found: list[Extent]) -> bool:
    return len(found) == 1 and found[0][0] == 0


def _map(found: list[Extent]) -> bytes:
    numbers = [len(found), *(number for extent in found for number in extent)]
    text = "".join(f"{number}\n" for number in numbers).encode()
    return text + bytes(-len(text) % BLOCK)
