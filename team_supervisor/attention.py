"""Which sessions are to be looked at now?"""

import heapq
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from team_supervisor.adapters.inotify import SessionEvents
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core import parking
from team_supervisor.core.census import count
from team_supervisor.core.due import NEVER, SOON, next_look
from team_supervisor.core.model import Moment, Session, State
from team_supervisor.core.world import RequestLook, World

# Nothing depends on an event: so often (seconds) every session is looked at without any.
ROUND = 60.0
# Who is looked at in turn is looked at with others: a look costs more than a session in it.
GATHER = 5.0
# The wall clock and the monotonic one apart by so many seconds more: asleep, or set.
JUMP = 1.0
# So many looks at once for what is heard of a session, then one each SOON: who writes one file
# and renames it is read at once, who writes without a pause costs little.
BURST = 3


@dataclass(frozen=True, slots=True)
class Common:
    """What decisions about one session depend on beside itself.

    `bounds` change them all; `asked` those of the requester; `crew`, how many have a process, and
    `asking`, whether a request is there, those of whoever waits for a place.
    """

    bounds: object
    asked: Mapping[str, tuple[str, ...]]
    crew: int
    asking: bool


def common(live: Mapping[str, Session], looks: Sequence[RequestLook], bounds: object) -> Common:
    """Who is limited at all goes on in order, so then it matters who else is there."""
    found = count(live.values(), looks)
    others = frozenset(found.before) if found.limited_until is not None else None
    return Common((found.limited_until, others, bounds), found.asked, found.crew, bool(looks))


@dataclass(slots=True)
class Attention:
    """Remembers who has to be looked at, and when; without `events` that is everybody, always."""

    workspace: Workspace
    events: SessionEvents | None = None
    _marked: set[str] = field(default_factory=set)
    _next: dict[str, float] = field(default_factory=dict)
    _heap: list[tuple[float, str]] = field(default_factory=list)
    _looked: dict[str, float] = field(default_factory=dict)
    _paid: dict[str, float] = field(default_factory=dict)
    _waking: set[str] = field(default_factory=set)
    _apart: float | None = None
    _common: Common | None = None
    _everybody: bool = True

    @property
    def selective(self) -> bool:
        return self.events is not None and self.events.healthy

    def mark(self, sessions: Iterable[str]) -> None:
        """Look at these with the next look."""
        self._marked.update(sessions)

    def mark_all(self) -> None:
        self._everybody = True

    def hear(self, now: float) -> None:
        """What file events tell: by the generic cell rate algorithm (ITU-T I.371), `_paid` being
        until when the looks so far are paid for."""
        if self.events is None:
            return
        happened = self.events.happened()
        if happened is None:
            self._everybody = True
            return
        for session in happened:
            at = self._paid.get(session, now) - (BURST - 1) * SOON
            if at <= now or now - self._looked.get(session, now) >= SOON:
                self._paid[session] = max(self._paid.get(session, now), now) + SOON
                self._marked.add(session)
            else:
                self._plan(session, min(self._next.get(session, NEVER), at))

    def due(self, live: Mapping[str, Session], common: Common, now: Moment) -> set[str]:
        """Of the live sessions; all of them when what is common to them is another now."""
        apart = now.wall - now.monotonic
        jumped = self._apart is not None and abs(apart - self._apart) > JUMP
        self._apart = apart
        known, self._common = self._common, common
        everybody = self._everybody or jumped or not self.selective
        marked, self._marked, self._everybody = self._marked, set(), False
        if everybody or known is None or common.bounds != known.bounds:
            return set(live)
        marked |= _others(known.asked, common.asked)
        found = {session for session in marked if session in live} | self._come(now, live)
        joined = common.crew != known.crew or common.asking
        if joined or any(live[session].state == State.PARKED for session in found):
            found |= self._waking & live.keys()
        return found

    def _come(self, now: Moment, live: Mapping[str, Session]) -> set[str]:
        found: set[str] = set()
        while self._heap and self._heap[0][0] <= now.monotonic:
            at, session = heapq.heappop(self._heap)
            if self._next.get(session) == at and session in live:
                found.add(session)
        return found

    def attend(self, session: Session) -> None:
        """Before the look, so that nothing falls between the two."""
        if self.events is None or session.state == State.REQUESTED or session.ended:
            return
        directories = [self.workspace.directory(session.id)]
        if session.state != State.PARKED:
            directories.append(self.workspace.session_control(session.id))
        self.events.attend(session.id, directories)

    def looked(self, world: World) -> None:
        """When each of those that were looked at has to be looked at again."""
        now = world.now.monotonic
        for facts in world.sessions:
            session = facts.session.id
            self._looked[session] = now
            if facts.session.state == State.PARKED and parking.wakes(facts, world):
                self._waking.add(session)
            else:
                self._waking.discard(session)
            self._plan(session, min(now + next_look(facts, world), _in_turn(now)))

    def again(self, session: str, now: float) -> None:
        """Something was to be done about it, which may not have worked."""
        self._plan(session, min(self._next.get(session, NEVER), now + SOON))

    def leave(self, gone: Iterable[str]) -> None:
        for session in gone:
            self._next.pop(session, None)
            self._looked.pop(session, None)
            self._paid.pop(session, None)
            self._waking.discard(session)
            if self.events is not None:
                self.events.leave(session)

    def until_next(self, now: float) -> float:
        """Seconds until somebody is due, if nothing happens before."""
        if self._marked or self._everybody:
            return 0.0
        while self._heap and self._next.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return max(0.0, self._heap[0][0] - now) if self._heap else NEVER

    def _plan(self, session: str, at: float) -> None:
        if self._next.get(session) != at:
            self._next[session] = at
            heapq.heappush(self._heap, (at, session))


def _others(known: Mapping[str, tuple[str, ...]], now: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {asker for asker in known.keys() | now.keys() if known.get(asker) != now.get(asker)}


def _in_turn(now: float) -> float:
    """When one is looked at again, whatever was heard: within a ROUND, with its neighbours."""
    return (now + ROUND * random.uniform(0.6, 1.0)) // GATHER * GATHER
