"""Is there anything in a database that lives or could start, seen at one glance?

Without the store and what it imports, as a hundred projects are looked at by one command.
"""

import sqlite3
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from team_supervisor.adapters.database import connect, refuse_odd
from team_supervisor.adapters.migrations import MIGRATIONS
from team_supervisor.errors import TeamError


@dataclass(frozen=True, slots=True)
class Glance:
    """`life`: a session, a request or a task at work; the settings are text as they are stored."""

    iteration: str | None
    unnamed: int
    life: int
    wanted: str | None
    paused: str | None
    stops: str | None
    most: str | None
    stopped_by: str | None
    ready: int


def glance(database: str) -> Glance | None:
    """None when it cannot be read or is of another version: whoever looks closer says why."""
    try:
        refuse_odd(database)
        db = connect(database, "ro")
    except (OSError, TeamError, sqlite3.Error):
        return None
    try:
        if db.execute("PRAGMA user_version").fetchone()[0] != len(MIGRATIONS):
            return None
        return Glance(*db.execute(_query()).fetchone())
    except (sqlite3.Error, TypeError):
        return None
    finally:
        db.close()


@cache
def _query() -> str:
    return Path(__file__).with_name("glance.sql").read_text()
