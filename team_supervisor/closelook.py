"""What does one project look like in which something lives or could start?"""

import json
import math
from collections.abc import Sequence
from typing import Any

from team_supervisor import alone
from team_supervisor.adapters import clock, rows
from team_supervisor.adapters.processes import lock_held
from team_supervisor.adapters.store import Store, open_reader
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace, locate, scan
from team_supervisor.core import model, telling
from team_supervisor.core.budgets import worked
from team_supervisor.core.iterations import DEFAULT
from team_supervisor.core.projects import Project, ProjectSettings, with_project
from team_supervisor.core.singletons import startable
from team_supervisor.core.taskgraph import OVER, TaskState, behind, in_order
from team_supervisor.core.taskwork import rests
from team_supervisor.core.ticking import RUNNING, Outlook, Ready, Session, label
from team_supervisor.ticklook import STOPPED, Seen, requests_in

QUERIES = rows.queries("ticking.sql")
PASSING = (model.State.STARTING, model.State.ACTIVE, model.State.STOPPING)


def look_closely(
    seen: Seen, project: Project, settings: ProjectSettings, asked: Sequence[str]
) -> None:
    """Read only; TeamError when its database cannot be used."""
    place = locate(project.workspace)
    seen.places[project.slug] = place
    if not place.database.exists():
        # Sessions without a database were left by one that is lost: a visit takes them up again.
        life = requests_in(str(place.root)) + len(scan(place).sessions)
        seen.outlooks.append(_outlook(project, settings, busy=life))
        return
    store = open_reader(place.database)
    try:
        _read(seen, (project, settings, place), store, asked, clock.now())
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
    over = {r["id"]: r["source"] == "bd" for r in _about("over", store, asked)}
    workers: list[Session] = []
    if row["live"] or row["at_work"]:
        workers = _workers(seen, (project.slug, place), store, over, now)
    live = sum(1 for worker in workers if label_session(seen, worker))
    iteration = row["iteration"] or (DEFAULT if row["unnamed"] else None)
    stopped = row["wanted"] == "stop"
    waiting = 0 if stopped or queue.held_up else max(row["asked"], requests_in(str(place.root)))
    facts = {
        "iteration": iteration,
        "ready": _ready(store, place) if row["queued"] else (),
        "closed": STOPPED if stopped else queue.closed,
        "over": over,
        "limits": {r["id"]: r["timeout"] for r in _about("limits", store, asked)},
        "busy": max(0, row["live"] - live) + waiting,
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
        for key in ("thinking", "cleanup", "agent", "model")
        if (value := getattr(settings, key))
    }
    optional["channel"] = telling.public(settings.channel)
    values = {"max_workers": settings.max_workers or 1, **optional, **facts}
    return Outlook(
        slug=project.slug,
        path=project.path,
        status=settings.status,
        priority=settings.priority,
        worker_timeout=settings.outside_timeout,
        **values,
    )


def _about(what: str, store: Store, asked: Sequence[str]) -> list[dict[str, Any]]:
    return store.rows(QUERIES[what], {"ids": json.dumps(asked)}) if asked else []


def _ready(store: Store, place: Workspace) -> tuple[Ready, ...]:
    """Without those that wait for the only one of their persona."""
    table = TaskTable(store)
    free = table.ready()
    if not free:
        return ()
    ordered = in_order(free, behind(table.open()) if len(free) > 1 else {})
    found = startable(ordered, alone.look(place, store))
    return tuple(Ready(task.id, task.title, task.timeout) for task in found)


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
        facts = (worked(session, now), limit, rests(session))
        found.append(Session(name, _status(place, session), *facts))
    return found


def _status(place: Workspace, session: model.Session) -> str:
    if session.ended:
        return str(session.state)
    attempt = session.attempt_at is not None and session.restart_at is None
    if session.state in PASSING and attempt and not lock_held(place.session_lock(session.id)):
        return "gone"
    return RUNNING
