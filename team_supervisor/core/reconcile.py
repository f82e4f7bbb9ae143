"""Which actions bring the team to what is wanted of it?"""

from dataclasses import replace

from team_supervisor.core import conduct, holding, intake, parking, taskwork, verification
from team_supervisor.core.budgets import left_usd
from team_supervisor.core.completion import TasksReading, claimed, over
from team_supervisor.core.model import Exit, Session, State, Wanted
from team_supervisor.core.restarts import Death, GiveUp, RestartAfter, decide
from team_supervisor.core.terms import restored
from team_supervisor.core.world import (
    Action,
    AskToStop,
    EndForRestart,
    Finish,
    Hear,
    ImportDirectory,
    Launch,
    Life,
    MarkActive,
    NoteDeath,
    NoteDoing,
    NoteTasks,
    NoteVerdict,
    Prepare,
    ReadInstructions,
    Reopen,
    Restore,
    Retry,
    SessionFacts,
    Sweep,
    World,
)


def plan(world: World) -> list[Action]:
    """Pure: the same world gives the same plan (after Nomad's reconciler)."""
    actions: list[Action] = []
    for facts in world.sessions:
        if not world.draining or _ending(facts.session):
            actions += _adopt(facts) + _hear(facts) + settle(facts, world)
    if not world.draining:
        # Before the plan asks for anybody: one of these may be the worker of a task.
        actions += [ImportDirectory(name) for name in world.strays]
    starting = world.accepting and not world.draining
    singles = world.singletons if starting else None
    actions += taskwork.plan(world.work, world.now, world.rules.task_retries, singles)
    if not world.draining:
        actions += holding.warnings(world)
        retried = [action.session for action in actions if isinstance(action, Retry | Restore)]
        actions += conduct.deadlocks(world)
        woken, team = parking.plan(world, retried)
        actions += [*woken, *intake.plan(replace(world, team=team))]
    return actions


def _adopt(facts: SessionFacts) -> list[Action]:
    adopted = facts.adopted and facts.life == Life.ALIVE
    return [MarkActive(facts.session, facts.pid, True)] if adopted else []


def _ending(session: Session) -> bool:
    return session.wanted != Wanted.RUN or session.state == State.STOPPING


def _hear(facts: SessionFacts) -> list[Action]:
    heard: list[Action] = []
    if facts.heard or facts.seen:
        heard.append(Hear(facts.session, facts.heard, facts.seen, facts.turns))
    reading = facts.watch.reading if facts.watch else None
    if reading and _is_news(reading, facts.session):
        heard.append(NoteTasks(facts.session, reading))
    return heard


def _is_news(reading: TasksReading, session: Session) -> bool:
    """A list that cannot be read says nothing new of what it waits for."""
    known = (session.tasks_digest, session.tasks_problem)
    if (reading.digest, reading.problem) != known:
        return True
    return reading.problem is None and reading.pause != session.tasks_pause


def settle(facts: SessionFacts, world: World) -> list[Action]:
    """What one session needs now, by its state."""
    session = facts.session
    match session.state:
        case State.REQUESTED:
            return _requested(facts)
        case State.STARTING:
            return _starting(facts, world)
        case State.ACTIVE:
            return _active(facts, world)
        case State.STOPPING:
            return _stopping(facts, world)
        case State.PARKED:
            return _parked(facts, world)
        case State.COMPLETED:
            return parking.again(Restore(session), world) if session.restore_wanted else []
        case State.FAILED | State.STOPPED:
            return parking.again(Retry(session), world) if session.retry_wanted else []


def _requested(facts: SessionFacts) -> list[Action]:
    # Prepared even when it is to be stopped: a request half claimed would be lost.
    return [Prepare(facts.session)]


