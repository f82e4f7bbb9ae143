"""How does a session end, and how is it put away?"""

import uuid
from pathlib import Path

from team_supervisor.adapters import processes
from team_supervisor.adapters.workspace import is_real, put_away, put_away_as
from team_supervisor.apply.again import restarted
from team_supervisor.apply.tools import Tools, change, once_recorded, publish, tell
from team_supervisor.core import messages
from team_supervisor.core.budgets import worked
from team_supervisor.core.events import (
    Event,
    SessionArchived,
    SessionExited,
    SessionFailed,
    SessionParked,
    SessionReopened,
    SessionRestarting,
    SessionStopped,
    TasksCompleted,
)
from team_supervisor.core.lifecycle import check
from team_supervisor.core.model import DeliveryKind, Doing, Exit, Moment, Session, State
from team_supervisor.core.restarts import GiveUp, RestartAfter
from team_supervisor.core.words import how_it_ended, how_it_exited
from team_supervisor.core.world import (
    AskToStop,
    Finish,
    NoteDeath,
    Reopen,
    Sweep,
)


def note_death(tools: Tools, action: NoteDeath, now: Moment) -> bool:
    """The exit and what follows from it, in one transaction."""
    session, end = action.session, action.exit
    words = how_it_exited(end)
    event = SessionExited(
        session=session.id,
        name=session.name,
        attempt=session.attempt,
        code=end.code,
        signal=end.signal,
        reason=end.reason,
        words=words,
        left_behind=end.left_behind,
    )
    if end.reason == "unknown":
        # The host went first, so nobody ended what its agent had started.
        processes.sweep(session.id, str(tools.workspace.root))
    values, follow = _consequence(action, words, tools, now)
    if session.restart_wanted:
        done, asked = restarted(session)
        values |= done
        follow = [*asked, *follow] if values["state"] == State.STARTING else follow
    with tools.store.transaction():
        close_attempt(tools, session, end, now)
        if _conversation_lost(session, action.complaint):
            values |= {"resumable": 0, "conversation": str(uuid.uuid4())}
            tools.store.unsend_first(session.id)
        elif "already in use" in action.complaint:
            values |= {"resumable": 1}
        change(tools, session, now, event, *follow, **values)
    return True


def _conversation_lost(session: Session, complaint: str) -> bool:
    return bool(session.resumable) and "No conversation found" in complaint


def _consequence(
    action: NoteDeath, words: str, tools: Tools, now: Moment
) -> tuple[dict[str, object], list[Event]]:
    session, then, complaint = action.session, action.then, action.complaint or action.exit.error
    said = f"{words}: {complaint}" if complaint and complaint not in words else words
    if isinstance(then, RestartAfter):
        event = SessionRestarting(
            session=session.id,
            name=session.name,
            words=said,
            delay=round(then.delay, 1),
            failures=then.failures,
            limit=tools.settings.restarts.failures,
        )
        restart = {"failures": then.failures, "restart_at": now.wall + then.delay}
        return {"state": check(session.state, State.STARTING), "reason": said, **restart}, [event]
    if then == State.STARTING:
        return {"state": check(session.state, State.STARTING), "restart_at": None}, []
    if isinstance(then, GiveUp):
        said = _in_a_row(then.failures, said)
        ending, reason = State.FAILED, said
    else:
        ending, reason = then, session.reason or said
    stopping = check(session.state, State.STOPPING)
    return {"state": stopping, "ending": ending, "reason": reason}, []


def _in_a_row(failures: int, said: str) -> str:
    return f"{failures} failures in a row, the last: {said}" if failures > 1 else said


def close_attempt(tools: Tools, session: Session, end: Exit, now: Moment) -> None:
    """Attempt and row learn how the process ended; within a transaction."""
    tools.store.end_attempt(
        session.id,
        session.attempt,
        ended_at=end.ended_at,
        code=end.code,
        signal=end.signal,
        reason=end.reason,
        error=end.error,
        left_behind=end.left_behind,
        cost_usd=session.cost_attempt,
    )
    tools.store.update(
        session.id,
        attempt_at=None,
        attempt_monotonic=None,
        worked_before=worked(session, now),
        agent_pid=None,
        turn_open=0,
        exit_code=end.code,
        exit_signal=end.signal,
        exit_reason=end.reason,
    )


