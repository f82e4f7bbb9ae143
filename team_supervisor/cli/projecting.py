"""How is the supervisor of a project started for good, and stopped?"""

import os
from collections.abc import Mapping
from pathlib import Path

from team_supervisor import heartbeat
from team_supervisor.adapters import clock, detached, locks, registry
from team_supervisor.adapters.locks import Holder
from team_supervisor.adapters.store import open_reader
from team_supervisor.adapters.workspace import Workspace, create, require
from team_supervisor.cli.projectboard import warn
from team_supervisor.core.projects import Limits, Project, in_priority
from team_supervisor.core.words import age
from team_supervisor.errors import TeamError, UsageError, WorkspaceBusy
from team_supervisor.overview import look
from team_supervisor.settings import load

# Seconds: for its first look, which adopts every agent at work; and to end.
READY, ENDED = 60.0, 20.0


def active(environ: Mapping[str, str]) -> tuple[list[Project], list[str]]:
    """Those that are neither paused nor blocked, in the order of priority; the others in words."""
    now, limits = clock.now().wall, Limits()
    seen = [look(project, environ, now, limits) for project in registry.load(environ).projects]
    found = in_priority((s.project, s.settings) for s in seen)
    others = [f"{p.slug} is {s.status}" for p, s in found if s.status != "active"]
    return [project for project, settings in found if settings.status == "active"], others


def here(environ: Mapping[str, str]) -> list[Project]:
    """The registered project that the current directory is in, the innermost one; else none."""
    known, place = registry.load(environ), Path.cwd()
    roots = {os.path.realpath(each.path): each for each in known.projects}
    return [roots[str(p)] for p in (place, *place.parents) if str(p) in roots][:1]


def start(project: Project, environ: Mapping[str, str], limits: Limits) -> str:
    """What there is to say once it has had its first look; TeamError when it did not get there."""
    workspace = require(Workspace(Path(project.workspace)))
    warn(load(workspace.settings, environ)[1])
    create(workspace)
    seen = look(project, environ, clock.now().wall, limits)
    before = ""
    if seen.holder is not None:
        if seen.status == "running":
            return f"{project.slug} runs already: {seen.holder}"
        detached.end(workspace.lock, seen.holder, ENDED / 4)
        silent = f", silent for {age(seen.age)}," if seen.age is not None else ""
        before = f"; {seen.holder}{silent} hung and was ended, its agents go on"
    log = str(detached.log_of(workspace))
    words = ["orchestrate", "--workspace", str(workspace.root), "--log", log]
    process = detached.spawn(workspace, words, environ)
    for _ in range(int(READY / detached.STEP)):
        if (code := process.poll()) is not None:
            if code == WorkspaceBusy.exit_code and (other := locks.held_by(workspace.lock)):
                return f"{project.slug} already starts: {other}"
            raise TeamError(_ended_at_once(project, workspace, code))
        holder = locks.held_by(workspace.lock)
        if holder is not None and holder.pid == process.pid and _has_looked(workspace, holder):
            return f"Started {project.slug}: {holder}{before}"
        detached.rest()
    raise TeamError(f"{project.slug} was started and has not looked yet in {READY:g} s: see {log}")


def _ended_at_once(project: Project, workspace: Workspace, code: int) -> str:
    said = detached.last_line(workspace).removeprefix("Error: ") or "it said nothing"
    log = detached.log_of(workspace)
    return f"the supervisor of {project.slug} ended at once (exit {code}): {said}; see {log}"


def _has_looked(workspace: Workspace, holder: Holder) -> bool:
    try:
        store = open_reader(workspace.database)
    except TeamError:
        return False  # it is being made
    try:
        beat = heartbeat.last(store)
    finally:
        store.close()
    return beat is not None and beat.session == heartbeat.said_of(
        holder.command, holder.pid, holder.host
    )


def stop(project: Project, team: bool) -> str:
    """End its supervisor; with `team`, its agents before."""
    workspace = Workspace(Path(project.workspace))
    holder = locks.held_by(workspace.lock)
    if holder is not None and holder.command == "service":
        raise UsageError(
            f"{project.slug} is supervised by a service, which would come back: "
            f"`team-supervisor service uninstall -w {workspace.root}` ends it"
        )
    if team and workspace.database.exists():
        _stop_team(workspace)
        holder = locks.held_by(workspace.lock)
    if holder is None:
        return f"{project.slug} has no supervisor that runs" if not team else _stopped(project)
    detached.end(workspace.lock, holder, ENDED)
    return _stopped(project) if team else f"{_stopped(project)}; agents that run go on"


def _stopped(project: Project) -> str:
    return f"Stopped {project.slug}"


def _stop_team(workspace: Workspace) -> None:
    from team_supervisor.cli.stopping import wait_until_stopped
    from team_supervisor.cli.team import want_team_stopped

    stopping = want_team_stopped(workspace)
    if stopping:
        locks.ring(workspace.doorbell)
        wait_until_stopped(workspace, stopping)
