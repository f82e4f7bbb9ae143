"""Which messages wait to be delivered, and what became of the others?"""

import json
from dataclasses import dataclass
from typing import Any

from team_supervisor.adapters import rows
from team_supervisor.adapters.store import Store
from team_supervisor.core import sequence
from team_supervisor.core.telling import DAY, GATHER, GATHERED, MOST_LINES, Memory, Place, Told

QUERIES = rows.queries("outbox.sql")
# In the table `team`: the last event that was looked at, and the episodes that last.
_CURSOR, _OPEN = "told_cursor", "told_open"
MOST_WAITING, MOST_KEPT = 500, 200


@dataclass(frozen=True, slots=True)
class Message:
    """One row; `problem` says what came of the last try."""

    number: int
    place: Place
    event: str
    words: tuple[str, ...]
    count: int
    look: str
    created_at: float
    tries: int
    problem: str | None
    due_at: float


class Outbox:
    """The messages of one store; what belongs together is for the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _do(self, query: str, **values: Any) -> list[dict[str, Any]]:
        return self._store.rows(QUERIES[query], values)

    def cursor(self) -> int | None:
        """The last event that was looked at; None when nobody was to be told so far."""
        found = self._store.team(_CURSOR)
        return int(found) if found else None

    def memory(self) -> Memory:
        return Memory(tuple(json.loads(self._store.team(_OPEN) or "[]")))

    def keep(self, cursor: int | None, memory: Memory) -> None:
        self._store.set_team(_CURSOR, "" if cursor is None else str(cursor))
        self._store.set_team(_OPEN, json.dumps(memory.open))

    def put(self, place: Place, told: Told, at: float, now: float) -> None:
        """A new message, or one more line of the one that still gathers.

        What gathers goes out before one that doesn't: nobody hears of an end before the beginning.
        """
        gathers = told.event in GATHERED
        values = {"place": place, "event": told.event}
        if not gathers:
            self._do("no_longer", place=place, now=now)
        found = self._do("gathering", **values, now=now) if gathers else []
        if found:
            words = [*json.loads(found[0]["words"]), told.words][:MOST_LINES]
            self._do("gather", number=found[0]["number"], words=json.dumps(words))
            return
        due = now + GATHER if gathers else now
        words = [told.words]
        self._do("put", **values, words=json.dumps(words), look=told.look, at=at, due=due)

    def next(self, place: Place, now: float, *, soon: bool = False) -> Message | None:
        """The one whose turn it is at this place; `soon`: one never tried need not be due."""
        queued = [sequence.Queued(**row) for row in self._do("queued", place=place)]
        number = sequence.following(queued, now, soon=soon)
        return None if number is None else _message(self._do("one", number=number)[0])

    def rest_no_longer(self, place: Place, now: float) -> None:
        """What failed there is due at once: it is another channel now."""
        self._do("rest_no_longer", place=place, now=now)

    def begun(self, number: int, now: float) -> None:
        self._do("begun", number=number, now=now)

    def delivered(self, number: int) -> None:
        self._do("delivered", number=number)

    def failed(self, number: int, problem: str, due: float) -> None:
        self._do("failed", number=number, problem=problem, due=due)

    def tidy(self, now: float) -> None:
        """Give up what is a day old or too much, and forget what was over long ago."""
        self._do("give_up", before=now - DAY, most=MOST_WAITING)
        self._do("forget", most=MOST_KEPT)

    def waiting(self) -> list[Message]:
        return [_message(row) for row in self._do("waiting")]

    def counts(self) -> dict[str, int]:
        found = {row["state"]: row["messages"] for row in self._do("counts")}
        return {state: found.get(state, 0) for state in ("waiting", "delivered", "given-up")}


def _message(row: dict[str, Any]) -> Message:
    values = {name: row[name] for name in Message.__slots__}
    return Message(**values | {"words": tuple(json.loads(row["words"]))})
