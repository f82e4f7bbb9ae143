"""What does the outside look like right now, as one value?"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from team_supervisor.adapters import intake, machine, personas
from team_supervisor.adapters.live import LiveRows
from team_supervisor.adapters.scans import Scans
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.workspace import Entry, Scan, Workspace
from team_supervisor.attention import Attention, common
from team_supervisor.core import deadlock
from team_supervisor.core.admission import Team
from team_supervisor.core.budgets import Account
from team_supervisor.core.due import LATER, SOON
from team_supervisor.core.model import Moment, Request, RequestStatus, Session, Standing, State
from team_supervisor.core.persona import Persona
from team_supervisor.core.requests import requester
from team_supervisor.core.taskfacts import Work
from team_supervisor.core.taskwork import has_room
from team_supervisor.core.world import Action, RequestLook, Rules, SessionFacts, World
from team_supervisor.look import SessionLooker
from team_supervisor.money import Bounds, Money
from team_supervisor.settings import Settings
from team_supervisor.tasklook import TaskLooker

HOUR = 3600.0
Key = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class _Steady:
    """A request's last signature, since when it has been that, and since when it is known."""

    signature: tuple[object, ...]
    since: float
    seen: float


def rules(settings: Settings) -> Rules:
    """The part of the settings that decisions need."""
    return Rules(
        completion=settings.completion,
        restarts=settings.restarts,
        settle=settings.settle,
        request_timeout=settings.request_timeout,
        stop_grace=settings.stop_grace,
        nudge_after=settings.nudge_after,
        max_nudges=settings.max_nudges,
        verify_attempts=settings.verify_attempts,
        logs=settings.logs,
        park_after=settings.park_after,
        stall_after=settings.stall_after,
        stagger=settings.rate_limit_stagger,
        share_rate_limits=settings.share_rate_limits,
        budgets=settings.budgets,
        process_usd=settings.max_budget_usd,
        task_retries=settings.task_retries,
        task_persona=settings.task_persona,
    )


