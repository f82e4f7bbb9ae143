"""What does each registered project look like to whoever decides over all of them?"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from team_supervisor.adapters import rows
from team_supervisor.adapters.processes import lock_held
from team_supervisor.adapters.store import Store, open_reader
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace, locate
from team_supervisor.core import model
from team_supervisor.core.budgets import worked
from team_supervisor.core.iterations import DEFAULT
from team_supervisor.core.projects import Project, ProjectSettings, with_project
from team_supervisor.core.taskgraph import OVER, TaskState, behind, in_order
from team_supervisor.core.ticking import RUNNING, Outlook, Ready, Session, label
from team_supervisor.errors import TeamError
from team_supervisor.settings import load

QUERIES = rows.queries("ticking.sql")
PASSING = (model.State.STARTING, model.State.ACTIVE, model.State.STOPPING)


@dataclass(slots=True)
class Seen:
    """What was read: `ours` the sessions by label, `problems` a sentence by slug."""

    outlooks: list[Outlook] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    ours: dict[str, str] = field(default_factory=dict)
    places: dict[str, Workspace] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def look(
    projects: Sequence[Project],
    told: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    now: model.Moment,
) -> Seen:
    """All of them, read only. `told` are the tasks by project that are asked about besides.

    One that cannot be read is a problem of its own, and no other's.
    """
    seen = Seen()
    for project in projects:
        try:
            _look(seen, project, told.get(project.slug, ()), environ, now)
        except TeamError as error:
            seen.problems[project.slug] = str(error)
        except Exception as error:
            # Anything may stand in a workspace: a broken one must not keep the others waiting.
            seen.problems[project.slug] = f"{project.workspace} cannot be read: {error}"
    return seen


def _look(
    seen: Seen,
    project: Project,
    asked: Sequence[str],
    environ: Mapping[str, str],
    now: model.Moment,
) -> None:
    place = locate(project.workspace)
    if not place.root.is_dir():
        raise TeamError(f"there is no workspace at {place.root}")
    settings = ProjectSettings()
    if place.settings.exists():
        settings = load(place.settings, environ)[0].project
    seen.places[project.slug] = place
    if not place.database.exists():
        seen.outlooks.append(_outlook(project, settings))
        return
    store = open_reader(place.database)
    try:
        _read(seen, (project, settings, place), store, asked, now)
    finally:
        store.close()


def _read(
    seen: Seen,
    what: tuple[Project, ProjectSettings, Workspace],
    store: Store,
    asked: Sequence[str],
    now: model.Moment,
) -> None:
    project, settings, place = what
    row = store.rows(QUERIES["outlook"], {})[0]
    table = TaskTable(store)
    queue = with_project(table.queue(), settings)
    over = {r["id"]: r["source"] == "bd" for r in _over(store, asked)}
    workers: list[Session] = []
    if row["live"] or row["at_work"]:
        workers = _workers(seen, (project.slug, place), store, over, now)
    live = sum(1 for worker in workers if label_session(seen, worker))
    iteration = row["iteration"] or (DEFAULT if row["unnamed"] else None)
    facts = {
        "iteration": iteration,
        "ready": _ready(table) if row["queued"] else (),
        "closed": "the team was stopped" if row["wanted"] == "stop" else queue.closed,
        "over": over,
        "busy": max(0, row["live"] - live) + row["asked"],
        "max_workers": queue.max_concurrent,
    }
    seen.sessions += workers
    seen.outlooks.append(_outlook(project, settings, **facts))


def label_session(seen: Seen, worker: Session) -> str | None:
    """The id of the live session behind a label of ours."""
    return seen.ours.get(worker.label)


def _outlook(project: Project, settings: ProjectSettings, **facts: Any) -> Outlook:
    optional = {
        key: value
        for key in ("channel", "thinking", "cleanup", "agent", "model")
        if (value := getattr(settings, key))
    }
    values = {"max_workers": settings.max_workers or 1, **optional, **facts}
    return Outlook(
        slug=project.slug,
        path=project.path,
        status=settings.status,
        priority=settings.priority,
        worker_timeout=settings.worker_timeout,
        **values,
    )


def _over(store: Store, asked: Sequence[str]) -> list[dict[str, Any]]:
    return store.rows(QUERIES["over"], {"ids": json.dumps(asked)}) if asked else []


def _ready(table: TaskTable) -> tuple[Ready, ...]:
    free = table.ready()
    ordered = in_order(free, behind(table.open()) if len(free) > 1 else {})
    return tuple(Ready(task.id, task.title, task.timeout) for task in ordered)


def _workers(
    seen: Seen,
    where: tuple[str, Workspace],
    store: Store,
    over: dict[str, bool],
    now: model.Moment,
) -> list[Session]:
    """What the supervisor knows: rows, and the locks that say who lives."""
    slug, place = where
    live = {session.id: session for session in store.live()}
    found = []
    for row in store.rows(QUERIES["workers"], {}):
        name = label(slug, row["task"])
        if TaskState(row["state"]) in OVER:
            over[row["task"]] = row["source"] == "bd"
        session = live.get(row["session"])
        if session is None:
            # Asked for and not there yet, or over while its task does not know it.
            found.append(Session(name, row["found"] or RUNNING))
            continue
        if not session.ended:
            seen.ours[name] = session.id
        limit = math.inf if session.timeout is None else session.timeout
        found.append(Session(name, _status(place, session), worked(session, now), limit))
    return found


def _status(place: Workspace, session: model.Session) -> str:
    if session.ended:
        return str(session.state)
    attempt = session.attempt_at is not None and session.restart_at is None
    if session.state in PASSING and attempt and not lock_held(place.session_lock(session.id)):
        return "gone"
    return RUNNING
