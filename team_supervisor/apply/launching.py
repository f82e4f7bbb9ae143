"""How does an attempt begin: its row, its command line, its host?"""

import errno
import os
from dataclasses import replace
from pathlib import Path

from team_supervisor.adapters import files, processes
from team_supervisor.adapters.control import Before
from team_supervisor.apply.again import restarted
from team_supervisor.apply.batch import Begun
from team_supervisor.apply.ending import note_death
from team_supervisor.apply.starting import seed
from team_supervisor.apply.tools import Tools, program_directory, tell
from team_supervisor.core import briefing, messages
from team_supervisor.core.budgets import least
from team_supervisor.core.environment import agent_environment
from team_supervisor.core.model import DeliveryKind, Exit, Moment, Session
from team_supervisor.core.persona import Persona
from team_supervisor.core.restarts import Death, decide
from team_supervisor.core.together import untouched
from team_supervisor.core.world import (
    Launch,
    NoteDeath,
)
from team_supervisor.errors import TeamError
from team_supervisor.runners import RUNNERS
from team_supervisor.runners.base import Start


def launch(tools: Tools, action: Launch, now: Moment) -> bool:
    """A new attempt (or one that was recorded and never launched): row first, then the host.

    Within a transaction the host comes after it, with those of the others.
    """
    session = action.session
    persona = tools.personas().get(session.persona)
    try:
        spec = _launch(tools, action, persona)
    except TeamError as error:
        return _cannot_start(tools, session, str(error), now)
    _clear_away(tools, session)
    attempt = session.attempt
    if session.attempt_at is None:
        attempt += 1
        _begin(tools, session, attempt, now)
    begun = Begun(
        action,
        tools.workspace.session_control(session.id),
        replace(spec, attempt=attempt),
        environment(tools, session),
    )
    if tools.store.in_transaction:
        tools.batch.add(begun)
    else:
        begun.start()
    tools.started(session.id)
    return True


def _clear_away(tools: Tools, session: Session) -> None:
    """Nothing of an earlier life may run beside the new agent; OSError while something does.

    What an ended attempt left is swept. Of a session whose control files were lost the agent
    itself may still be at work: it is waited for. A new id can have left nothing.
    """
    if untouched(session):
        return
    root = str(tools.workspace.root)
    sweep = session.attempt > 0
    left = processes.sweep(session.id, root) if sweep else len(processes.marked(session.id, root))
    if left:
        words = f"{left} processes of it from before still run: end them, or wait until they end"
        raise OSError(errno.EBUSY, words, session.id)


def _begin(tools: Tools, session: Session, attempt: int, now: Moment) -> None:
    # Power loss takes the process with the row; an exit.json of this attempt is found again.
    done, asked = restarted(session)
    with tools.store.transaction(durable=False):
        for event in asked:
            tools.store.record(event, now.wall)
        tools.store.update(
            session.id,
            **done,
            attempt=attempt,
            attempt_at=now.wall,
            attempt_monotonic=now.monotonic,
            attempt_done=session.tasks_done,
            restart_at=None,
            turn_open=0,
            cost_before=session.cost_before + session.cost_attempt,
            cost_attempt=0.0,
        )
        tools.store.begin_attempt(session.id, attempt, now.wall)
        parked = session.parked_at and tools.store.has_unseen(session.id)
        if session.restored or (session.resumable and not parked):
            path = str(tools.workspace.directory(session.id) / "tasks.md")
            text = messages.resumed(path, bool(session.restored))
            tell(tools, session.id, DeliveryKind.RESUMED, text, f"resumed-{attempt}")


def _launch(tools: Tools, action: Launch, persona: Persona | None) -> processes.Launch:
    session = action.session
    if persona is None:
        raise TeamError(
            f"the persona {session.persona} of {session.id} is not usable: see `personas check`, "
            "mend or put back its file, and `retry`"
        )
    runner = RUNNERS.get(session.runner)
    if runner is None:
        known = ", ".join(RUNNERS)
        raise TeamError(f"{persona.source}: there is no runner {session.runner!r}; known: {known}")
    directory = _directory(tools, session)
    seed(tools, session)
    write_briefing(tools, session, persona)
    start = _start(tools, action, persona, directory)
    return processes.Launch(
        session=session.id,
        attempt=session.attempt,
        argv=tuple(runner.command(start)),
        cwd=str(tools.workspace.project if persona.works_in == "project" else directory),
        transcript=str(directory / "transcript.jsonl"),
        stderr=str(directory / "stderr.log"),
        stop_grace=tools.settings.stop_grace,
        before=_before(session, directory / "transcript.jsonl"),
    )


def _before(session: Session, transcript: Path) -> Before:
    """Kept beside the database, which may be lost while the process lives."""
    said = files.signature(transcript)
    return Before(
        transcript=said.size if said else 0,
        cost_usd=session.cost_usd,
        turns=session.turns,
        input_tokens=session.input_tokens,
        output_tokens=session.output_tokens,
    )


def _start(tools: Tools, action: Launch, persona: Persona, directory: Path) -> Start:
    session, settings = action.session, tools.settings
    command = session.runner == "command"
    argv = settings.runners.command.argv
    binary = (argv[0] if argv else None) if command else settings.claude
    return Start(
        binary=RUNNERS[session.runner].find(binary, tools.environ),
        conversation=session.conversation,
        resume=bool(session.resumable),
        persona_file=str(directory / "persona-instructions.md"),
        session_directory=str(directory),
        workspace=str(tools.workspace.root),
        name=session.name,
        model=persona.model or settings.model,
        permission_mode=settings.permission_mode or persona.permission_mode,
        allowed_tools=persona.allowed_tools,
        tools=persona.tools,
        max_budget_usd=least((action.left_usd, settings.max_budget_usd)),
        extra=argv if command else settings.claude_arguments,
    )


def _directory(tools: Tools, session: Session) -> Path:
    found = tools.workspace.directory(session.id)
    if not found.is_dir():
        raise TeamError(f"the directory {found} is gone: put it back and `retry`")
    return found


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


def environment(tools: Tools, session: Session) -> dict[str, str]:
    """What a session's agent, and who looks into its work, is started with."""
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
