"""How is a conversation read from the end, and followed as it grows?"""

import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from team_supervisor.adapters import files, logs
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.cli import sessions, voices
from team_supervisor.core.conversation import readable
from team_supervisor.core.model import Session, State
from team_supervisor.core.words import dollars, how_it_ended

POLL = 0.2
A_SCREENFUL = 20
CHUNK = logs.PIECE
# How far back is looked for the last words: an agent may write megabytes that no person reads.
BACKWARDS = (64 << 10, 512 << 10, 4 << 20, 32 << 20)
# A longer line is told as left out, and not kept in memory.
MAX_LINE = 4 << 20
COMPLAINTS = 2048
COMPLAINT_LINES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A session, whose directory is renamed when it is archived."""

    workspace: Workspace
    store: Store
    session: str

    def row(self) -> Session:
        found = self.store.session(self.session)
        assert found is not None, "rows of sessions are never deleted"
        return found

    def file(self, name: str) -> Path:
        return self.workspace.root / self.row().directory / name


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """`last` entries (with `raw`: lines), or all of them; `on`: until it ends or Ctrl-C."""

    last: int | None = None
    on: bool = False
    raw: bool = False


class Transcript:
    """Whole lines in the order in which they were written."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._offset = 0
        self._rest = b""

    def skip_to_last(self, wanted: int, weigh: Callable[[bytes], int]) -> None:
        """Begin where about `wanted` remain, as `weigh` counts a line; never fewer."""
        path = self._source.file("transcript.jsonl")
        found = files.signature(path)
        for window in BACKWARDS if found else ():
            size = found.size if found else 0
            begin = max(0, size - window)
            lines = _window(path, begin, window).splitlines(keepends=True)
            if begin:
                begin += len(lines.pop(0))
            self._offset, complete = _back(lines, begin, wanted, weigh)
            if complete or begin == 0:
                return

    def lines(self, last: bool = False) -> Iterator[bytes]:
        """What is new since the last call; with `last` also a line that has no end yet."""
        path = self._source.file("transcript.jsonl")
        found = files.signature(path)
        if found and found.size < self._offset:
            self._offset, self._rest = 0, b""
        while data := logs.read(path, self._offset, CHUNK):
            self._offset += len(data)
            *whole, rest = (self._rest + data).split(b"\n")
            yield from whole
            self._rest = rest[: MAX_LINE + 1]
            if len(rest) > MAX_LINE:
                self._offset = logs.data_after(path, self._offset)
        if last and self._rest:
            yield self._rest
            self._rest = b""


def _window(path: Path, begin: int, length: int) -> bytes:
    """From the segments and the file itself, whichever has these bytes."""
    data = b""
    while more := logs.read(path, begin + len(data), length - len(data)):
        data += more
    return data


def _back(
    lines: list[bytes], begin: int, wanted: int, weigh: Callable[[bytes], int]
) -> tuple[int, bool]:
    """(offset of the first line to show, whether there were enough)"""
    offset, weight = begin + sum(map(len, lines)), 0
    for line in reversed(lines):
        if weight >= wanted:
            return offset, True
        offset -= len(line)
        weight += weigh(line.rstrip(b"\n"))
    return offset, weight >= wanted


def conversation(source: Source, how: How) -> None:
    """Print it; ends by Ctrl-C too, which is no error."""
    show = voices.raw() if how.raw else _reader(voices.voice())
    transcript = Transcript(source)
    if how.last is not None:
        transcript.skip_to_last(how.last, _one if how.raw else _entries)
    try:
        _show(source, transcript, show, how.on)
    except KeyboardInterrupt:
        voices.note("")
        return
    _tell_end(source.row(), how.on)
    _tell_complaints(source)


def _one(line: bytes) -> int:
    return 1


def _entries(line: bytes) -> int:
    return len(readable(line))


def _reader(say: voices.Voice) -> Callable[[bytes], None]:
    def show(line: bytes) -> None:
        for entry in readable(line):
            say(entry)

    return show


def _show(source: Source, transcript: Transcript, show: Callable[[bytes], None], on: bool) -> None:
    if on and not source.row().ended and not sessions.running(source.workspace, source.row()):
        voices.note("It is not running now; what comes is shown when it comes (Ctrl-C ends this).")
    shown = False
    while True:
        # Asked before reading: what was written until the end is then read for certain.
        over = not on or source.row().ended
        for line in transcript.lines(last=over):
            show(line)
            shown = True
        voices.flush()
        if over:
            break
        # Not Event.wait: Ctrl-C in the midst of it can end as a RuntimeError.
        select.select([], [], [], POLL)
    if not shown:
        gone = sessions.directory_gone(source.workspace, source.row())
        voices.note(f"Nothing to show: {gone}" if gone else "Nothing has been said yet.")


def _tell_end(session: Session, on: bool) -> None:
    if on and session.ended:
        words = how_it_ended(session.state, session.reason or "")
        voices.note(
            f"{session.name} ({session.id}) has ended: {words}, "
            f"{session.tasks_done} of {session.tasks_total} tasks, {dollars(session.cost_usd)}."
        )


def _tell_complaints(source: Source) -> None:
    """The usual reason of a failure is not in the conversation."""
    if source.row().state != State.FAILED:
        return
    path = source.file("stderr.log")
    lines = files.tail(path, COMPLAINTS).decode("utf-8", "replace").strip().splitlines()
    if lines:
        voices.note(f"It failed; {path} ends with:")
        for line in lines[-COMPLAINT_LINES:]:
            voices.note(f"  {line}")
