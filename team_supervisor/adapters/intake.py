"""Is a request directory whole, and what does it ask?"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from team_supervisor.adapters import files

# A request is a prompt with attachments, not a repository: what is beyond this is not looked at.
MOST_ENTRIES = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """One look at a request directory.

    `problem` is a reason to refuse it; `waiting` why it is not ready yet; `signature` changes
    when anything in it changes; `writing` is None where the kernel can't tell.
    """

    signature: tuple[object, ...] = ()
    arrived_whole: bool = False
    writing: bool | None = False
    instructions: str = ""
    waiting: str | None = None
    problem: str | None = None


def look(path: Path) -> RequestFacts:
    """Never raises on what an agent may have put there."""
    try:
        return _look(path)
    except FileNotFoundError:
        return RequestFacts(waiting="is changing")
    except OSError as error:
        return RequestFacts(waiting=f"cannot be read: {error.strerror}")


def _look(path: Path) -> RequestFacts:
    top = os.lstat(path)
    if stat.S_ISLNK(top.st_mode):
        return RequestFacts(problem="it is a symbolic link")
    if not stat.S_ISDIR(top.st_mode):
        return RequestFacts(problem="it is not a directory")
    rows: list[tuple[object, ...]] = [(top.st_ino, top.st_mtime_ns)]
    trouble = _walk(path, rows)
    writing, instructions, waiting, problem = _instructions(path / "instructions.md")
    return RequestFacts(
        signature=tuple(sorted(rows, key=repr)),
        arrived_whole=_renamed_after_writing(top),
        writing=writing,
        instructions=instructions,
        waiting=waiting,
        problem=trouble or problem,
    )


def _renamed_after_writing(top: os.stat_result) -> bool:
    """A rename changes a directory's ctime and not its mtime; mkdir and new files change both.

    So a directory whose ctime is the later one was moved here (or copied with its times, which
    cp, rsync and tar set last) and is whole.
    """
    return top.st_ctime_ns > top.st_mtime_ns


def _walk(path: Path, rows: list[tuple[object, ...]]) -> str | None:
    pending = [path]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if len(rows) > MOST_ENTRIES:
                    return f"it holds more than {MOST_ENTRIES:,} files"
                if entry.is_symlink():
                    return f"it holds a symbolic link, {_shown(entry.name)}"
                found = entry.stat(follow_symlinks=False)
                rows.append((entry.path, found.st_ino, found.st_size, found.st_mtime_ns))
                if stat.S_ISDIR(found.st_mode):
                    pending.append(Path(entry.path))
                elif not stat.S_ISREG(found.st_mode):
                    return f"it holds {_shown(entry.name)}, which is not a regular file"
    return None


def _instructions(path: Path) -> tuple[bool | None, str, str | None, str | None]:
    """(writing, text, why it waits, why it is refused); the text also of what is refused, as far
    as it can be read, since its heading says whom to tell."""
    found = files.signature(path)
    if found is None:
        return False, "", "has no instructions.md yet", None
    if found.size == 0:
        return False, "", "has an empty instructions.md", None
    try:
        with files.opened(path, files.MEBIBYTE) as descriptor:
            writing = files.has_writer(descriptor)
            data = b"" if writing else os.pread(descriptor, files.MEBIBYTE, 0)
    except files.Unreadable as error:
        beginning = files.read_from(path, 0).decode("utf-8-sig", "replace")
        return False, beginning, None, f"its instructions.md {error}"
    if writing:
        return True, "", "has an instructions.md that is being written", None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("utf-8-sig", "replace")
        return writing, text, None, "its instructions.md is not UTF-8 text"
    if not text.strip():
        return writing, "", "has an empty instructions.md", None
    return writing, text, None, None


def _shown(name: str) -> str:
    return repr(name)[:80]
