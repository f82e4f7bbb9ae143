"""How is a session prepared, started, ended and put away?"""

import os
import uuid
from dataclasses import replace

from team_supervisor.adapters import files, processes
from team_supervisor.adapters.workspace import claim, put_away, put_away_as
from team_supervisor.apply.tools import Tools, change, program_directory, publish, tell, track
from team_supervisor.core import briefing, tasklist
from team_supervisor.core.environment import agent_environment
from team_supervisor.core.events import (
    Event,
    SessionAdopted,
    SessionArchived,
    SessionExited,
    SessionFailed,
    SessionReopened,
    SessionRestarting,
    SessionRetried,
    SessionStarted,
    SessionStopped,
    TasksCompleted,
    Warned,
)
from team_supervisor.core.lifecycle import check
from team_supervisor.core.model import DeliveryKind, Doing, Moment, Session, State
from team_supervisor.core.persona import Persona
from team_supervisor.core.restarts import Death, GiveUp, RestartAfter, decide
from team_supervisor.core.words import how_it_ended, how_it_exited
from team_supervisor.core.world import (
    AskToStop,
    Exit,
    Finish,
    Launch,
    MarkActive,
    NoteDeath,
    Prepare,
    Reopen,
    Retry,
    Sweep,
)
from team_supervisor.errors import TeamError
from team_supervisor.runners import RUNNERS
from team_supervisor.runners.base import Start


def prepare(tools: Tools, action: Prepare, now: Moment) -> bool:
    """Claim the directory if that is still to be done, and write what is missing in it."""
    session, workspace = action.session, tools.workspace
    if session.request_name is not None:
        identity = (session.request_device or 0, session.request_inode or 0)
        if not claim(workspace, session.request_name, identity, session.id):
            return _vanished(tools, session, now)
    directory = workspace.directory(session.id)
    directory.mkdir(exist_ok=True)
    workspace.session_control(session.id).mkdir(mode=0o700, exist_ok=True)
    path = directory / "instructions.md"
    instructions = _text(tools, session)
    files.write_new(directory / "tasks.md", tasklist.first_tasks(session.name, instructions))
    found = files.signature(path)
    offset = found.size if found else 0
    track(tools, session, offset, "")
    text = briefing.first_message(session.id, str(path), instructions)
    with tools.store.transaction():
        tell(tools, session.id, DeliveryKind.FIRST, text, "first")
        tools.store.update(
            session.id,
            state=check(session.state, State.STARTING),
            instructions_offset=offset,
        )
    publish(tools, session.id)
    return True


def _text(tools: Tools, session: Session) -> str:
    try:
        data = files.read(tools.workspace.directory(session.id) / "instructions.md")
    except files.Unreadable:
        return ""
    return data.decode("utf-8-sig", "replace")


def _vanished(tools: Tools, session: Session, now: Moment) -> bool:
    reason = f"its request {session.request_name} was removed before it could be claimed"
    event = SessionFailed(session=session.id, name=session.name, reason=reason)
    state = check(session.state, State.FAILED)
    change(tools, session, now, event, state=state, reason=reason, ended_at=now.wall)
    return True


def launch(tools: Tools, action: Launch, now: Moment) -> bool:
    """A new attempt (or one that was recorded and never launched): row first, then the host."""
    session = action.session
    persona = tools.personas().get(session.persona)
    try:
        spec = _launch(tools, session, persona)
    except TeamError as error:
        return _cannot_start(tools, session, str(error), now)
    attempt = session.attempt
    if session.attempt_at is None:
        attempt += 1
        _begin(tools, session, attempt, now)
    processes.start_host(
        tools.workspace.session_control(session.id),
        replace(spec, attempt=attempt),
        _environment(tools, session),
    )
    tools.started(session.id)
    return True