def _starting(facts: SessionFacts, world: World) -> list[Action]:
    session = facts.session
    if facts.life == Life.ALIVE:
        return [MarkActive(session, facts.pid, facts.adopted)]
    if facts.life == Life.ENDED:
        return _died(facts, world)
    if session.wanted != Wanted.RUN:
        return _stop_wanted(facts, world)
    if facts.life == Life.ORPHANED:
        # Its host died before it could say that its agent runs: this one still reads its inbox.
        return [MarkActive(session, facts.pid, False)]
    return [] if facts.life == Life.STARTING else _not_running(facts, world)


def _not_running(facts: SessionFacts, world: World) -> list[Action]:
    session = facts.session
    if not facts.directory:
        gone = Exit(reason="spawn-error", error="its directory is gone", ended_at=world.now.wall)
        return [NoteDeath(session, gone, GiveUp(session.failures))]
    if session.attempt and facts.unread:
        return []
    if session.attempt and not session.restored and _work_is_done(facts):
        if not verification.disputed(facts):
            return _claim(facts, world)
        if verification.exhausted(facts, world) and not facts.unseen:
            return _park(facts, world)
    if holding.held(session, world):
        return _park(facts, world) if parking.had_process(session) else conduct.noted(facts, world)
    if session.restart_at is not None and not _due(session, world) and not session.restart_wanted:
        return []
    return [Launch(session, left_usd(holding.accounts(session, world)))]


def _park(facts: SessionFacts, world: World) -> list[Action]:
    """Its process is given back; what it is doing stays written down, and why."""
    session = facts.session
    _, detail = conduct.what_it_does(facts, world)
    note = conduct.noted(facts, world)
    return [*note, AskToStop(session, State.PARKED, detail, world.rules.stop_grace)]


def _due(session: Session, world: World) -> bool:
    """A wall clock set back must not make anyone wait longer than the longest delay."""
    left = (session.restart_at or 0.0) - world.now.wall
    return left <= 0 or left > world.rules.restarts.max_delay * 1.25


def _active(facts: SessionFacts, world: World) -> list[Action]:
    session = facts.session
    if facts.life in (Life.ENDED, Life.NONE):
        return _died(facts, world)
    if session.wanted != Wanted.RUN:
        return _stop_wanted(facts, world)
    if facts.life == Life.STARTING:
        # The host is still clearing away what its agent left behind; its exit comes next.
        return []
    if _complete(facts, world) and not verification.disputed(facts):
        return _claim(facts, world)
    if session.restart_wanted:
        return _for_restart(facts, world)
    if parking.gives_back(facts, world):
        return _park(facts, world)
    return conduct.plan(facts, world)


def _for_restart(facts: SessionFacts, world: World) -> list[Action]:
    """As gently as for a stop; what becomes of it is decided when its process has ended."""
    if facts.life == Life.ORPHANED:
        return [Sweep(facts.session)]
    if facts.stop_grace is not None:
        return []
    return [EndForRestart(facts.session, world.rules.stop_grace)]


def _parked(facts: SessionFacts, world: World) -> list[Action]:
    """It has no process; `parking.plan` wakes it when there is room."""
    session = facts.session
    if session.wanted != Wanted.RUN:
        return _stop_wanted(facts, world)
    if _work_is_done(facts) and not verification.disputed(facts):
        return _claim(facts, world)
    noted: list[Action] = []
    if (told := conduct.of_a_deadlock(session, world)) is not None:
        noted.append(NoteDoing(session, *told))
    news = facts.news if facts.news_settled else None
    return [*noted, ReadInstructions(session, *news)] if news else noted


def _complete(facts: SessionFacts, world: World) -> bool:
    rules = world.rules.completion
    if facts.watch is None or not claimed(facts.watch, facts.session.tasks_most, rules):
        return False
    if facts.session.restored or conduct.untold(facts):
        return False
    turn_over = facts.talks and conduct.turn_over(facts)
    return over(facts.watch, turn_over, rules, facts.silent)


def _claim(facts: SessionFacts, world: World) -> list[Action]:
    """It says that its work is complete: only what is verified ends as completed."""
    steps, verified = verification.plan(facts, world)
    return [*steps, _end_of_work(facts.session, world)] if verified else steps


