"""How is a session directory without a row taken up again?"""

import os
import re
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from team_supervisor.adapters import clock, files, git, processes
from team_supervisor.adapters.control import Before, Launched, last_launch, launched_attempt
from team_supervisor.adapters.parsing import SMALL, understand
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import archives, is_real
from team_supervisor.apply import recounting
from team_supervisor.apply.requests import agreed
from team_supervisor.apply.starting import prepare
from team_supervisor.apply.tools import Tools, publish
from team_supervisor.core.events import (
    SessionClaimed,
    Warned,
)
from team_supervisor.core.model import ENDED, Doing, Moment, Session, State
from team_supervisor.core.requests import NAME, session_persona
from team_supervisor.core.terms import Terms, TermsError, read, task_id
from team_supervisor.core.world import (
    ImportDirectory,
    Prepare,
)
from team_supervisor.runners import RUNNERS, Runner

# The name of an archive is that of its session and this.
ARCHIVE = re.compile(r"-completed(-[0-9]+)?\Z")
MOST_WORDS = 1000


class _Tokens(msgspec.Struct):
    input: int = 0
    output: int = 0


class _Exit(msgspec.Struct):
    code: int | None = None
    signal: int | None = None
    reason: str | None = None


class _Published(msgspec.Struct):
    """What is taken over from a session.json whose row is lost."""

    name: str = ""
    requester: str | None = None
    conversation: str = ""
    resumable: bool = False
    state: str = ""
    depth: int = 0
    cost_usd: float = 0.0
    tokens: _Tokens = msgspec.field(default_factory=_Tokens)
    turns: int = 0
    start_commit: str | None = None
    task: str | None = None
    reason: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    exit: _Exit = msgspec.field(default_factory=_Exit)


def import_directory(tools: Tools, action: ImportDirectory, now: Moment) -> bool:
    """A session directory without a row is taken up again, with its conversation if it had one."""
    persona = session_persona(action.name)
    if persona is None:
        return False
    old, problem = _old(tools, action.name)
    control = tools.workspace.session_control(action.name)
    control.mkdir(mode=0o700, parents=True, exist_ok=True)
    session = _imported(tools, action.name, persona, old, action.name)
    attempt = session.attempt
    held = processes.lock_held(control / "lock")
    with tools.store.transaction():
        tools.store.insert(session)
        recounting.record(tools, session, now.wall)
        again = bool(old.conversation) or problem is not None or attempt > 0
        tools.store.record(_taken_up(session, again), now.wall)
        if problem:
            tools.store.record(Warned(session=session.id, reason=problem), now.wall)
    prepare(tools, Prepare(session), now)
    _take_up(tools, session, now)
    if held and attempt:
        _at_work(tools, session, now)
    elif old.state in (State.FAILED, State.STOPPED):
        tools.store.update(session.id, **_ended(old, now))
    publish(tools, session.id)
    return True


def _taken_up(session: Session, again: bool = True) -> SessionClaimed:
    """Who was only just founded, or made by hand, was not at work before."""
    return SessionClaimed(
        session=session.id, persona=session.persona, name=session.name, taken_up=again
    )


def _at_work(tools: Tools, session: Session, now: Moment) -> None:
    """Its process has worked since it began, not since it is known again."""
    control = tools.workspace.session_control(session.id)
    agent = processes.look(control, session.attempt).agent
    age = processes.lived(agent, now.wall) if agent else 0.0
    tools.store.begin_attempt(session.id, session.attempt, now.wall - age)
    since: dict[str, Any] = {
        "attempt_at": now.wall - age,
        "attempt_monotonic": now.monotonic - age,
    }
    if agent:
        tools.store.attempt_running(session.id, session.attempt, agent.pid)
        since |= {"state": State.ACTIVE, "agent_pid": agent.pid, "started_at": now.wall - age}
        since |= {"doing": Doing.WORKING, "doing_since": now.wall - age}
    tools.store.update(session.id, **since)


def import_lost(tools: Tools, now: Moment) -> None:
    """Where the database is new, what was archived before it is known again, with what it cost;
    and so is who runs although its directory is gone: nobody would ever see it otherwise."""
    if not tools.store.is_new():
        return
    with tools.store.transaction():
        for name in archives(tools.workspace):
            _import_archive(tools, name, now)
        for name in sorted(os.listdir(tools.workspace.control / "sessions")):
            _import_living(tools, name, now)


