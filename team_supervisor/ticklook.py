"""What does each registered project look like to whoever decides over all of them?"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from team_supervisor import __version__
from team_supervisor.adapters import registry, userfiles
from team_supervisor.adapters.recall import Recall
from team_supervisor.adapters.registry import Registry
from team_supervisor.core.projects import Project, Unusable
from team_supervisor.core.ticking import Outlook, Session
from team_supervisor.errors import TeamError

if TYPE_CHECKING:
    from team_supervisor.adapters.glance import Glance
    from team_supervisor.adapters.workspace import Workspace
    from team_supervisor.core.projects import ProjectSettings
    from team_supervisor.core.taskqueue import Queue


# Of values, not of projects: what was kept in another shape is read again.
SHAPE = f"{__version__}, 2"
STOPPED = "the team was stopped"


@dataclass(slots=True)
class Seen:
    """What was read: `ours` the sessions by label, `problems` a sentence by slug,
    `warnings` some about its team.yaml.

    `places` are those in which something lives or could start. `posts`: a person wants to be told
    of each decision, and there is a channel.
    """

    outlooks: list[Outlook] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    ours: dict[str, str] = field(default_factory=dict)
    places: "dict[str, Workspace]" = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    posts: bool = False


def look_at_all(
    environ: Mapping[str, str], told: Mapping[str, Sequence[str]]
) -> tuple[Registry, Seen]:
    """Every registered project; what came of reading them is kept for the next time."""
    recall = Recall(userfiles.cache(environ) / "projects.json", SHAPE)
    known = _registered(environ, recall)
    seen = look(known.projects, told, environ, recall)
    seen.posts = _posts(environ, recall)
    recall.close()
    return known, seen


def _registered(environ: Mapping[str, str], recall: Recall) -> Registry:
    path = userfiles.place(environ, userfiles.REGISTRY)
    name, files = "registry", (str(path),)
    found = recall.get(name, files)
    try:
        if found is not None:
            projects = tuple(Project(**each) for each in found["projects"])
            return Registry(path, projects, tuple(Unusable(*each) for each in found["unusable"]))
    except (TypeError, KeyError):
        pass  # kept in another shape
    known = registry.load(environ)
    projects_ = [{key: getattr(p, key) for key in p.__slots__} for p in known.projects]
    unusable = [[each.slug, each.problem] for each in known.unusable]
    recall.keep(name, files, {"projects": projects_, "unusable": unusable})
    return known


def _posts(environ: Mapping[str, str], recall: Recall) -> bool:
    """A config.yaml that is broken posts nothing: `config list` says what is wrong with it."""
    path = userfiles.place(environ, userfiles.CONFIG)
    if not path.exists():
        return False
    name, files = "config", (str(path),)
    kept = recall.get(name, files)
    if isinstance(kept, bool):
        return kept
    from team_supervisor import preferences

    try:
        found = preferences.load(environ)
    except TeamError:
        return False
    posts = found.verbose and found.notify.channel is not None
    recall.keep(name, files, posts)
    return posts


def look(
    projects: Sequence[Project],
    told: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    recall: Recall | None = None,
) -> Seen:
    """All of them, read only. `told` are the tasks by project that are asked about besides.

    One that cannot be read is a problem of its own, and no other's. `recall` keeps what was seen
    of those in which nothing lives and nothing could start.
    """
    recall = recall or Recall(None, SHAPE)
    seen = Seen()
    for project in projects:
        try:
            _look(seen, project, told.get(project.slug, ()), environ, recall)
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
    recall: Recall,
) -> None:
    root = os.path.abspath(project.workspace)
    if not os.path.isdir(root):
        raise TeamError(f"there is no workspace at {root}")
    database = f"{root}/.supervisor/supervisor.db"
    files = (f"{root}/team.yaml", database, f"{database}-wal")
    wanted = asked or requests_in(root)
    if not wanted and _kept(seen, project, recall.get(project.workspace, files)):
        return
    settings, warnings = _settings(files[0], environ)
    if warnings:
        seen.warnings[project.slug] = warnings
    facts = None if wanted else _quiet(database, settings)
    if facts is None:
        from team_supervisor.closelook import look_closely

        look_closely(seen, project, settings, asked)
        return
    recall.keep(project.workspace, files, [facts, warnings])
    seen.outlooks.append(Outlook(slug=project.slug, path=project.path, **facts))


def requests_in(root: str) -> int:
    """How many directories ask for a teammate: no database knows of those made since the last look.

    By their names alone; what is no request after all is seen by the visit.
    """
    with os.scandir(root) as entries:
        names = [entry.name for entry in entries if "-request-" in entry.name]
    return sum(not name.startswith(".") and "-rejected" not in name for name in names)


def _kept(seen: Seen, project: Project, kept: Any) -> bool:
    """Whether all that is needed was kept."""
    try:
        facts, warnings = kept
        seen.outlooks.append(Outlook(slug=project.slug, path=project.path, **facts))
    except (TypeError, ValueError):
        return False
    if warnings:
        seen.warnings[project.slug] = warnings
    return True


def _settings(path: str, environ: Mapping[str, str]) -> tuple["ProjectSettings", list[str]]:
    from team_supervisor.core.projects import ProjectSettings

    if not os.path.exists(path):
        return ProjectSettings(), []
    from pathlib import Path

    from team_supervisor.settings import load

    found, warnings = load(Path(path), environ)
    return found.project, list(warnings)


def _quiet(database: str, settings: "ProjectSettings") -> dict[str, Any] | None:
    """What an outlook says of a project without life; None when there may be some."""
    from team_supervisor.adapters.glance import glance
    from team_supervisor.core.iterations import DEFAULT
    from team_supervisor.core.projects import with_project

    found = glance(database) if os.path.lexists(database) else None
    if found is None or found.life:
        return None
    queue = with_project(_queue(found), settings)
    closed = STOPPED if found.wanted == "stop" else queue.closed
    if found.ready and not closed:
        return None
    return {
        "status": settings.status,
        "priority": settings.priority,
        "max_workers": queue.max_concurrent,
        "worker_timeout": settings.outside_timeout,
        "iteration": found.iteration or (DEFAULT if found.unnamed else None),
        "closed": closed,
    }


def _queue(found: "Glance") -> "Queue":
    from team_supervisor.core.taskqueue import stored

    return stored(found.paused, found.stops, found.most, found.stopped_by)
