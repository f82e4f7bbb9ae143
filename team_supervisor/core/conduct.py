"""What does a running agent need: a message, a nudge, a person, or nothing?"""

from team_supervisor.core import deadlock, logs, stalling, taskwork
from team_supervisor.core.holding import held, limited, out_of_time, outgrown, over_budget
from team_supervisor.core.model import Delivery, DeliveryKind, Doing, Session
from team_supervisor.core.taskfacts import StopWorker
from team_supervisor.core.verification import disputed, exhausted
from team_supervisor.core.world import (
    Action,
    Deliver,
    NoteDoing,
    Nudge,
    ReadInstructions,
    SessionFacts,
    World,
)

# Errors that more of the same cannot mend: a person must sign in, pay or allow.
HOPELESS = frozenset({400, 401, 402, 403, 404})
BLOCKED = "it says that its tasks are blocked"
# A process ended at what was left when it started; no person is needed.
HANDED_OVER = "what its process could spend is spent: a new one has the rest"
IMPORTANT = frozenset({DeliveryKind.FIRST, DeliveryKind.INSTRUCTIONS, DeliveryKind.DISPUTE})


def plan(facts: SessionFacts, world: World) -> list[Action]:
    """For an active session that is to go on."""
    grown = logs.grown(facts.logs, world.rules.logs)
    actions: list[Action] = [logs.MoveLogs(facts.session)] if grown else []
    if facts.news and facts.news_settled:
        actions.append(ReadInstructions(facts.session, *facts.news))
    if not held(facts.session, world):
        actions += [Deliver(facts.session, d) for d in unsent(facts)]
    doing, _ = what_it_does(facts, world)
    actions += noted(facts, world)
    if doing == Doing.WORKING and _needs_nudge(facts, world):
        reading = facts.watch.reading if facts.watch else None
        actions.append(Nudge(facts.session, reading.open_titles if reading else ()))
    if doing == Doing.STALLED:
        actions += stalling.plan(facts, world)
    return actions


def noted(facts: SessionFacts, world: World) -> list[Action]:
    """What it does goes into its row, where that says something else."""
    doing, detail = what_it_does(facts, world)
    if (doing, detail) == (facts.session.doing, facts.session.doing_detail):
        return []
    ends = finishing(facts) or _ends_anyway(facts.session, world)
    if not (needs_a_person(doing, detail) and ends):
        return [NoteDoing(facts.session, doing, detail)]
    return []


def unsent(facts: SessionFacts) -> list[Delivery]:
    """Deliveries that this attempt's process has not been sent."""
    attempt = facts.session.attempt
    return [d for d in facts.unseen if d.sent_at is None or (d.sent_attempt or 0) < attempt]


def untold(facts: SessionFacts) -> bool:
    """Is there something it was asked that it has not seen? Then it cannot be done.

    A program that does not talk cannot say what it saw. A restored session has to hear that it is.
    """
    important = facts.talks and any(d.kind in IMPORTANT for d in facts.unseen)
    restored = facts.talks and bool(facts.session.restored)
    return facts.news is not None or important or restored


def turn_over(facts: SessionFacts) -> bool:
    """A result ended the turn, and everything sent was put before the model."""
    return not facts.session.turn_open and not facts.unseen


def finishing(facts: SessionFacts) -> bool:
    """Its last turn left a list that says complete: what becomes of that says whether anybody is
    needed. A list that was not understood yet may say so."""
    if not facts.talks or facts.session.turn_open or untold(facts) or disputed(facts):
        return False
    return facts.unread or (facts.watch is not None and facts.watch.reading.complete)


def quiet(facts: SessionFacts, world: World) -> bool:
    """Nothing is on its way to it; what a limit keeps back waits with it."""
    return not facts.unseen or held(facts.session, world)


def needs_a_person(doing: Doing, detail: str) -> bool:
    """Is somebody to be told of it, or does it go on by itself?"""
    return doing in (Doing.ATTENTION, Doing.OVER_BUDGET) and detail != HANDED_OVER


def _ends_anyway(session: Session, world: World) -> bool:
    """Its task ends it in this look: what becomes of that says whether anybody is needed."""
    ours = (w for w in world.work.workers if w.session and w.session.id == session.id)
    retries = world.rules.task_retries
    return any(isinstance(taskwork.follow(w, world.now, retries), StopWorker) for w in ours)


def what_it_does(facts: SessionFacts, world: World) -> tuple[Doing, str]:
    """A rate limit hides nobody who needs a person; but it may be why one is silent."""
    session, found = facts.session, _but_for_a_limit(facts, world)
    if not limited(session, world) or (session.turn_open and _goes_on(session, world)):
        return found
    silent = found == stalling.state(facts, world)
    return found if needs_a_person(*found) and not silent else (Doing.RATE_LIMITED, "")