def _import_living(tools: Tools, name: str, now: Moment) -> None:
    """With a row it needs a person, and ends with the team."""
    persona, control = session_persona(name), tools.workspace.session_control(name)
    if persona is None or is_real(tools.workspace.directory(name)):
        return
    if not processes.lock_held(control / "lock") or tools.store.session(name):
        return
    session = _imported(tools, name, persona, _Published(), name)
    if not session.attempt:
        return
    tools.store.insert(replace(session, state=State.STARTING))
    _at_work(tools, session, now)
    tools.store.record(_taken_up(session), now.wall)


def _import_archive(tools: Tools, name: str, now: Moment) -> None:
    identity = ARCHIVE.sub("", name)
    persona = session_persona(identity)
    old, _ = _old(tools, name)
    if persona is None or old.state != State.COMPLETED or tools.store.session(identity):
        return
    archived = _ended(old, now) | _counted(tools.workspace.root / name / "tasks.md")
    session = replace(_imported(tools, identity, persona, old, name), **archived)
    tools.store.insert(session)
    _take_up(tools, session, now)
    recounting.record(tools, session, session.created_at)


def _ended(old: _Published, now: Moment) -> dict[str, Any]:
    """How and when it ended."""
    started, ended = clock.moment_of(old.started_at), clock.moment_of(old.ended_at)
    number = {"exit_code": old.exit.code, "exit_signal": old.exit.signal}
    return {
        "state": State(old.state),
        "reason": (old.reason or f"was {old.state}")[:MOST_WORDS],
        "started_at": started,
        "ended_at": min(ended or now.wall, now.wall),
        "exit_reason": old.exit.reason and old.exit.reason[:MOST_WORDS],
        **{k: v for k, v in number.items() if v is not None and abs(v) < MOST_WORDS},
    }


def _counted(path: Path) -> dict[str, Any]:
    """What is too large for one look, or cannot be read, is not counted."""
    try:
        reading = understand(files.read(path, SMALL))
    except files.Unreadable:
        return {}
    return {
        "tasks_digest": reading.digest,
        "tasks_done": reading.done,
        "tasks_total": reading.total,
    }


def _take_up(tools: Tools, session: Session, now: Moment) -> None:
    """Where the plan was imported first, its task is waiting for it."""
    if session.task:
        TaskTable(tools.store).take_up(session.task, now.wall)


def _imported(tools: Tools, name: str, persona: str, old: _Published, directory: str) -> Session:
    """Of what an agent may have written into session.json, only what can do no harm."""
    known = tools.personas().get(persona)
    kind = tools.settings.runner or (known.runner if known else "claude")
    path = tools.workspace.root / directory / "transcript.jsonl"
    launched = last_launch(tools.workspace.session_control(name))
    terms = _kept_terms(tools, directory)
    return Session(
        id=name,
        persona=persona,
        name=old.name if NAME.fullmatch(old.name) else name,
        created_at=int(name.rpartition("-")[2]) / 1000,
        requester=old.requester if session_persona(old.requester or "") else None,
        depth=min(max(0, old.depth), 1000),
        runner=kind,
        conversation=_uuid(old.conversation) or str(uuid.uuid4()),
        resumable=int(old.resumable and _uuid(old.conversation) is not None),
        attempt=launched.attempt,
        directory=directory,
        verification=launched_attempt(tools.workspace.verification_control(name)),
        start_commit=git.known(old.start_commit),
        task=task_id(old.task) or terms.task,
        **_spent(old, launched, path, RUNNERS[kind]),
        **agreed(tools, known, terms),
    )


def _spent(old: _Published, launched: Launched, path: Path, runner: Runner) -> dict[str, Any]:
    published = Before(
        cost_usd=old.cost_usd,
        turns=old.turns,
        input_tokens=old.tokens.input,
        output_tokens=old.tokens.output,
    )
    if old.state in ENDED:
        return recounting.over(published, path)
    return recounting.going_on(published, launched.before, path, runner)


def _kept_terms(tools: Tools, name: str) -> Terms:
    """What cannot be read any more sets no terms: the session is there, and goes on."""
    try:
        return read(files.read(tools.workspace.root / name / "instructions.md").decode("utf-8-sig"))
    except (files.Unreadable, UnicodeDecodeError, TermsError):
        return Terms()


def _uuid(text: str) -> str | None:
    """It becomes an argument of a command line, and anybody can write session.json."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


def _old(tools: Tools, name: str) -> tuple[_Published, str | None]:
    path = tools.workspace.root / name / "session.json"
    if files.signature(path) is None:
        return _Published(), None
    try:
        return msgspec.json.decode(files.read(path), type=_Published), None
    except (files.Unreadable, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        problem = f"{path} is not usable ({error}): it is kept as session.json.corrupt"
        if not os.path.lexists(path.with_name("session.json.corrupt")):
            files.rename(path, "session.json.corrupt")
        return _Published(), problem