def _begin(tools: Tools, session: Session, attempt: int, now: Moment) -> None:
    with tools.store.transaction():
        tools.store.update(
            session.id,
            attempt=attempt,
            attempt_at=now.wall,
            attempt_done=session.tasks_done,
            restart_at=None,
            turn_open=0,
            cost_before=session.cost_before + session.cost_attempt,
            cost_attempt=0.0,
        )
        tools.store.begin_attempt(session.id, attempt, now.wall)
        if session.resumable:
            path = str(tools.workspace.directory(session.id) / "tasks.md")
            text = briefing.resumed(path)
            tell(tools, session.id, DeliveryKind.RESUMED, text, f"resumed-{attempt}")


def _launch(tools: Tools, session: Session, persona: Persona | None) -> processes.Launch:
    if persona is None:
        raise TeamError(
            f"the persona {session.persona} of {session.id} is gone: put its file back and `retry`"
        )
    runner = RUNNERS.get(session.runner)
    if runner is None:
        known = ", ".join(RUNNERS)
        raise TeamError(f"{persona.source}: there is no runner {session.runner!r}; known: {known}")
    settings, workspace = tools.settings, tools.workspace
    directory = workspace.directory(session.id)
    cwd = workspace.project if persona.works_in == "project" else directory
    write_briefing(tools, session, persona)
    command = session.runner == "command"
    start = Start(
        binary=runner.find(None if command else settings.claude, tools.environ),
        conversation=session.conversation,
        resume=bool(session.resumable),
        persona_file=str(directory / "persona-instructions.md"),
        session_directory=str(directory),
        workspace=str(workspace.root),
        name=session.name,
        model=persona.model or settings.model,
        permission_mode=settings.permission_mode or persona.permission_mode,
        allowed_tools=persona.allowed_tools,
        tools=persona.tools,
        max_budget_usd=settings.max_budget_usd,
        extra=settings.runners.command.argv if command else settings.claude_arguments,
    )
    return processes.Launch(
        session=session.id,
        attempt=session.attempt,
        argv=tuple(runner.command(start)),
        cwd=str(cwd),
        transcript=str(directory / "transcript.jsonl"),
        stderr=str(directory / "stderr.log"),
        stop_grace=settings.stop_grace,
    )


def write_briefing(tools: Tools, session: Session, persona: Persona) -> None:
    """persona-instructions.md, written anew for every attempt."""
    workspace, known = tools.workspace, tools.personas()
    directory = workspace.directory(session.id)
    project = persona.works_in == "project"
    text = briefing.persona_instructions(
        briefing.Briefing(
            session_id=session.id,
            name=session.name,
            persona=persona,
            requester=session.requester,
            workspace=str(workspace.root),
            session_directory=str(directory),
            working_directory=str(workspace.project if project else directory),
            may_request=tuple(
                (name, known[name].description) for name in persona.may_request if name in known
            ),
        )
    )
    files.write(directory / "persona-instructions.md", text, durable=False)


def _environment(tools: Tools, session: Session) -> dict[str, str]:
    env = tools.settings.env
    found = agent_environment(tools.environ, env.pass_, env.drop)
    program = program_directory(tools.workspace)
    return {
        **found,
        "TEAM_SESSION_ID": session.id,
        "TEAM_WORKSPACE": str(tools.workspace.root),
        "PATH": f"{program}{os.pathsep}{found.get('PATH', os.defpath)}",
    }


def _cannot_start(tools: Tools, session: Session, problem: str, now: Moment) -> bool:
    end = Exit(reason="spawn-error", error=problem, ended_at=now.wall)
    policy = tools.settings.restarts
    then = decide(Death(session.failures, 0.0, False), policy, 0.0)
    return note_death(tools, NoteDeath(session, end, then), now)


