"""When does a waiting session give its process back, and when does it get one again?"""

from collections.abc import Sequence
from dataclasses import replace

from team_supervisor.core import conduct
from team_supervisor.core.admission import Team, crowded, full, second
from team_supervisor.core.holding import held, out_of_time
from team_supervisor.core.model import Doing, Session, State
from team_supervisor.core.taskwork import replaced
from team_supervisor.core.world import (
    Action,
    RefuseAgain,
    Restore,
    Retry,
    SessionFacts,
    Wake,
    World,
)

# Nothing happens in these until somebody else does something, or a time has come.
RESTING = frozenset({Doing.WAITING, Doing.ATTENTION, Doing.RATE_LIMITED, Doing.OVER_BUDGET})


def had_process(session: Session) -> bool:
    """Who never had one has none to give back: it waits where it is."""
    return bool(session.attempt or session.resumable)


def gives_back(facts: SessionFacts, world: World) -> bool:
    """Its process: it rests, or its time is over. Work that ends now is let end."""
    rests = may_park(facts, world) or out_of_time(facts.session, world)
    return rests and not conduct.finishing(facts)


def may_park(facts: SessionFacts, world: World) -> bool:
    """It rests since `park_after`, and can go on where it was."""
    session = facts.session
    if session.doing not in RESTING or session.turn_open or not session.resumable:
        return False
    if not facts.talks or facts.news is not None or not conduct.quiet(facts, world):
        return False
    # What its row says may be over: the turn of one that seemed to hang has ended, say.
    if conduct.what_it_does(facts, world)[0] != session.doing:
        return False
    if session.doing == Doing.OVER_BUDGET:
        return True
    since = session.doing_since
    return since is not None and abs(world.now.wall - since) >= world.rules.park_after


def wakes(facts: SessionFacts, world: World) -> bool:
    """Something arrived for a parked session, or what it waited for is over."""
    session = facts.session
    if session.retry_wanted:
        return True
    if held(session, world):
        return False
    if facts.unseen or (facts.news is not None and facts.news_settled):
        return True
    return _over(facts, world)


def _over(facts: SessionFacts, world: World) -> bool:
    match facts.session.doing:
        case Doing.RATE_LIMITED | Doing.OVER_BUDGET:
            return True
        case Doing.WAITING:
            says_so = facts.watch is not None and facts.watch.reading.pause
            return not says_so and not conduct.waits_for(facts.session, world)
    return False


def again(action: Retry | Restore, world: World) -> list[Action]:
    """An ended session goes on, unless another one lives where there may be only one.

    Of two that are wanted at once, the older one goes on. A task has one worker.
    """
    session = action.session
    if reason := replaced(session, world.work.meant.get(session.id)):
        return [RefuseAgain(session, reason)]
    older = [f.session for f in world.sessions if _before(f.session, session)]
    live = {**world.team.live, **{one.id: one for one in older}}
    reason = second(session.persona, replace(world.team, live=live))
    return [RefuseAgain(session, reason)] if reason else [action]


def _before(one: Session, other: Session) -> bool:
    wanted = one.retry_wanted or one.restore_wanted
    same = one.ended and one.persona == other.persona and one.id != other.id
    return bool(same and wanted and (one.created_at, one.id) < (other.created_at, other.id))


def plan(world: World, retried: Sequence[Session]) -> tuple[list[Wake], Team]:
    """Those that wake, longest parked first, as far as there is room; the team with them.

    Who is `retried` counts for them too.
    """
    team = replace(world.team, live={**world.team.live, **{s.id: s for s in retried}})
    parked = [f for f in world.sessions if f.session.state == State.PARKED]
    woken: list[Wake] = []
    for facts in sorted(parked, key=lambda f: (f.session.parked_at or 0.0, f.session.id)):
        if not wakes(facts, world) or crowded(team) or full(facts.session.persona, team):
            continue
        woken.append(Wake(facts.session))
        again = replace(facts.session, state=State.STARTING)
        team = replace(team, live={**team.live, again.id: again})
    return woken, team
