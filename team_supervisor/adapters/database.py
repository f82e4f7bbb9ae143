"""How is the file of a database opened, whoever made it?"""

import os
import sqlite3
import stat

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