def _work_is_done(facts: SessionFacts) -> bool:
    """For a session without a process: nobody writes tasks.md any more, one read is enough."""
    watch = facts.watch
    if watch is None or not watch.reading.complete or conduct.untold(facts):
        return False
    return watch.reading.total >= facts.session.tasks_most


def _end_of_work(session: Session, world: World) -> Action:
    return AskToStop(session, State.COMPLETED, "all tasks are completed", world.rules.stop_grace)


def _stop_wanted(facts: SessionFacts, world: World) -> list[Action]:
    why = taskwork.why_stopped(world.work, facts.session, world.now)
    return [AskToStop(facts.session, State.STOPPED, why, _grace(facts.session, world))]


def _grace(session: Session, world: World) -> float:
    return 0.0 if session.wanted == Wanted.STOP_NOW else world.rules.stop_grace


def _died(facts: SessionFacts, world: World) -> list[Action]:
    session, end = facts.session, facts.exit or Exit(ended_at=world.now.wall)
    if session.wanted != Wanted.RUN:
        return [NoteDeath(session, end, State.STOPPED, facts.complaint)]
    if facts.unread:
        return []
    if _work_is_done(facts) and not verification.disputed(facts):
        steps, verified = verification.plan(facts, world)
        if verified:
            return [*steps, NoteDeath(session, end, State.COMPLETED, facts.complaint)]
        # Its work is looked into without a process of it.
        return [NoteDeath(session, end, State.STARTING, facts.complaint)]
    if session.restart_wanted:
        return [NoteDeath(session, end, State.STARTING, facts.complaint)]
    if facts.unbegun:
        # Its supervisor died between the two: nothing of the agent has failed.
        return [NoteDeath(session, end, RestartAfter(0.0, session.failures), facts.complaint)]
    if holding.limited(session, world):
        return [NoteDeath(session, end, _after_limit(session, world), facts.complaint)]
    done = facts.watch.reading.done if facts.watch else 0
    death = Death(
        failures=session.failures,
        ran=max(0.0, end.ended_at - (session.attempt_at or end.ended_at)),
        progressed=max(session.tasks_done, done) > session.attempt_done,
    )
    then = decide(death, world.rules.restarts, world.jitter)
    return [NoteDeath(session, end, then, facts.complaint)]


def _after_limit(session: Session, world: World) -> RestartAfter:
    """A rate limit is not a crash: no failure is counted, and it waits until the limit ends."""
    until = holding.limited_until(session, world) or world.now.wall
    return RestartAfter(until - world.now.wall, session.failures)


def _stopping(facts: SessionFacts, world: World) -> list[Action]:
    session = facts.session
    if facts.life in (Life.ALIVE, Life.STARTING):
        grace = _grace(session, world)
        if facts.stop_grace is None or facts.stop_grace > grace:
            ending = session.ending or State.STOPPED
            return [AskToStop(session, ending, session.reason or "", grace)]
        return []
    if facts.life == Life.ORPHANED:
        return [Sweep(session)]
    if session.ending == State.COMPLETED and facts.directory:
        return _finish_work(facts)
    return [Finish(session, facts.exit)]


def _finish_work(facts: SessionFacts) -> list[Action]:
    """Asked once more when nothing runs: a last write may have opened a task again."""
    if facts.watch is None or facts.unread:
        return []
    if facts.session.wanted == Wanted.RUN and conduct.untold(facts):
        return [Reopen(facts.session, facts.exit)]
    if not facts.watch.reading.complete:
        return [Reopen(facts.session, facts.exit)]
    if verification.stands(facts):
        return [Finish(facts.session, facts.exit)]
    if restored(facts.session.verify):
        return [Reopen(facts.session, facts.exit)]
    seen = NoteVerdict(facts.session, verification.mark_of(facts), True)
    return [seen, Finish(facts.session, facts.exit)]
