"""How is each registered project, and what was set for it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from team_supervisor.adapters import locks
from team_supervisor.adapters.locks import Holder
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core.projects import Project, ProjectSettings
from team_supervisor.errors import TeamError
from team_supervisor.settings import load


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A project as it is now. `problem` says what about it could not be read."""

    project: Project
    settings: ProjectSettings
    holder: Holder | None
    problem: str | None = None


def look(project: Project, environ: Mapping[str, str]) -> Seen:
    """Whatever is broken about a project is said of it, and is no error."""
    workspace = Workspace(Path(project.workspace))
    settings, problem = _settings(workspace, environ)
    return Seen(
        project=project,
        settings=settings,
        holder=locks.held_by(workspace.lock),
        problem=problem,
    )


def _settings(
    workspace: Workspace, environ: Mapping[str, str]
) -> tuple[ProjectSettings, str | None]:
    if not workspace.root.is_dir():
        return ProjectSettings(), f"{workspace.root} is missing"
    try:
        return load(workspace.settings, environ)[0].project, None
    except TeamError as error:
        return ProjectSettings(), str(error)
