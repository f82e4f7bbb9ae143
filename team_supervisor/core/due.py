"""When must a session be looked at again, although nothing is heard of it?"""

from collections.abc import Iterator

from team_supervisor.core import conduct, holding, parking, stalling
from team_supervisor.core.budgets import account_of
from team_supervisor.core.completion import FEWER_HELD, TasksWatch
from team_supervisor.core.model import Doing, Session, Standing, State
from team_supervisor.core.world import Life, SessionFacts, World

# Seconds. Something is under way of which no event tells; something may be, and one should.
SOON = 0.25
LATER = 2.0
# Who is silent for so long is felt for the first time.
FELT = 5.0
NEVER = float("inf")
# Looked at right at its time, a rounding could say that it has not come yet.
_BEHIND = 0.001


def next_look(facts: SessionFacts, world: World) -> float:
    """Seconds until time alone may ask for an action on this session, of a look that asked for
    none; NEVER when only an event can."""
    return min((left for left in _waits(facts, world) if left > 0), default=NEVER) + _BEHIND


def _waits(facts: SessionFacts, world: World) -> Iterator[float]:
    if facts.unread or facts.session.standing == Standing.CLAIMED:
        yield SOON
    if facts.session.attempt_at is not None:
        yield from _time_is_up(facts.session, world)
    match facts.session.state:
        case State.STARTING:
            yield from _starting(facts, world)
        case State.STOPPING:
            asked = facts.life == Life.ALIVE and facts.followed and facts.stop_grace is not None
            yield LATER if asked else SOON
        case State.PARKED:
            yield from _parked(facts, world)
        case State.ACTIVE:
            yield from _active(facts, world)
        case _:
            yield SOON


def _starting(facts: SessionFacts, world: World) -> Iterator[float]:
    restart_at = facts.session.restart_at
    waits = facts.life == Life.NONE and restart_at is not None
    yield (restart_at or 0.0) - world.now.wall if waits else SOON


def _parked(facts: SessionFacts, world: World) -> Iterator[float]:
    yield from _limit(facts.session, world)
    yield from _deadlock(facts.session, world)
    if facts.news is not None:
        yield SOON
    if parking.wakes(facts, world):
        yield LATER


def _active(facts: SessionFacts, world: World) -> Iterator[float]:
    session, rules, wall = facts.session, world.rules, world.now.wall
    if facts.life != Life.ALIVE:
        yield SOON if facts.life == Life.STARTING else LATER
    elif not facts.followed:
        yield LATER
    if facts.news is not None:
        yield SOON
    if facts.watch is not None and facts.watch.reading.complete:
        yield from _held_until(facts.watch, world)
        if facts.silent is not None:
            yield FELT - facts.silent
            yield rules.completion.grace - facts.silent
    yield from _limit(session, world)
    yield from _deadlock(session, world)
    yield from _stall(facts, world)
    if facts.talks and conduct.turn_over(facts):
        since = session.last_activity_at or session.started_at or wall
        yield since + rules.nudge_after * 2**session.nudges - wall
    if session.doing_since is not None:
        yield session.doing_since + rules.park_after - wall


def _stall(facts: SessionFacts, world: World) -> Iterator[float]:
    """Felt twice at least before it is taken for stalled, then again at each rung."""
    after = world.rules.stall_after
    if facts.still is None or not after or (facts.talks and conduct.turn_over(facts)):
        return
    for moment in (after / 3, after, after * stalling.NUDGE, after * stalling.ATTENTION):
        if facts.still < moment:
            yield moment - facts.still


def _held_until(watch: TasksWatch, world: World) -> Iterator[float]:
    """It must be read once more at each of these; SOON again as long as it could not be."""
    rules, now = world.rules.completion, world.now.monotonic
    for needed in (rules.quiet, rules.grace, FEWER_HELD):
        if watch.last - watch.since < needed:
            yield max(watch.since + needed - now, SOON if now - watch.since >= needed else 0.0)


def _limit(session: Session, world: World) -> Iterator[float]:
    until = holding.limited_until(session, world)
    if until is not None:
        yield until - world.now.wall


def _deadlock(session: Session, world: World) -> Iterator[float]:
    """Who waits for so long may do so for ever."""
    if session.doing == Doing.WAITING and session.doing_since is not None:
        yield session.doing_since + world.rules.nudge_after - world.now.wall


def _time_is_up(session: Session, world: World) -> Iterator[float]:
    _, budget, spent = account_of(session, world.rules.budgets, world.now)
    if budget.seconds is not None:
        yield budget.seconds - spent.seconds
        yield budget.seconds * world.rules.budgets.warn_at - spent.seconds
