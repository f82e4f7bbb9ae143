"""Which session is meant, and what is known of all of them?"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from team_supervisor.adapters import clock, locks
from team_supervisor.adapters.store import Store, open_reader
from team_supervisor.adapters.workspace import Entry, Workspace, is_real, locate, require, scan
from team_supervisor.core.model import Doing, Request, RequestStatus, Session
from team_supervisor.core.requests import request_name, requester
from team_supervisor.core.roster import (
    UNSUPERVISED,
    UNTIL_RESUMED,
    Board,
    SessionView,
    Usage,
    request_view,
    view,
)
from team_supervisor.errors import AgentNotFound, SingletonViolated, TeamError, UsageError

if TYPE_CHECKING:
    from team_supervisor.core.health import Health, HealthRules


def opened(given: str) -> tuple[Workspace, Store]:
    """An existing workspace and its store, for reading."""
    workspace = require(locate(given))
    return workspace, open_reader(workspace.database)


def opened_or_blank(given: str) -> tuple[Workspace, Store]:
    """The same, for what lists: where nothing was recorded yet, there is nothing to list."""
    workspace = require(locate(given))
    if not workspace.database.exists():
        from team_supervisor.adapters.blank import blank_store, is_blank

        if is_blank(workspace):
            return workspace, blank_store()
    return workspace, open_reader(workspace.database)


def find(store: Store, what: str) -> Session:
    """A session by id, name, or any part of one that only it has; UsageError lists the choices."""
    sessions = store.sessions()
    return choose(sessions, what)


def choose(sessions: Sequence[Session], what: str) -> Session:
    """Exact matches outweigh parts, living sessions outweigh ended ones."""
    exact = [s for s in sessions if what in (s.id, s.name, s.directory)]
    matches = exact or [s for s in sessions if what and (what in s.id or what in s.name)]
    if len(matches) > 1:
        alive = [s for s in matches if not s.ended]
        matches = alive or matches
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise AgentNotFound(what)
    could = ", ".join(f"{s.id} ({s.name})" for s in matches[:12])
    raise UsageError(f"{what!r} could be any of {len(matches)} sessions: {could}")


def refuse_second(workspace: Workspace, meant: Session) -> None:
    """SingletonViolated when it is to go on beside another one of its singleton persona."""
    from team_supervisor.adapters.personas import load, search_path

    persona = load(search_path(workspace.root, workspace.project)).by_name.get(meant.persona)
    if persona is None or not persona.singleton:
        return
    store = open_reader(workspace.database)
    live = [s for s in store.live() if not s.ended]
    store.close()
    other = next((s for s in live if s.persona == meant.persona and s.id != meant.id), None)
    if other is not None:
        raise SingletonViolated(meant.persona, other.id)


def refuse_replaced(workspace: Workspace, meant: Session) -> None:
    """TeamError when the task that it worked on is another worker's by now."""
    if meant.task is None:
        return
    from team_supervisor.adapters.tasktable import TaskTable
    from team_supervisor.core.taskwork import replaced

    store = open_reader(workspace.database)
    task = TaskTable(store).get(meant.task)
    store.close()
    if why := replaced(meant, task):
        raise TeamError(
            f"{meant.id} does not go on: {why}; see `team-supervisor tasks show {meant.task}`"
        )


def board(workspace: Workspace, store: Store, usage: Mapping[str, Usage] | None = None) -> Board:
    """Everything there is to show, with the truth about life from each session's lock."""
    now = clock.now().wall
    rules = health_rules(workspace) if usage else None
    holder = locks.held_by(workspace.lock)
    stopped = store.team("wanted") == "stop"
    held = UNTIL_RESUMED if stopped else "" if holder else UNSUPERVISED
    unseen = () if holder else _unseen(workspace, store)
    return Board(
        workspace=str(workspace.root),
        supervisor=str(holder) if holder else None,
        stopped=stopped,
        sessions=tuple(
            with_health(
                view(s, running(workspace, s), now, holder is not None, (usage or {}).get(s.id)),
                health_of(s, (usage or {}).get(s.id), rules, now) if rules else None,
            )
            for s in store.sessions()
        ),
        requests=tuple(request_view(r, now, held) for r in (*store.open_requests(), *unseen)),
        rejected=tuple(request_view(r, now) for r in store.rejections()),
    )