def _but_for_a_limit(facts: SessionFacts, world: World) -> tuple[Doing, str]:
    """In the order in which one outweighs the other."""
    session = facts.session
    gone = "" if facts.directory else "its directory is gone"
    if trouble := gone or logs.complaint(facts.logs, world.rules.logs):
        return Doing.ATTENTION, trouble
    if over := _over_budget(session, world):
        return Doing.OVER_BUDGET, over
    if not session.turn_open and outgrown(session, world):
        return Doing.OVER_BUDGET, HANDED_OVER
    # Asked before what is unseen: what fails like this may never be seen.
    if not session.turn_open and session.error_status in HOPELESS:
        return Doing.ATTENTION, session.last_error or f"error {session.error_status}"
    if facts.talks and not turn_over(facts):
        return stalling.state(facts, world) or (Doing.WORKING, "")
    return _at_rest(facts, world)


def _at_rest(facts: SessionFacts, world: World) -> tuple[Doing, str]:
    """No turn of it is open, as far as it has any."""
    session = facts.session
    if exhausted(facts, world):
        return Doing.ATTENTION, _disputed(session)
    if not facts.talks:
        return stalling.state(facts, world) or (Doing.WORKING, "")
    if stuck := world.stuck.get(session.id):
        return Doing.ATTENTION, stuck
    if waiting := waits_for(session, world):
        return Doing.WAITING, waiting
    return _idle(facts, world)


def _goes_on(session: Session, world: World) -> bool:
    """The others' limit does not end a turn that has begun; its own does, and may have."""
    own = session.rate_limited_until
    return own is None or own <= world.now.wall


def _over_budget(session: Session, world: World) -> str | None:
    """A turn that has begun is not cut short, but for its time."""
    if session.turn_open and not out_of_time(session, world):
        return None
    return over_budget(session, world)


def of_a_deadlock(session: Session, world: World) -> tuple[Doing, str] | None:
    """What the row of a parked session has to say else, since it is in one, or is no more."""
    stuck = world.stuck.get(session.id)
    if stuck and stuck != session.doing_detail:
        return Doing.ATTENTION, stuck
    if not stuck and deadlock.told(session):
        pause = f"an answer of {session.requester}" if session.requester else "instructions"
        return Doing.WAITING, waits_for(session, world) or pause
    return None


def deadlocks(world: World) -> list[Action]:
    """Each is said once, and once that it is over."""
    found = {each.key: each for each in world.deadlocks}
    if world.work.stuck and world.work.queue.closed is None:
        words = f"{deadlock.NO_TASK}{world.work.stuck}"
        plan_ = deadlock.Deadlock(key=deadlock.PLAN, words=words, since=world.now.wall)
        found[plan_.key] = plan_
    if not world.accepting:
        return []
    said = world.announced
    gone = [deadlock.EndDeadlock(key, said[key]) for key in said if key not in found]
    return [*gone, *(deadlock.AnnounceDeadlock(found[key]) for key in found if key not in said)]


def _idle(facts: SessionFacts, world: World) -> tuple[Doing, str]:
    """Nobody works for it, and its list has open tasks."""
    session = facts.session
    if pause := (facts.watch.reading.pause if facts.watch else ""):
        return _paused(session, pause)
    if list_changed(facts):
        return Doing.WORKING, ""
    nudged = session.nudges >= world.rules.max_nudges
    if nudged and _idle_for(session, world) and _goes_on(session, world):
        return Doing.ATTENTION, _stuck(session)
    return Doing.WORKING, ""


def _paused(session: Session, pause: str) -> tuple[Doing, str]:
    """It says that it cannot go on: somebody who was asked answers, else a person must."""
    if pause == "waiting":
        return Doing.WAITING, "instructions"
    if session.requester:
        return Doing.WAITING, f"an answer: its tasks are blocked, {session.requester} was asked"
    return Doing.ATTENTION, BLOCKED


def waits_for(session: Session, world: World) -> str:
    """Names of the live sessions and open requests that this session asked for."""
    return ", ".join(world.census.asked.get(session.id, ()))


def list_changed(facts: SessionFacts) -> bool:
    """Its list is another than the one that the row counts nudges for."""
    return facts.watch is not None and facts.watch.reading.digest != facts.session.tasks_digest


def _stuck(session: Session) -> str:
    denied = f"; it was denied {session.denials}" if session.denials else ""
    times = "once" if session.nudges == 0 else f"{session.nudges + 1} times"
    return f"its turn ended {times} with tasks open{denied}"


def _disputed(session: Session) -> str:
    log = f" (verify-{session.verification}.log)" if session.verification else ""
    what = f": {session.dispute}" if session.dispute else ""
    return f"its work was disputed {session.disputes} times{what}{log}"


def _needs_nudge(facts: SessionFacts, world: World) -> bool:
    return (
        facts.talks
        and turn_over(facts)
        and facts.session.nudges < world.rules.max_nudges
        and facts.news is None
        and not facts.unread
        and not list_changed(facts)
        and not (facts.watch is not None and facts.watch.reading.complete)
        and _idle_for(facts.session, world)
    )


def _idle_for(session: Session, world: World) -> bool:
    """Each nudge waits twice as long as the one before."""
    since = session.last_activity_at or session.started_at or world.now.wall
    return bool(abs(world.now.wall - since) >= world.rules.nudge_after * 2**session.nudges)
