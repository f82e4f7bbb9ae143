"""Which persona files are there, and what do they say?"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from team_supervisor.core.persona import MAX_BYTES, Persona, PersonaError, parse

Fingerprint = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A persona file that cannot be used, and the sentence that says why."""

    path: Path
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Personas:
    """The personas in force by name, and every file that could not be used."""

    by_name: Mapping[str, Persona]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One file: its persona, or the problem with it; the name is the file's when it is broken."""

    path: Path
    name: str
    persona: Persona | None = None
    problem: str | None = None


def load(directories: Sequence[Path]) -> Personas:
    """All personas of these directories; of two with one name the earlier directory's counts.

    A broken file hides later ones of its name: nobody should be given the shipped persona
    because of a typing mistake in their own.
    """
    found: dict[str, Examined] = {}
    problems = []
    for directory in directories:
        examined = examine(directory)
        problems += [Problem(path=e.path, problem=e.problem) for e in examined if e.problem]
        found = {e.name: e for e in reversed(examined)} | found
    by_name = {name: e.persona for name, e in sorted(found.items()) if e.persona}
    return Personas(by_name=by_name, problems=tuple(problems))


def examine(directory: Path) -> list[Examined]:
    """Every persona file directly in this directory, by file name; none if it is not there."""
    return list(_second_of_a_name_is_a_problem(_examined(path) for path in _files(directory)))


def shipped_directory() -> Path:
    """Where the personas are that come with the program: in a wheel, or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "personas"
    return installed if installed.is_dir() else package.parent / "personas"


def search_path(workspace: Path, project: Path) -> list[Path]:
    """Where personas are looked for, the first that has one wins."""
    return [workspace / "personas", project / ".claude" / "agents", shipped_directory()]


def fingerprint(directories: Sequence[Path]) -> Fingerprint:
    """Differs when a persona file came, went or changed: path, mtime in ns, size of each."""
    return tuple(_stamp(path) for directory in directories for path in _files(directory))


def _files(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError:
        return []
    return [directory / name for name in names if _is_persona_file(name)]


def _is_persona_file(name: str) -> bool:
    return name.endswith(".md") and not name.startswith(".") and name.lower() != "readme.md"


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        status = path.lstat()
    except OSError:
        return str(path), 0, 0
    return str(path), status.st_mtime_ns, status.st_size


def _examined(path: Path) -> Examined:
    try:
        persona = parse(_text(path), source=_printable(str(path)), default_name=path.stem)
    except PersonaError as error:
        name, problem = _printable(path.stem), _printable(str(error))
        return Examined(path=path, name=name, problem=problem)
    return Examined(path=path, name=persona.name, persona=persona)


def _printable(text: str) -> str:
    """File names may hold bytes that are no text, line breaks and terminal commands."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _text(path: Path) -> str:
    try:
        return _content(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PersonaError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        # O_NOFOLLOW says "too many levels of symbolic links", which helps nobody.
        reason = "is a symlink" if path.is_symlink() else f"cannot be read ({error.strerror})"
        raise PersonaError(f"{path} {reason}; put a readable file in its place.") from None


def _content(path: Path) -> bytes:
    # O_NONBLOCK: opening a FIFO would wait for a writer for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise PersonaError(f"{path} is not a regular file; put a readable file in its place.")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES:
        raise PersonaError(f"{path} is over {MAX_BYTES // 1024} KiB; make it shorter.")
    return content


def _second_of_a_name_is_a_problem(examined: Iterable[Examined]) -> Iterator[Examined]:
    first: dict[str, Path] = {}
    for each in examined:
        before = first.setdefault(each.name, each.path) if each.persona else each.path
        if before == each.path:
            yield each
        else:
            problem = f"{each.path}: {before.name} has the name {each.name!r} already; rename one."
            yield replace(each, persona=None, problem=problem)