def _unseen(workspace: Workspace, store: Store) -> tuple[Request, ...]:
    """The requests that no supervisor has seen yet, as their directories tell of them."""
    known = {(r.name, r.device, r.inode) for r in store.open_requests()}
    claimed = {(s.request_name, s.request_device, s.request_inode) for s in store.live()}
    found = [
        entry
        for entry in scan(workspace).requests
        if (entry.name, entry.device, entry.inode) not in known | claimed
    ]
    return tuple(filter(None, (_read(workspace, entry) for entry in found)))


def _read(workspace: Workspace, entry: Entry) -> Request | None:
    from team_supervisor.adapters import intake

    name, path = request_name(entry.name), workspace.root / entry.name
    facts = intake.look(path)
    try:
        since = os.lstat(path).st_mtime
    except OSError:
        return None
    if name is None:
        return None
    return Request(
        id=0,
        name=entry.name,
        device=entry.device,
        inode=entry.inode,
        persona=name.persona,
        wanted_name=name.name,
        first_seen_at=since,
        status=RequestStatus.WAITING,
        reason=facts.waiting,
        requester=requester(facts.instructions),
    )


def health_rules(workspace: Workspace) -> "HealthRules":
    """As they are set; a broken team.yaml is told of elsewhere."""
    from team_supervisor.core.health import HealthRules
    from team_supervisor.settings import load

    try:
        return load(workspace.settings, {})[0].health
    except TeamError:
        return HealthRules()


def health_of(
    session: Session, usage: Usage | None, rules: "HealthRules", now: float
) -> "Health | None":
    """None for one that has no process."""
    if usage is None:
        return None
    from team_supervisor.core import health
    from team_supervisor.core.health import Vitals

    heard = usage.heard_at
    seen = Vitals(
        silent=None if heard is None else max(0.0, now - heard),
        rests=health.rests(session),
        tool=usage.tool,
        cpu=usage.cpu,
        memory=usage.memory,
        said_stalled=session.doing_detail if session.doing == Doing.STALLED else "",
    )
    return health.judge(seen, rules)


def with_health(view: SessionView, found: "Health | None") -> SessionView:
    """One that should run and does not is as bad as can be."""
    if view.status == "not running":
        from team_supervisor.core import health
        from team_supervisor.core.health import HealthRules, Vitals

        found = health.judge(Vitals(silent=None, gone=True), HealthRules())
    if found is None:
        return view
    return msgspec.structs.replace(
        view, health=found.level, heartbeat=found.signals[0].value, unwell=found.words
    )


def running(workspace: Workspace, session: Session) -> bool:
    """Its lock is held: its host or its agent lives."""
    if session.ended or session.attempt == 0:
        return False
    return locks.lock_held(workspace.session_lock(session.id))


def tasks_file(workspace: Path, what: str) -> Path:
    """The tasks.md of a session, archived or not."""
    found, store = opened(str(workspace))
    session = find(store, what)
    if gone := directory_gone(found, session):
        raise TeamError(gone)
    return found.root / session.directory / "tasks.md"


def directory_gone(workspace: Workspace, session: Session) -> str | None:
    """That there is nothing to read of a session, in a sentence; None where its directory is."""
    directory = workspace.root / session.directory
    if is_real(directory):
        return None
    return f"the directory of {session.id} is gone: put {directory} back, and its files are read"


def matching(views: Sequence[SessionView], part: str | None) -> list[SessionView]:
    """Those whose persona, name or id contains `part`; all of them without one."""
    if not part:
        return list(views)
    return [v for v in views if part in v.persona or part in v.name or part in v.id]
