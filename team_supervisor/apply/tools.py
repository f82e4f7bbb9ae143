"""What do effects work with, and how do they write down what happened?"""

import shlex
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from team_supervisor.adapters import clock, files, git, process_table, processes
from team_supervisor.adapters.beads import Beads
from team_supervisor.adapters.mover import Mover
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.apply.batch import Batch
from team_supervisor.core.events import Event
from team_supervisor.core.model import Delivery, DeliveryKind, Moment, Session, Standing
from team_supervisor.core.persona import Persona
from team_supervisor.settings import Settings

# What an ended session that goes on begins with: nothing that was counted or noted holds any more.
FRESH: Mapping[str, object] = {
    "failures": 0,
    "nudges": 0,
    "restart_at": None,
    "ended_at": None,
    "ending": None,
    "reason": None,
    "error_status": None,
    "standing": Standing.OPEN,
    "disputes": 0,
}


@dataclass(slots=True)
class Walk:
    """Of which sessions does anything live? One walk over all processes serves one tick."""

    _at: Moment | None = None
    _found: set[str] = field(default_factory=set)

    def anything_of(self, session: str, workspace: Workspace, now: Moment) -> bool:
        """`now` is the tick's: its walk comes after its look, which saw the process end."""
        if self._at != now:
            self._at, self._found = now, process_table.marked_sessions(str(workspace.root))
        lock = workspace.session_control(session) / "lock"
        return session in self._found or processes.lock_held(lock)


@dataclass(slots=True)
class Head:
    """At which commit is the project? One question serves one tick."""

    _at: Moment | None = None
    _commit: str | None = None

    def at(self, project: Path, now: Moment) -> str | None:
        if self._at != now:
            self._at, self._commit = now, git.head(project)
        return self._commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """`started` is told which sessions this supervisor launched or adopted itself; the published
    copies of the `unpublished` are still to be written, and `afterwards` still to be done. The
    directories of those `astray` were not there for their copy: it is behind until they are."""

    workspace: Workspace
    settings: Settings
    store: Store
    personas: Callable[[], Mapping[str, Persona]]
    started: Callable[[str], None]
    environ: Mapping[str, str]
    mover: Mover = field(default_factory=Mover)
    walk: Walk = field(default_factory=Walk)
    head: Head = field(default_factory=Head)
    unpublished: set[str] = field(default_factory=set)
    astray: set[str] = field(default_factory=set)
    afterwards: list[tuple[str, Callable[[], bool]]] = field(default_factory=list)
    beads: Beads = field(default_factory=Beads)
    batch: Batch = field(default_factory=Batch)


def change(tools: Tools, session: Session, now: Moment, *events: Event, **values: Any) -> None:
    """Row and events in one transaction, then the published copy.

    What power loss takes back of it is seen again in the outside; but not which ending was meant,
    and an archive whose session knows of no end would be nobody's.
    """
    with tools.store.transaction(durable=values.get("ending") is not None):
        if values:
            tools.store.update(session.id, **values)
        for event in events:
            tools.store.record(event, now.wall)
    if values:
        publish(tools, session.id)


def once_recorded(tools: Tools, session: str, effect: Callable[[], bool]) -> bool:
    """Do what may only follow a commit, or takes longer than other writers may have to wait.

    Within a transaction by the supervisor, after it. True when something changed.
    """
    if tools.store.in_transaction:
        tools.afterwards.append((session, effect))
        return False
    return effect()


def publish(tools: Tools, session: str) -> None:
    """session.json: a copy for people and agents; the database is the truth.

    What a transaction changes is published once, after it, by the supervisor.
    """
    if tools.store.in_transaction:
        tools.unpublished.add(session)
        return
    row = tools.store.session(session)
    if row is None:
        return
    directory = tools.workspace.root / row.directory
    if not directory.is_dir() or directory.is_symlink():
        tools.astray.add(session)
        return
    tools.astray.discard(session)
    text = msgspec.json.format(msgspec.json.encode(_published(row)), indent=2) + b"\n"
    _keep(directory / "session.json", text)


