"""What may the team spend, and what has it spent?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from team_supervisor.adapters import clock
from team_supervisor.adapters.store import Store
from team_supervisor.core.budgets import Account, Budget, Budgets, Spent, exhausted
from team_supervisor.core.model import Moment
from team_supervisor.settings import Settings

# What a command may set for good, beside team.yaml: the keys of the team's table.
SET_BY_COMMAND = {"team": "budget_team_usd", "day": "budget_day_usd"}
# What `orchestrate` was told, for those who look while it runs.
OPTIONS = {scope: f"option_{scope}_usd" for scope in ("session", "team", "day")}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The budgets in force, what the team spent in all and since midnight, what was warned of."""

    budgets: Budgets
    team: Spent
    today: Spent
    warned: frozenset[str]
    day: str


class Money:
    """Adds up again only when another turn was counted, or another day began."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self._store = store
        self._known: tuple[object, ...] = ()
        self._spent = (Spent(), Spent())

    def bounds(self, now: Moment) -> Bounds:
        budgets = in_force(self.settings.budgets, self._store)
        midnight = clock.midnight(now.wall)
        team, today = self._add_up(budgets, midnight, now)
        stamps = (self._store.team(f"warned_{scope}") for scope in SET_BY_COMMAND)
        warned = frozenset(stamp for stamp in stamps if stamp)
        return Bounds(budgets, team, today, warned, clock.stamp(midnight)[:10])

    @staticmethod
    def spent_up(bounds: Bounds) -> tuple[str | None, str | None]:
        """In words, when nothing is left for the team, for today."""
        return (
            exhausted(Account("the team's", bounds.budgets.team, bounds.team)),
            exhausted(Account("today's", bounds.budgets.day, bounds.today)),
        )

    def _add_up(self, budgets: Budgets, midnight: float, now: Moment) -> tuple[Spent, Spent]:
        if budgets.team == Budget() and budgets.day == Budget():
            return self._spent
        timed = budgets.team.seconds is not None or budgets.day.seconds is not None
        known = (self._store.turns_told(), midnight, now.wall if timed else None)
        if known != self._known:
            spent = self._store.spent_since
            self._spent = spent(0.0, now.wall), spent(midnight, now.wall)
            self._known = known
        return self._spent


def take_options(store: Store, told: Mapping[str, float]) -> None:
    """Dollars by scope, of a supervisor that begins: they are newer than what `budget` set."""
    with store.transaction():
        for scope, key in OPTIONS.items():
            store.set_team(key, str(told[scope]) if scope in told else "")
        for scope in told.keys() & SET_BY_COMMAND.keys():
            store.set_team(SET_BY_COMMAND[scope], "")


def with_options(settings: Settings, store: Store) -> Settings:
    """As the supervisor that runs holds them."""
    return msgspec.structs.replace(settings, budgets=_over(settings.budgets, store, OPTIONS))


def in_force(budgets: Budgets, store: Store) -> Budgets:
    """team.yaml's, with what a command set since in its place."""
    return _over(budgets, store, SET_BY_COMMAND)


def _over(budgets: Budgets, store: Store, keys: Mapping[str, str]) -> Budgets:
    found = {scope: store.team(key) for scope, key in keys.items()}
    return replace(
        budgets,
        **{
            scope: replace(getattr(budgets, scope), usd=float(usd))
            for scope, usd in found.items()
            if usd
        },
    )