def ask_to_stop(tools: Tools, action: AskToStop, now: Moment) -> bool:
    """Record the ending that is meant, then ask the host."""
    session, workspace = action.session, tools.workspace
    if session.state != State.STOPPING:
        stopping = check(session.state, State.STOPPING)
        events = _stop_events(action)
        change(
            tools,
            session,
            now,
            *events,
            state=stopping,
            ending=action.ending,
            reason=action.reason,
            **({"restart_wanted": 0} if session.restart_wanted else {}),
        )
    if session.attempt_at is not None:
        control = workspace.session_control(session.id)
        once_recorded(tools, session.id, lambda: _ask_host(control, action))
    return True


def _ask_host(control: Path, action: AskToStop) -> bool:
    processes.ask_to_stop(control, action.session.attempt, action.grace)
    return True


def _stop_events(action: AskToStop) -> list[Event]:
    session = action.session
    if action.ending != State.COMPLETED:
        return []
    return [TasksCompleted(session=session.id, name=session.name, total=session.tasks_total)]


def sweep(tools: Tools, action: Sweep, now: Moment) -> bool:
    """End an agent whose host is gone, by the mark in its environment."""
    return processes.sweep(action.session.id, str(tools.workspace.root)) == 0


def finish(tools: Tools, action: Finish, now: Moment) -> bool:
    """Only when nothing with the session's mark is left is it recorded as ended."""
    session = action.session
    if tools.walk.anything_of(session.id, tools.workspace, now):
        root = str(tools.workspace.root)
        return once_recorded(tools, session.id, lambda: processes.sweep(session.id, root) == 0)
    ending = session.ending or State.STOPPED
    if ending == State.PARKED:
        return _park(tools, session, action.exit or Exit(ended_at=now.wall), now)
    directory = _archive(tools, session) if ending == State.COMPLETED else session.directory
    end = action.exit or Exit(ended_at=now.wall)
    with tools.store.transaction():
        if session.attempt_at is not None:
            close_attempt(tools, session, end, now)
        tools.store.update(
            session.id,
            state=check(session.state, ending),
            ended_at=now.wall,
            directory=directory,
            doing=Doing.WORKING,
            doing_detail="",
        )
        tools.store.record(_end_event(tools, session, ending, directory, end), now.wall)
        _tell_requester(tools, session, ending, directory)
    publish(tools, session.id)
    return True


def _park(tools: Tools, session: Session, end: Exit, now: Moment) -> bool:
    """What it was doing stays in its row: that is what it waits for."""
    event = SessionParked(
        session=session.id, name=session.name, doing=session.doing, detail=session.doing_detail
    )
    with tools.store.transaction():
        if session.attempt_at is not None:
            close_attempt(tools, session, end, now)
        parked = check(session.state, State.PARKED)
        change(tools, session, now, event, state=parked, ending=None, parked_at=now.wall)
    return True


def _archive(tools: Tools, session: Session) -> str:
    """The archive's name; renamed already when a crash came between rename and record."""
    directory = tools.workspace.directory(session.id)
    if directory.is_dir() and not directory.is_symlink():
        return put_away(tools.workspace, session.id, "completed")
    return put_away_as(tools.workspace, session.id) or session.directory


def _end_event(tools: Tools, session: Session, ending: State, directory: str, end: Exit) -> Event:
    reason = session.reason or ""
    if ending == State.COMPLETED:
        return SessionArchived(
            session=session.id,
            persona=session.persona,
            name=session.name,
            archive=directory,
            cost_usd=round(session.cost_usd, 6),
            left_behind=end.left_behind,
        )
    if ending == State.FAILED:
        return SessionFailed(
            session=session.id, name=session.name, reason=reason, task=session.task
        )
    gone = not is_real(tools.workspace.root / directory)
    return SessionStopped(session=session.id, name=session.name, reason=reason, gone=gone)


def _tell_requester(tools: Tools, session: Session, ending: State, directory: str) -> None:
    if session.requester is None:
        return
    how = how_it_ended(ending, session.reason or "")
    path = str(tools.workspace.root / directory)
    text = messages.teammate_ended(session.id, session.name, how, path)
    source = f"ended-{session.id}-{session.attempt}"
    tell(tools, session.requester, DeliveryKind.NOTICE, text, source)


def reopen(tools: Tools, action: Reopen, now: Moment) -> bool:
    """Tasks were opened again between the claim and the end: it goes on."""
    session = action.session
    with tools.store.transaction():
        if session.attempt_at is not None:
            close_attempt(tools, session, action.exit or Exit(ended_at=now.wall), now)
        change(
            tools,
            session,
            now,
            SessionReopened(session=session.id, name=session.name),
            state=check(session.state, State.STARTING),
            ending=None,
            reason=None,
            restart_at=None,
        )
    return True
