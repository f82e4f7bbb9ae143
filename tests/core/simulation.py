"""What is a team, its agents and its files, when all of it is plain values?"""

from dataclasses import dataclass, field, replace
from typing import Any

from team_supervisor.core.admission import Limits
from team_supervisor.core.completion import TasksWatch, Verdict, note
from team_supervisor.core.lifecycle import check
from team_supervisor.core.model import (
    Delivery,
    DeliveryKind,
    Exit,
    Moment,
    Request,
    Session,
    State,
    Wanted,
)
from team_supervisor.core.world import Life, RequestLook, SessionFacts, World

from .worlds import NOW, reading, team, world

GONE = (Life.NONE, Life.ENDED)
HOUR = 3600.0


def wanted_again(one: Session) -> bool:
    return bool(one.retry_wanted or one.restore_wanted)


@dataclass(slots=True)
class Outside:
    """The process and the files of one session; `shown` of its tasks are in a list half written."""

    life: Life = Life.NONE
    exit: Exit | None = None
    grace: float | None = None
    tasks: list[bool] = field(default_factory=lambda: [False])
    shown: int | None = None
    appended: int = 0
    check: Life = Life.NONE
    verdict: Verdict | None = None
    archived: bool = False
    lives: int = 0
    deaths: int = 0

    def die(self, end: Exit | None) -> None:
        self.life, self.exit, self.shown = Life.ENDED, end, None
        self.deaths += 1


@dataclass(slots=True)
class Asked:
    """A request directory."""

    look: RequestLook
    since: float


@dataclass(slots=True)
class Simulation:
    """`watches` and `adopted` are the supervisor's memory; all else outlives it."""

    limits: Limits
    now: Moment = NOW
    rows: dict[str, Session] = field(default_factory=dict)
    outside: dict[str, Outside] = field(default_factory=dict)
    heard: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    known: dict[str, Request] = field(default_factory=dict)
    claimed: set[int] = field(default_factory=set)
    may_end: dict[str, set[State]] = field(default_factory=dict)
    watches: dict[str, TasksWatch] = field(default_factory=dict)
    adopted: set[str] = field(default_factory=set)
    accepting: bool = True
    launches_fail: bool = False
    made: int = 0
    places: int = 0

    def living(self) -> list[Session]:
        return [one for one in self.rows.values() if not one.ended]

    def look(self) -> World:
        self.places = self.limits.sessions - len(self.living())
        live = [one for one in self.rows.values() if not one.ended or wanted_again(one)]
        recent = [one for one in self.rows.values() if one.created_at > self.now.wall - HOUR]
        present = {name: asked.look.inode for name, asked in self.asked.items()}
        known = self.known.values()
        return world(
            *[self._facts(one) for one in live],
            now=self.now,
            requests=tuple(self._request(asked) for asked in self.asked.values()),
            vanished=tuple(r for r in known if present.get(r.name) != r.inode),
            team=team(*self.rows.values(), limits=self.limits, spawned=len(recent)),
            accepting=self.accepting,
        )

    def _request(self, asked: Asked) -> RequestLook:
        steady = self.now.monotonic - asked.since
        known = self.known.get(asked.look.name)
        ours = known if known and known.inode == asked.look.inode else None
        return replace(asked.look, row=ours, steady=steady)

    def _facts(self, one: Session) -> SessionFacts:
        if one.ended or one.state == State.REQUESTED:
            return SessionFacts(session=one)
        outside, heard = self.outside[one.id], self.heard.get(one.id, {})
        life = outside.life if one.attempt_at is not None else Life.NONE
        mine = tuple(d for d in self.deliveries.values() if d.session == one.id)
        offset = one.instructions_offset
        return SessionFacts(
            session=replace(one, **heard),
            life=life,
            pid=1 if life == Life.ALIVE else None,
            exit=outside.exit if life == Life.ENDED else None,
            watch=self._watch(one.id, outside),
            heard=heard,
            seen=tuple(d.id for d in mine if d.id in self.seen),
            unseen=tuple(d for d in mine if d.id not in self.seen),
            news=(offset, outside.appended) if outside.appended > offset else None,
            news_settled=True,
            stop_grace=outside.grace if one.state == State.STOPPING or one.restart_wanted else None,
            check=outside.check,
            verdict=outside.verdict if outside.check == Life.ENDED else None,
            adopted=one.id in self.adopted and one.state == State.ACTIVE,
        )

    def _watch(self, one: str, outside: Outside) -> TasksWatch:
        tasks = outside.tasks if outside.shown is None else outside.tasks[: outside.shown]
        found = reading(sum(tasks), len(tasks))
        self.watches[one] = note(self.watches.get(one), found, self.now.monotonic)
        return self.watches[one]

    def pass_time(self, seconds: float, wall: float = 0.0) -> None:
        monotonic = self.now.monotonic + seconds
        self.now = Moment(self.now.wall + seconds + wall, monotonic)

    def restart_supervisor(self) -> None:
        self.watches.clear()
        self.adopted = {one.id for one in self.living()}

    def set(self, one: Session, **values: Any) -> None:
        """As in the store: what an action saw may be older than the row."""
        if "state" in values:
            check(self.rows[one.id].state, values["state"])
        self.rows[one.id] = replace(self.rows[one.id], **values)

    def want(self, one: Session, wanted: Wanted) -> None:
        """A person asks for the end; who is ending already may end as it was going to."""
        self.rows[one.id] = replace(one, wanted=wanted)
        ending = {one.ending} if one.state == State.STOPPING and one.ending else set()
        self.may_end.setdefault(one.id, {State.STOPPED, *ending})

    def post(self, one: Session, kind: DeliveryKind) -> None:
        self.made += 1
        told = Delivery(
            id=f"d{self.made}", session=one.id, kind=kind, text="", created_at=self.now.wall
        )
        self.deliveries[told.id] = told