def mark_active(tools: Tools, action: MarkActive, now: Moment) -> bool:
    """The host reported a running agent."""
    session, pid = action.session, action.pid or 0
    tools.started(session.id)
    event: Event
    if action.adopted:
        event = SessionAdopted(
            session=session.id, persona=session.persona, name=session.name, pid=pid
        )
        change(tools, session, now, event)
        return True
    event = SessionStarted(
        session=session.id,
        persona=session.persona,
        name=session.name,
        pid=pid,
        attempt=session.attempt,
        resumed=bool(session.resumable),
    )
    tools.store.attempt_running(session.id, session.attempt, action.pid)
    change(
        tools,
        session,
        now,
        event,
        state=check(session.state, State.ACTIVE),
        agent_pid=action.pid,
        started_at=session.started_at or now.wall,
        doing=Doing.WORKING,
        doing_detail="",
        doing_since=now.wall,
    )
    return True


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
    values, follow = _consequence(action, words, tools, now)
    with tools.store.transaction():
        close_attempt(tools, session, end)
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
    if isinstance(then, GiveUp):
        said = f"{then.failures} failures in a row, the last: {said}"
        ending, reason = State.FAILED, said
    else:
        ending, reason = then, session.reason or said
    stopping = check(session.state, State.STOPPING)
    return {"state": stopping, "ending": ending, "reason": reason}, []


def close_attempt(tools: Tools, session: Session, end: Exit) -> None:
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
        agent_pid=None,
        turn_open=0,
        exit_code=end.code,
        exit_signal=end.signal,
        exit_reason=end.reason,
    )


def ask_to_stop(tools: Tools, action: AskToStop, now: Moment) -> bool:
    """Record the ending that is meant, then ask the host."""
    session = action.session
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
        )
    if session.attempt_at is not None:
        control = tools.workspace.session_control(session.id)
        processes.ask_to_stop(control, session.attempt, action.grace)
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
    left = processes.sweep(session.id, str(tools.workspace.root))
    if left:
        return False
    ending = session.ending or State.STOPPED
    directory = _archive(tools, session) if ending == State.COMPLETED else session.directory
    end = action.exit or Exit(ended_at=now.wall)
    with tools.store.transaction():
        if session.attempt_at is not None:
            close_attempt(tools, session, end)
        tools.store.update(
            session.id,
            state=check(session.state, ending),
            ended_at=now.wall,
            directory=directory,
            doing=Doing.WORKING,
            doing_detail="",
        )
        tools.store.record(_end_event(session, ending, directory, end), now.wall)
        _tell_requester(tools, session, ending, directory)
    publish(tools, session.id)
    return True


def _archive(tools: Tools, session: Session) -> str:
    """The archive's name; renamed already when a crash came between rename and record."""
    if tools.workspace.directory(session.id).is_dir():
        return put_away(tools.workspace, session.id, "completed")
    return put_away_as(tools.workspace, session.id) or session.directory


def _end_event(session: Session, ending: State, directory: str, end: Exit) -> Event:
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
        return SessionFailed(session=session.id, name=session.name, reason=reason)
    return SessionStopped(session=session.id, name=session.name, reason=reason)


def _tell_requester(tools: Tools, session: Session, ending: State, directory: str) -> None:
    if session.requester is None:
        return
    how = how_it_ended(ending, session.reason or "")
    path = str(tools.workspace.root / directory)
    text = briefing.teammate_ended(session.id, session.name, how, path)
    source = f"ended-{session.id}-{session.attempt}"
    tell(tools, session.requester, DeliveryKind.NOTICE, text, source)


def reopen(tools: Tools, action: Reopen, now: Moment) -> bool:
    """Tasks were opened again between the claim and the end: it goes on."""
    session = action.session
    with tools.store.transaction():
        if session.attempt_at is not None:
            close_attempt(tools, session, action.exit or Exit(ended_at=now.wall))
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


def retry(tools: Tools, action: Retry, now: Moment) -> bool:
    """A person wants an ended session to go on."""
    session = action.session
    if not tools.workspace.directory(session.id).is_dir():
        reason = f"{session.id} cannot be retried: its directory is gone"
        change(tools, session, now, Warned(session=session.id, reason=reason), retry_wanted=0)
        return True
    change(
        tools,
        session,
        now,
        SessionRetried(session=session.id, name=session.name),
        state=check(session.state, State.STARTING),
        retry_wanted=0,
        failures=0,
        nudges=0,
        restart_at=None,
        ended_at=None,
        ending=None,
        reason=None,
        error_status=None,
    )
    return True
