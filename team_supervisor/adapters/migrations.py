"""How does a database get to the newest version, in whole steps?"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from team_supervisor.errors import TeamError

_HERE = Path(__file__).parent


def m001_initial(db: sqlite3.Connection) -> None:
    _run(db, "schema.sql")


def m002_trust(db: sqlite3.Connection) -> None:
    _run(db, "schema2.sql")


def m003_disputes(db: sqlite3.Connection) -> None:
    _run(db, "schema3.sql")


def m004_tasks(db: sqlite3.Connection) -> None:
    _run(db, "schema4.sql")


def m005_outbox(db: sqlite3.Connection) -> None:
    _run(db, "schema5.sql")


def m006_iterations(db: sqlite3.Connection) -> None:
    _run(db, "schema6.sql")


def m007_workers(db: sqlite3.Connection) -> None:
    _run(db, "schema7.sql")


def m008_renewal(db: sqlite3.Connection) -> None:
    _run(db, "schema8.sql")


def m009_heartbeats(db: sqlite3.Connection) -> None:
    _run(db, "schema9.sql")


def m010_overdue(db: sqlite3.Connection) -> None:
    _run(db, "schema10.sql")


def _run(db: sqlite3.Connection, name: str) -> None:
    for statement in (_HERE / name).read_text().split(";\n"):
        db.execute(statement)


MIGRATIONS: list[Callable[[sqlite3.Connection], None]] = [
    m001_initial,
    m002_trust,
    m003_disputes,
    m004_tasks,
    m005_outbox,
    m006_iterations,
    m007_workers,
    m008_renewal,
    m009_heartbeats,
    m010_overdue,
]


def migrate(db: sqlite3.Connection) -> None:
    """Bring the database to the newest version; each step is one transaction."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise TeamError(
            f"this workspace was written by a newer team-supervisor (database version {version}, "
            f"this program knows {len(MIGRATIONS)}): upgrade team-supervisor"
        )
    for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
        with transaction(db):
            if db.execute("PRAGMA user_version").fetchone()[0] >= number:
                continue
            step(db)
            db.execute(f"PRAGMA user_version = {number}")


@contextmanager
def transaction(db: sqlite3.Connection, *, durable: bool = True) -> Iterator[None]:
    """All or nothing; may be nested, the outermost one commits.

    `durable=False`: it survives our end, but a loss of power may take it back.
    """
    if db.in_transaction:
        with _part(db):
            yield
        return
    # synchronous=NORMAL leaves out the fsync of the log: 14 us a commit instead of 0.2 to 5 ms.
    db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled it back already.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    finally:
        db.execute("PRAGMA synchronous = FULL")


@contextmanager
def _part(db: sqlite3.Connection) -> Iterator[None]:
    """What fails inside is taken back alone."""
    db.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK TO part")
            db.execute("RELEASE part")
        raise
    db.execute("RELEASE part")
