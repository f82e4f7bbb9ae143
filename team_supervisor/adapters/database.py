"""How is the file of a database opened, whoever made it?"""

import os
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

from team_supervisor.errors import TeamError

PARTS = ("", "-wal", "-shm", "-journal")


def refuse_odd(path: str | os.PathLike[str]) -> None:
    """SQLite would wait at a FIFO for ever, and follow a link to anywhere."""
    for suffix in PARTS:
        part = f"{os.fspath(path)}{suffix}"
        try:
            regular = stat.S_ISREG(os.lstat(part).st_mode)
        except FileNotFoundError:
            continue
        if not regular:
            raise TeamError(f"{part} is in the way: it is not a regular file, remove it")


def connect(path: str | os.PathLike[str], mode: str) -> sqlite3.Connection:
    """`mode` is SQLite's: `ro`, `rw`."""
    # What https://www.sqlite.org/uri.html asks to be escaped.
    name = os.path.abspath(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    uri = f"file:{name}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30.0)


def make(path: str | os.PathLike[str]) -> None:
    """An empty database, 0600, where there is none; never through a link.

    It gets its name when its log is on: SQLite waits for nobody while it changes the journal mode.
    One that is there is left alone: to close a file drops every lock that this process has on it
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    if os.path.lexists(path):
        return
    beside = f"{os.fspath(path)}.{os.urandom(6).hex()}.tmp"
    _touch(beside)
    try:
        with closing(connect(beside, "rw")) as db:
            db.execute("PRAGMA journal_mode = WAL")
        os.link(beside, path)
    except FileExistsError:
        pass
    except OSError:
        _touch(path)  # a file system without hard links
    finally:
        os.unlink(beside)


def _touch(path: str | os.PathLike[str]) -> None:
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def unusable(path: Path, problem: str) -> TeamError:
    """The next supervisor mends it; one that has it open goes on with what it holds."""
    from team_supervisor.adapters.locks import held_by

    holder = held_by(path.parent / "lock")
    if holder is None:
        return TeamError(f"{path} {problem}: `orchestrate` builds a broken one again")
    return TeamError(
        f"{path} {problem}, and {holder} does not know that: end it with `kill {holder.pid}` "
        "(its agents go on), then run `orchestrate`, which builds it again"
    )
