"""What is written down when a project is registered, or set otherwise?"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from team_supervisor.adapters import clock, locks, registry, userfiles
from team_supervisor.adapters.workspace import Workspace, create, locate
from team_supervisor.cli import scheduling
from team_supervisor.core.progress import clean
from team_supervisor.core.projects import LONGEST_SLUG, Project, is_slug, slug_of
from team_supervisor.errors import UsageError
from team_supervisor.settings import load


def add(path: Path, given: Mapping[str, Any], environ: Mapping[str, str]) -> Project:
    """The project as registered; its settings are in team.yaml, if any were given."""
    real = Path(os.path.realpath(path))
    if not real.is_dir():
        raise UsageError(f"{path} is not a directory: make it, or name another one")
    own = given.get("workspace")
    workspace = locate(os.path.realpath(own) if own else os.path.realpath(real / ".database"))
    name = clean(given.get("name") or real.name, 200).strip()
    project = Project(
        slug=_slug(given.get("slug"), real),
        name=name or str(given.get("slug") or "project"),
        path=str(real),
        workspace=str(workspace.root),
        added_at=clock.stamp(clock.now().wall),
    )
    create(workspace)
    # One that is broken is said now and not at the first start.
    load(workspace.settings, environ)
    registry.add(environ, project)
    scheduling.rouse()
    settle(workspace, given)
    return project


def _slug(given: str | None, path: Path) -> str:
    if given is not None and not is_slug(given):
        raise UsageError(
            f"{given!r} is no slug: it may have letters, digits and single dashes between them, "
            f"at most {LONGEST_SLUG}"
        )
    slug = given or slug_of(path.name)
    if not slug:
        raise UsageError(f"no slug can be made of {path.name!r}: choose one with --slug")
    return slug


KEYS = ("priority", "max_workers", "worker_timeout", "status", "channel", "agent", "model",
        "thinking", "cleanup")  # fmt: skip


def settle(workspace: Workspace, given: Mapping[str, Any]) -> None:
    """Write these settings of a project into its team.yaml; None says nothing."""
    chosen = {key: given[key] for key in KEYS if given.get(key) is not None}
    if chosen:
        lock = workspace.control / "settings.lock"
        userfiles.change(workspace.settings, lock, lambda values: _write(values, chosen))
        locks.ring(workspace.doorbell)


def _write(values: Any, chosen: Mapping[str, Any]) -> None:
    if values.get("project") is None:
        values["project"] = {}
    inner = values["project"]
    for key, value in chosen.items():
        dashed = key.replace("_", "-")
        inner[dashed if dashed in inner else key] = (
            userfiles.scalar(str(value)) if isinstance(value, str) else _short(value)
        )


def _short(number: float) -> float:
    return int(number) if number == int(number) else number


def take_out(name: str, environ: Mapping[str, str]) -> str:
    """What there is to say; one with a supervisor that runs is refused."""
    found = registry.load(environ)
    if any(entry.slug == name for entry in found.unusable):
        registry.remove(environ, name)
        return f"Removed {name} from the registry"
    project = found.find(name)
    holder = locks.held_by(Workspace(Path(project.workspace)).lock)
    if holder is not None:
        raise UsageError(
            f"{project.slug} is supervised by {holder}: "
            f"`team-supervisor projects stop {project.slug}` first"
        )
    registry.remove(environ, project.slug)
    return f"Removed {project.slug} from the registry; {project.path} is as it was"
