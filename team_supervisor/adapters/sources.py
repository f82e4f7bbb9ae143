"""Which files describe tasks, and what do they say?"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from team_supervisor.adapters import beads, files
from team_supervisor.core import checklist
from team_supervisor.core.tasksources import SPEC_FILE, Draft, SourceError, specification


def read(path: str, environ: Mapping[str, str], project: Path) -> tuple[list[Draft], list[str]]:
    """Drafts, and keys that are not known; SourceError names what cannot be used.

    A file's name is kept relative to the project, wherever the person stands.
    """
    place = Path(path)
    if path == "beads" or place.name == ".beads":
        directory = place.absolute().parent if place.name == ".beads" else Path.cwd()
        return beads.drafts(directory, environ), []
    if not place.exists():
        raise SourceError(
            f"{path} is not there: name a directory of <TASK-ID>-spec.md files, a check list, "
            "or `beads`"
        )
    found = _files(place)
    if place.is_dir():
        _refuse_strays(found, (place, project))
    drafts = [each for file in found for each in _drafts(file, project)]
    if not drafts:
        raise SourceError(f"{path} holds no task: see `team-supervisor tasks import --help`")
    return [draft for draft, _ in drafts], [key for _, keys in drafts for key in keys]


def _files(place: Path) -> list[Path]:
    """A file itself; of a directory its specifications, or those in its `specs/`, or tasks.md."""
    if not place.is_dir():
        return [place]
    for directory in (place, place / "specs"):
        names = sorted(os.listdir(directory), key=_natural) if directory.is_dir() else []
        if specs := [directory / name for name in names if SPEC_FILE.fullmatch(name)]:
            return specs
    if (place / "tasks.md").is_file():
        return [place / "tasks.md"]
    raise SourceError(f"{place} holds neither <TASK-ID>-spec.md files nor a tasks.md")


def _refuse_strays(found: list[Path], within: tuple[Path, ...]) -> None:
    """What a link brings in from elsewhere is told to agents only if a person names it."""
    real = [Path(os.path.realpath(place)) for place in within]
    for file in found:
        target = Path(os.path.realpath(file))
        if not any(target.is_relative_to(place) for place in real):
            raise SourceError(
                f"{file} leads out of the project, to {target}: copy it, or import it by its name"
            )


def _natural(name: str) -> list[tuple[int, str]]:
    """T2 before T10: the order of the files is the age of the tasks."""
    return [(int(p) if p.isdecimal() else -1, p) for p in re.split(r"([0-9]+)", name)]


def _named(file: Path, project: Path) -> str:
    whole = Path(os.path.abspath(file))
    return str(whole.relative_to(project) if whole.is_relative_to(project) else whole)


def _text(file: Path) -> str:
    try:
        text = files.read(file.resolve()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError(f"{file} is not UTF-8 text: save it as that") from None
    except (files.Unreadable, OSError) as error:
        raise SourceError(f"{file} cannot be read: {error}") from None
    if "\0" in text:
        raise SourceError(f"{file} holds a NUL character: it is no text")
    return text


def _drafts(file: Path, project: Path) -> list[tuple[Draft, list[str]]]:
    text = _text(file)
    if SPEC_FILE.fullmatch(file.name):
        draft, unknown = specification(text, _named(file, project))
        return [(draft, [f"{file}: `{key}`" for key in unknown])]
    return [(draft, []) for draft in checklist.drafts(text, _named(file, project))]
