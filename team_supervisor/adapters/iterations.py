"""Which iterations are stored, and in which state is each?"""

import sqlite3
from collections.abc import Iterable

from team_supervisor.adapters import rows
from team_supervisor.adapters.store import Store
from team_supervisor.core.events import IterationChanged
from team_supervisor.core.iterations import (
    DEFAULT,
    Iteration,
    IterationError,
    Iterations,
    Phase,
    name_problem,
)

QUERIES = rows.queries("iterations.sql")


class IterationTable:
    """The iterations of one store; what belongs together is for the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self) -> Iterations:
        found = self._store.rows(QUERIES["all_iterations"], {})
        return Iterations(
            tuple(Iteration(**{**row, "state": Phase(row["state"])}) for row in found)
        )

    def add(self, name: str, now: float) -> None:
        """In planning; IterationError when it cannot have this name."""
        if problem := name_problem(name):
            raise IterationError(problem)
        self._store.change_tasks(QUERIES["insert_iteration"], {"name": name, "created_at": now})
        self._tell(name, Phase.PLANNING, now)

    def know(self, names: Iterable[str | None], now: float) -> list[str]:
        """Make those that are not there; their names, in the order given."""
        known = {DEFAULT, *(each.name for each in self.read().all)}
        new = [name for name in dict.fromkeys(names) if name and name not in known]
        for name in new:
            self.add(name, now)
        return new

    def turn(self, before: Iteration, after: Iteration, now: float) -> None:
        """Carry a change of state out, with its event."""
        if before.state == after.state:
            return
        values = {
            "number": after.number,
            "state": after.state,
            "before": before.state,
            "started_at": after.started_at,
            "ended_at": after.ended_at,
        }
        try:
            moved = self._store.change_tasks(QUERIES["move_iteration"], values)
        except sqlite3.IntegrityError:
            raise IterationError("another iteration is active: one is at a time") from None
        if moved:
            self._tell(after.name, after.state, now)

    def _tell(self, name: str, state: Phase, now: float) -> None:
        self._store.record(IterationChanged(iteration=name, state=state), now)