class Observer:
    """Remembers between two looks only how long something has been so, and what saves work."""

    def __init__(self, workspace: Workspace, settings: Settings, store: Store) -> None:
        self._workspace = workspace
        self._settings = settings
        self._store = store
        self._rules = rules(settings)
        self.sessions = SessionLooker(workspace, settings)
        self.attention = Attention(workspace)
        self._live = LiveRows(store)
        self._scans = Scans(workspace)
        self._money = Money(settings, store)
        self._tasks = TaskLooker(store)
        self._tasks.use(settings.project)
        self._steady: dict[Key, _Steady] = {}
        self._known: set[str] = set()
        self._personas: personas.Personas | None = None
        self._asked = False  # in this look, whether these are still the personas
        self._fingerprint: tuple[object, ...] = ()

    def use(self, settings: Settings) -> None:
        """From the next look on."""
        self._settings, self._rules = settings, rules(settings)
        self.sessions.settings = settings
        self._tasks.use(settings.project)
        self._money.settings = settings

    def observe(self, now: Moment, *, draining: bool = False) -> World:
        """One look; OSError when the workspace's root is gone."""
        self._asked = False
        found = self._scans.latest()
        self.attention.mark(self._live.refresh())
        live = list(self._live.rows.values())
        rows = {(r.name, r.device, r.inode): r for r in self._store.open_requests()}
        looks = self._requests(found, live, rows, now)
        present = {(e.name, e.device, e.inode) for e in found.requests}
        claimed = {s.request_name for s in live if s.state == State.REQUESTED}
        bounds = self._money.bounds(now)
        facts, others = self._sessions(looks, bounds, now)
        work = self._tasks.look(live, {entry.name for entry in found.requests})
        return World(
            now=now,
            sessions=facts,
            others=others,
            requests=looks,
            vanished=tuple(
                r for k, r in rows.items() if k not in present and r.name not in claimed
            ),
            strays=self._strays(found, live),
            team=self._team(facts, looks, work, now, bounds),
            rules=replace(self._rules, budgets=bounds.budgets),
            jitter=random.uniform(-1.0, 1.0),
            accepting=self._store.team("wanted") != "stop",
            draining=draining,
            spent_team=bounds.team,
            spent_today=bounds.today,
            warned=bounds.warned,
            today=bounds.day,
            unheard=frozenset(self._live.unseen),
            announced=self._store.deadlocks(),
            work=work,
        )

    def _sessions(
        self, looks: tuple[RequestLook, ...], bounds: Bounds, now: Moment
    ) -> tuple[tuple[SessionFacts, ...], tuple[Session, ...]]:
        """What was seen of those that are due, and the rows of the others."""
        live, attention = self._live.rows, self.attention
        attention.leave(self.sessions.forget_all_but(live.keys()))
        shared = common(live, looks, (self._rules, bounds.budgets, *self._money.spent_up(bounds)))
        told, after = self._live.unseen.keys(), self._rules.nudge_after
        attention.mark(deadlock.misnoted(list(live.values()), told, looks, now.wall, after))
        due = attention.due(live, shared, now)
        seen = [live[name] for name in live if name in due]
        for session in seen:
            attention.attend(session)
        facts = tuple(self.sessions.look(s, self._live.unseen.get(s.id, ()), now) for s in seen)
        return facts, tuple(live[name] for name in live if name not in due)

    def planned(self, world: World, actions: Sequence[Action]) -> None:
        """Whom to look at again, and when."""
        self.attention.looked(world)
        for action in actions:
            session = getattr(action, "session", None)
            if session is not None:
                self.attention.again(session.id, world.now.monotonic)

    def rest(self, world: World, now: float) -> float:
        """Seconds until the next look, if nothing happens."""
        if not self.attention.selective:
            return SOON if pending(world) else LATER
        asked = any(not queued(look) for look in world.requests)
        return min(SOON if asked else LATER, self.attention.until_next(now))

    def persona_problems(self) -> tuple[str, ...]:
        """A sentence for each persona file that cannot be used."""
        self.personas()
        return tuple(p.problem for p in self._personas.problems) if self._personas else ()

    def _broken(self) -> Mapping[str, str]:
        """Why a persona cannot be requested although it has a file."""
        problems = self._personas.problems if self._personas else ()
        return {problem.path.stem: problem.problem for problem in problems}

    def personas(self) -> Mapping[str, Persona]:
        """By name; read again only when a file changed, which is asked once a look."""
        if self._asked and self._personas:
            return self._personas.by_name
        where = personas.search_path(self._workspace.root, self._workspace.project)
        fingerprint = personas.fingerprint(where)
        if self._personas is None or fingerprint != self._fingerprint:
            self._personas, self._fingerprint = personas.load(where), fingerprint
        self._asked = True
        return self._personas.by_name

    def _team(
        self,
        seen: tuple[SessionFacts, ...],
        looks: tuple[RequestLook, ...],
        work: Work,
        now: Moment,
        bounds: Bounds,
    ) -> Team:
        working = {s.id: s for s in self._live.rows.values() if not s.ended}
        known = dict(working)
        for look in looks:
            asker = requester(look.instructions)
            if asker and asker not in known and (row := self._store.session(asker)):
                known[asker] = row
        again = [f for f in seen if f.session.state == State.PARKED or f.session.ended]
        starting = bool(looks or again)
        return Team(
            personas=self.personas() if starting or has_room(work) else {},
            broken=self._broken() if looks else {},
            live=working,
            known=known,
            spawned=self._store.spawned_since(now.wall - HOUR) if looks else 0,
            disk_free=machine.free_bytes(self._workspace.root) if looks else 0,
            limits=self._settings.limits,
            memory_free=machine.available_memory() if starting else None,
            accounts=(
                Account("the team's", bounds.budgets.team, bounds.team),
                Account("today's", bounds.budgets.day, bounds.today),
            ),
            budgets=bounds.budgets,
        )

    def _requests(
        self, found: Scan, live: list[Session], rows: Mapping[Key, Request], now: Moment
    ) -> tuple[RequestLook, ...]:
        being_claimed = {
            (s.request_name, s.request_device, s.request_inode)
            for s in live
            if s.state == State.REQUESTED
        }
        entries = [e for e in found.requests if (e.name, e.device, e.inode) not in being_claimed]
        looks = tuple(
            self._request(entry, rows.get((entry.name, entry.device, entry.inode)), now)
            for entry in entries
        )
        current = {(look.name, look.device, look.inode) for look in looks}
        self._steady = {k: v for k, v in self._steady.items() if k in current}
        return looks

    def _request(self, entry: Entry, row: Request | None, now: Moment) -> RequestLook:
        key = (entry.name, entry.device, entry.inode)
        facts = intake.look(self._workspace.root / entry.name)
        before = self._steady.get(key)
        if before is None:
            before = _Steady(facts.signature, now.monotonic, now.monotonic)
        elif before.signature != facts.signature:
            before = replace(before, signature=facts.signature, since=now.monotonic)
        self._steady[key] = before
        return RequestLook(
            name=entry.name,
            device=entry.device,
            inode=entry.inode,
            row=row,
            age=now.monotonic - before.seen,
            steady=now.monotonic - before.since,
            arrived_whole=facts.arrived_whole,
            writing=facts.writing,
            instructions=facts.instructions,
            waiting=facts.waiting,
            problem=facts.problem,
        )

    def _strays(self, found: Scan, live: list[Session]) -> tuple[str, ...]:
        """Session directories without a row: made by hand, or the database was lost."""
        unknown = found.sessions - {s.id for s in live} - self._known
        if not unknown:
            return ()
        recorded = self._store.known_ids(unknown)
        self._known |= recorded
        root = self._workspace.root
        return tuple(sorted(n for n in unknown - recorded if self._is_session(root / n)))

    @staticmethod
    def _is_session(directory: Path) -> bool:
        return any((directory / name).is_file() for name in ("session.json", "instructions.md"))


def queued(look: RequestLook) -> bool:
    """Nothing but a place is missing."""
    return look.row is not None and look.row.status == RequestStatus.QUEUED


LIVELY = 10.0  # seconds; after so long without a word, a turn is one of the long ones
PASSING = (State.REQUESTED, State.STARTING, State.STOPPING)


def pending(world: World) -> bool:
    """Is something so near that the next look should come soon?"""
    return bool(world.requests) or any(_near(facts, world) for facts in world.sessions)


def _near(facts: SessionFacts, world: World) -> bool:
    session = facts.session
    if session.standing == Standing.CLAIMED or session.state in PASSING:
        return True
    if facts.heard or facts.unseen or facts.news:
        return True
    if facts.watch is not None and facts.watch.reading.complete:
        return True
    said = session.last_activity_at or session.started_at or 0.0
    return bool(session.turn_open) and abs(world.now.wall - said) < LIVELY
