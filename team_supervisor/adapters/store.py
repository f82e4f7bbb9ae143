"""What was decided and what happened? The only module with a connection."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from team_supervisor.adapters import rows
from team_supervisor.adapters.database import connect, make, refuse_odd, unusable
from team_supervisor.adapters.migrations import MIGRATIONS, migrate, transaction
from team_supervisor.core.model import Delivery, Request, Session, Wanted
from team_supervisor.errors import TeamError

if TYPE_CHECKING:
    from team_supervisor.core.budgets import Spent
    from team_supervisor.core.events import Event
    from team_supervisor.core.progress import TurnCost


class Store:
    """One connection; every method is one statement or one transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        db.row_factory = rows.Named()
        self._db = db
        self._touched: set[str] = set()
        self.task_changes = 0

    def close(self) -> None:
        self._db.close()

    def version(self) -> int:
        """Another number after another connection has committed something."""
        return int(self._db.execute("PRAGMA data_version").fetchone()["data_version"])

    def changes(self) -> int:
        """Grows with every row that this connection writes."""
        return self._db.total_changes

    def take_touched(self) -> set[str]:
        """Ids of the sessions and deliveries that this connection wrote since it was asked."""
        touched, self._touched = self._touched, set()
        return touched

    def transaction(self, *, durable: bool = True) -> Any:
        """A context in which everything written is committed together."""
        return transaction(self._db, durable=durable)

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def rows(self, query: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        return self._db.execute(query, values).fetchall()

    def _all(self, query: str, **values: Any) -> list[dict[str, Any]]:
        return self.rows(rows.QUERIES[query], values)

    def _do(self, query: str, **values: Any) -> int:
        self._touched |= {str(values[name]) for name in ("id", "session") if values.get(name)}
        texts = {k: v.translate(rows.TO_TEXT) for k, v in values.items() if isinstance(v, str)}
        return self._db.execute(rows.QUERIES[query], {**values, **texts}).rowcount

    def _one(self, query: str, **values: Any) -> Any:
        row = self._db.execute(rows.QUERIES[query], values).fetchone()
        return next(iter(row.values())) if row else None

    def change_tasks(self, query: str, values: Mapping[str, Any]) -> int:
        self.task_changes += 1
        return self._db.execute(query, values).rowcount

    def live(self) -> list[Session]:
        """Sessions that have not ended, and ended ones that a person wants retried."""
        found = self._all("live_sessions") + self._all("retried_sessions")
        return [rows.session(row) for row in found]

    def live_one(self, session: str) -> Session | None:
        """One of `live`, or None when it is not among them."""
        found = self._all("live_session", id=session)
        return rows.session(found[0]) if found else None

    def sessions(self) -> list[Session]:
        return [rows.session(row) for row in self._all("all_sessions")]

    def session(self, session: str) -> Session | None:
        found = self._all("session", id=session)
        return rows.session(found[0]) if found else None

    def is_new(self) -> bool:
        """No session was ever recorded."""
        return bool(self._one("is_new"))

    def known_ids(self, ids: Iterable[str]) -> set[str]:
        """Which of these sessions have a row."""
        return {row["id"] for row in self._all("session_ids", ids=json.dumps(list(ids)))}

    def insert(self, session: Session) -> None:
        names = ", ".join(rows.COLUMNS)
        marks = ", ".join(f":{name}" for name in rows.COLUMNS)
        values = {name: getattr(session, name) for name in rows.COLUMNS}
        self._touched.add(session.id)
        self._db.execute(f"INSERT INTO sessions ({names}) VALUES ({marks})", values)

    def update(self, session: str, **values: Any) -> None:
        """Set these columns of one session."""
        self._touched.add(session)
        marks = ", ".join(f"{name} = :{name}" for name in values if name in rows.COLUMNS)
        self._db.execute(f"UPDATE sessions SET {marks} WHERE id = :_id", {**values, "_id": session})

    def want(self, session: str, wanted: Wanted, overdue: float | None = None) -> bool:
        """Write what a person wants, or a tick of one over this limit; False when it has ended."""
        return self._do("want", id=session, wanted=wanted, overdue=overdue) > 0

    def want_retry(self, session: str) -> bool:
        """Ask for an ended or parked session to go on; False when it runs or is archived."""
        return self._do("want_retry", id=session) > 0

    def want_restart(self, session: str, reason: str) -> bool:
        """Ask for a new process of a session that has one, or is to get one; False without."""
        return self._do("want_restart", id=session, reason=reason) > 0

    def want_restore(self, session: str) -> bool:
        """Ask for an archived session to be taken back to work; False when it is not archived."""
        return self._do("want_restore", id=session) > 0

    def team(self, key: str) -> str | None:
        value = self._one("team_get", key=key)
        return None if value is None else str(value)

    def set_team(self, key: str, value: str) -> None:
        self._do("team_set", key=key, value=value)

    def deadlocks(self) -> dict[str, str]:
        """Those that were announced and last, by key, in words."""
        found: dict[str, str] = json.loads(self.team("deadlocks") or "{}")
        return found

    def spawned_since(self, since: float) -> int:
        return int(self._one("spawned_since", since=since))

    def open_requests(self) -> list[Request]:
        return [rows.request(row) for row in self._all("open_requests")]

    def rejections(self, most: int = 20) -> list[Request]:
        """The newest first."""
        return [rows.request(row) for row in self._all("recent_rejections", most=most)]

    def insert_request(self, **values: Any) -> None:
        self._do("insert_request", **values)

    def update_request(self, request: Request) -> None:
        self._do("update_request", **asdict(request))

    def forget_request(self, request: int) -> None:
        """Its directory is gone before it was claimed."""
        self._do("forget_request", id=request)

    def begin_attempt(self, session: str, number: int, begun_at: float) -> None:
        self._do("begin_attempt", session=session, number=number, begun_at=begun_at)

    def attempt_running(self, session: str, number: int, pid: int | None) -> None:
        self._do("attempt_running", session=session, number=number, pid=pid)

    def end_attempt(self, session: str, number: int, **facts: Any) -> None:
        self._do("attempt_ended", session=session, number=number, **facts)

    def attempts(self, session: str) -> list[dict[str, Any]]:
        return self._all("attempts", session=session)

    def begin_verification(self, session: str, number: int, at: float) -> None:
        self._do("begin_verification", session=session, number=number, at=at)

    def end_verification(
        self, session: str, number: int, at: float, passed: bool, what: str
    ) -> None:
        values = {"at": at, "passed": int(passed), "what": what}
        self._do("end_verification", session=session, number=number, **values)

    def add_delivery(self, delivery: Delivery, source: str) -> bool:
        """False when something was already delivered for this source."""
        return self._do("insert_delivery", source=source, **asdict(delivery)) > 0

    def unseen(self) -> dict[str, list[Delivery]]:
        """By session, oldest first."""
        found: dict[str, list[Delivery]] = {}
        for row in self._all("unseen_deliveries"):
            found.setdefault(row["session"], []).append(rows.delivery(row))
        return found

    def unseen_of(self, session: str) -> list[Delivery]:
        return [rows.delivery(row) for row in self._all("unseen_of", session=session)]

    def sent(self, delivery: str, at: float, attempt: int) -> None:
        self._do("delivery_sent", id=delivery, sent_at=at, sent_attempt=attempt)

    def seen(self, delivery: str, at: float) -> None:
        self._do("delivery_seen", id=delivery, seen_at=at)

    def has_unseen(self, session: str) -> bool:
        return bool(self._one("has_unseen", session=session))

    def unsend_first(self, session: str) -> None:
        """The conversation is to begin anew: its first message must be sent again."""
        self._do("delivery_unsend", session=session)

    def add_turn(self, session: Session, turn: "TurnCost", at: float) -> None:
        """Once, however often its line is read."""
        self._do("insert_turn", session=session.id, attempt=session.attempt, at=at, **asdict(turn))

    def turns(self) -> list[dict[str, Any]]:
        """Every turn that ended, of all sessions, oldest first, with what it cost by itself."""
        return self._all("turns")

    def spent_since(self, since: float, now: float) -> "Spent":
        """What the whole team spent from a moment on."""
        from team_supervisor.core.budgets import Spent

        row = self._all("spent_since", since=since)[0]
        seconds = float(self._one("worked_since", since=since, now=now))
        return Spent(usd=row["usd"], tokens=row["tokens"], seconds=max(0.0, seconds))

    def turns_told(self) -> int:
        """Grows with every turn that was counted."""
        return int(self._one("turns_told"))

    def want_budget(self, session: str, usd: float | None) -> None:
        """What a person lets one session spend."""
        self._do("want_budget", id=session, usd=usd)

    def want_time(self, session: str, seconds: float) -> None:
        """How long a person lets its processes run, in all."""
        self._do("want_time", id=session, seconds=seconds)

    def record(self, event: "Event", at: float) -> None:
        self._do(
            "insert_event",
            at=at,
            kind=event.kind,
            session=event.session,
            request=event.request,
            details=json.dumps(event.details(), ensure_ascii=True),
        )

    def events_after(self, after: int) -> list[tuple[int, float, "Event"]]:
        """(id, wall seconds, event), oldest first, at most 1,000."""
        return [rows.event(row) for row in self._all("events_after", after=after)]

    def events_of(self, session: str) -> list[tuple[int, float, "Event"]]:
        """The same of one session and of the request it was, from the beginning."""
        row = self.session(session)
        request = row.request_name if row else None
        found = self._all("events_of", session=session, request=request)
        return [rows.event(row) for row in found]

    def event_before(self, at: float) -> int:
        return int(self._one("event_before", at=at))

    def last_event(self) -> int:
        return int(self._one("last_event"))


def open_store(path: Path) -> Store:
    """Read and write, made or migrated if needed; 0600. sqlite3.DatabaseError when broken."""
    refuse_odd(path)
    make(path)
    db = connect(path, "rw")
    db.execute("PRAGMA journal_mode = WAL")
    # A claim or an end that power loss takes back would be started twice: FULL (0.2 ms here).
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA cache_size = -256")  # KiB; the kernel has all pages, and we what lives
    migrate(db)
    # 2 ms for each MiB; a page that is broken in the middle would end the supervisor later.
    if (said := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise sqlite3.DatabaseError(said)
    return Store(db)


def open_reader(path: Path) -> Store:
    """Read only, for the commands that look; TeamError when there is no usable database."""
    refuse_odd(path)
    if not path.exists():
        from team_supervisor.adapters.workspace import Workspace, unrecorded

        raise unrecorded(Workspace(path.parent.parent))
    try:
        db = connect(path, "ro")
        version = db.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise unusable(path, f"cannot be read ({error})") from None
    if version == 0:
        raise unusable(path, "is empty")
    if version != len(MIGRATIONS):
        raise TeamError(
            f"{path} has database version {version}, this program knows {len(MIGRATIONS)}: "
            "run `orchestrate` with the newest team-supervisor once"
        )
    return Store(db)
