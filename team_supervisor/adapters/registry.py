"""Which projects are registered on this machine?"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from team_supervisor.adapters import userfiles
from team_supervisor.core import projects
from team_supervisor.core.projects import Project, Unusable
from team_supervisor.errors import ProjectNotRegistered, TeamError, UsageError


@dataclass(frozen=True, slots=True)
class Registry:
    """projects.yaml: what is in it, in its order, and which entries cannot be used."""

    path: Path
    projects: tuple[Project, ...]
    unusable: tuple[Unusable, ...] = ()

    def find(self, name: str) -> Project:
        """By its slug, or by a path to it; UsageError names those that there are."""
        for project in self.projects:
            if project.slug.casefold() == name.casefold():
                return project
        real = os.path.realpath(name)
        for project in self.projects:
            if real in (os.path.realpath(project.path), os.path.realpath(project.workspace)):
                return project
        for entry in self.unusable:
            if entry.slug == name:
                raise UsageError(f"project {name!r} cannot be used: {entry.problem}, {self.path}")
        raise ProjectNotRegistered(name, self._known())

    def _known(self) -> str:
        if not self.projects:
            return "none is; register one with `team-supervisor projects add DIRECTORY`"
        slugs = [project.slug for project in self.projects]
        more = f" and {len(slugs) - 12} more" if len(slugs) > 12 else ""
        return f"known are {', '.join(slugs[:12])}{more}"


def load(environ: Mapping[str, str]) -> Registry:
    """The registry, empty when there is none; UsageError when the file is broken."""
    path = userfiles.place(environ, userfiles.REGISTRY)
    found, unusable = projects.read(userfiles.load(path).get("projects"))
    return Registry(path, tuple(found), tuple(unusable))


def slug(environ: Mapping[str, str], workspace: Path) -> str | None:
    """Under which slug a workspace is registered; None also when that cannot be read."""
    try:
        known = load(environ).projects
    except TeamError:
        return None
    real = os.path.realpath(workspace)
    return next((each.slug for each in known if os.path.realpath(each.workspace) == real), None)


def add(environ: Mapping[str, str], project: Project) -> None:
    """At its end; UsageError when its slug or its directory is registered already."""

    def enter(values: Any) -> None:
        entries = values.setdefault("projects", {})
        if entries is None:
            entries = values["projects"] = {}
        _refuse_second(project, entries)
        texts = {
            "name": project.name,
            "path": project.path,
            "workspace": project.workspace,
            "added_at": project.added_at,
        }
        entries[userfiles.scalar(project.slug)] = {
            key: userfiles.scalar(text) for key, text in texts.items()
        }

    _change(environ, enter)


def _refuse_second(project: Project, entries: object) -> None:
    known, unusable = projects.read(entries)
    if not isinstance(entries, Mapping):
        raise UsageError(f"projects.yaml: {unusable[0].slug}: {unusable[0].problem}")
    for other in known:
        if os.path.realpath(other.workspace) == os.path.realpath(project.workspace):
            raise UsageError(f"{project.path} is registered already, as {other.slug!r}")
    taken = {str(slug).casefold(): slug for slug in entries}
    if slug := taken.get(project.slug.casefold()):
        where = next((other.path for other in known if other.slug == slug), "another project")
        raise UsageError(f"the slug {slug!r} is taken by {where}: choose another one with --slug")


def remove(environ: Mapping[str, str], slug: str) -> None:
    """Out of the registry; nothing of the project is touched. Also an entry that is unusable."""

    def leave(values: Any) -> None:
        entries = values.get("projects")
        for key in list(entries) if isinstance(entries, Mapping) else []:
            if str(key) == slug:
                del entries[key]

    _change(environ, leave)


def _change(environ: Mapping[str, str], how: Any) -> None:
    path = userfiles.place(environ, userfiles.REGISTRY)
    lock = userfiles.make_directory(environ) / ".lock"
    userfiles.change(path, lock, how)