def _published(row: Session) -> dict[str, Any]:
    return {
        "id": row.id,
        "persona": row.persona,
        "name": row.name,
        "requester": row.requester,
        "task": row.task,
        "state": row.state,
        "doing": None if row.ended else row.doing,
        "detail": row.doing_detail,
        "standing": row.standing,
        "dispute": row.dispute if row.standing == Standing.DISPUTED else None,
        "reason": row.reason,
        "pid": row.agent_pid,
        "attempt": row.attempt,
        "failures": row.failures,
        "depth": row.depth,
        "runner": row.runner,
        "conversation": row.conversation,
        "resumable": bool(row.resumable),
        "start_commit": row.start_commit,
        "tasks": {"done": row.tasks_done, "total": row.tasks_total, "problem": row.tasks_problem},
        "cost_usd": round(row.cost_usd, 6),
        "tokens": {"input": row.input_tokens, "output": row.output_tokens},
        "turns": row.turns,
        "created_at": clock.stamp(row.created_at),
        "started_at": clock.stamp(row.started_at) if row.started_at else None,
        "ended_at": clock.stamp(row.ended_at) if row.ended_at else None,
        "exit": {"code": row.exit_code, "signal": row.exit_signal, "reason": row.exit_reason},
    }


def track(tools: Tools, session: Session, offset: int, digest: str) -> None:
    """tracker.json: how far instructions.md was delivered, and the tasks.md last read."""
    directory = tools.workspace.directory(session.id)
    value = {"instructions_offset": offset, "tasks_digest": digest}
    if directory.is_dir() and not directory.is_symlink():
        _keep(directory / "tracker.json", msgspec.json.encode(value) + b"\n")


def _keep(path: Path, text: bytes) -> None:
    """Replacing a file makes some file systems write it out at once, so not without need."""
    try:
        same = files.read(path) == text
    except files.Unreadable:
        same = False
    if not same:
        files.write(path, text, durable=False)


def tell(tools: Tools, session: str, kind: DeliveryKind, text: str, source: str) -> bool:
    """Queue a text for a session's conversation, once per source; within a transaction."""
    row = tools.store.session(session)
    if row is None or row.ended:
        return False
    delivery = Delivery(
        id=_message_id(session, kind, text),
        session=session,
        kind=kind,
        text=text,
        created_at=clock.now().wall,
    )
    return tools.store.add_delivery(delivery, source)


def _message_id(session: str, kind: DeliveryKind, text: str) -> str:
    """Of a first message always the same: a conversation takes each id once, and has perhaps
    taken it before the database was lost. Others may be said again in the same words."""
    if kind != DeliveryKind.FIRST:
        return str(uuid.uuid4())
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{session}\n{text}"))


PROGRAMS = {
    "team-supervisor": "team_supervisor",
    "claude-wrapper": "team_supervisor",
    "scripted-agent": "team_supervisor.scripted_agent",
}
# As they were when they were last seen to be right.
_programs: dict[Path, tuple[files.Signature | None, ...]] = {}


def program_directory(workspace: Workspace) -> Path:
    """A directory with this program alone, for agents' PATH: not all that we are installed with."""
    directory = workspace.control / "bin"
    known = _programs.get(directory)
    if known is None or None in known or known != _signatures(directory):
        directory.mkdir(mode=0o700, exist_ok=True)
        for name, module in PROGRAMS.items():
            write_program(directory / name, module)
        _programs[directory] = _signatures(directory)
    return directory


def _signatures(directory: Path) -> tuple[files.Signature | None, ...]:
    return tuple(files.signature(directory / name) for name in PROGRAMS)


def write_program(path: Path, module: str) -> None:
    """A program that runs one of our modules, wherever we are installed."""
    # -P: an agent's working directory must not be able to shadow our modules.
    line = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m {module} "$@"\n'
    try:
        written = files.read(path) == line.encode()
    except files.Unreadable:
        written = False
    if not written:
        files.write(path, line, mode=0o700)
