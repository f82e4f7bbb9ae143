"""How is each registered project, and what was set for it?"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from team_supervisor import heartbeat
from team_supervisor.adapters import heartbeats, locks
from team_supervisor.adapters.locks import Holder
from team_supervisor.adapters.store import Store, open_reader
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core.projects import (
    Heartbeat,
    Limits,
    Liveness,
    Project,
    ProjectSettings,
    Summary,
    liveness,
    silent_for,
    with_project,
)
from team_supervisor.errors import TeamError
from team_supervisor.settings import load

# Heartbeats of each project.
SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A project as it is now. `problem` says what about it could not be read.

    `warnings` are of its team.yaml, a sentence each.

    `beats` are the last heartbeats, the newest first; `age`: seconds since it, None without one.
    """

    project: Project
    settings: ProjectSettings
    status: Liveness
    holder: Holder | None
    beats: tuple[Heartbeat, ...]
    age: float | None
    summary: Summary | None
    max_workers: int
    problem: str | None = None
    warnings: tuple[str, ...] = ()


def look(project: Project, environ: Mapping[str, str], now: float, limits: Limits) -> Seen:
    """Whatever is broken about a project is said of it, and is no error."""
    workspace = Workspace(Path(project.workspace))
    holder = locks.held_by(workspace.lock)
    (settings, warnings), problem = _settings(workspace, environ)
    most, summary, beats, other = _stored(workspace, settings, now)
    beat = next(iter(beats), None)
    return Seen(
        project=project,
        settings=settings,
        status=liveness(holder is not None, _silent(holder, beat, now), limits),
        holder=holder,
        beats=beats,
        age=max(0.0, now - beat.at) if beat else None,
        summary=summary,
        max_workers=most,
        problem=problem or other,
        warnings=warnings,
    )


def _settings(
    workspace: Workspace, environ: Mapping[str, str]
) -> tuple[tuple[ProjectSettings, tuple[str, ...]], str | None]:
    """(settings and warnings, problem)"""
    plain = ProjectSettings(), ()
    try:
        if not workspace.root.is_dir():
            return plain, f"{workspace.root} is missing"
        found, warnings = load(workspace.settings, environ)
        return (found.project, warnings), None
    except TeamError as error:
        return plain, str(error)
    except OSError as error:
        return plain, f"{workspace.root} cannot be read ({error.strerror})"


def _stored(
    workspace: Workspace, settings: ProjectSettings, now: float
) -> tuple[int, Summary | None, tuple[Heartbeat, ...], str | None]:
    """(max workers, summary, last heartbeats, problem); a team that never began has nothing."""
    most = settings.max_workers or 1
    try:
        if not workspace.database.exists():
            return most, None, (), None
        store = open_reader(workspace.database)
        try:
            return (*_read(store, settings, now), None)
        finally:
            store.close()
    except (TeamError, sqlite3.Error) as error:
        return most, None, (), str(error)
    except OSError as error:
        return most, None, (), f"{workspace.root} cannot be read ({error.strerror})"


def _read(
    store: Store, settings: ProjectSettings, now: float
) -> tuple[int, Summary, tuple[Heartbeat, ...]]:
    queue = with_project(TaskTable(store).queue(), settings)
    beats = tuple(heartbeats.last(store, SHOWN))
    return queue.max_concurrent, heartbeat.summary(store, now), beats


def _silent(holder: Holder | None, beat: Heartbeat | None, now: float) -> float:
    if holder is None:
        return 0.0
    own = heartbeat.said_of(holder.command, holder.pid, holder.host)
    mine = beat.at if beat is not None and beat.session == own else None
    return silent_for(now, _since(holder), mine)


def _since(holder: Holder) -> float:
    try:
        return datetime.fromisoformat(holder.since).timestamp()
    except ValueError:
        return 0.0
