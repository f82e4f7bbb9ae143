"""Which personas can be requested here, and are their files in order?"""

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from team_supervisor.cli import options
from team_supervisor.errors import TeamError

if TYPE_CHECKING:
    from team_supervisor.adapters.personas import Examined, Personas
    from team_supervisor.core.persona import Persona

PIPED_WIDTH = 120
LEAST_DESCRIPTION = 20
HEADINGS = ("NAME", "DESCRIPTION", "MAY REQUEST", "FROM")


@click.group("personas")
def command() -> None:
    """See which personas a request can name, and check their files.

    Personas are Markdown files with YAML front matter, in the format of Claude Code's agent files.
    They are looked for in WORKSPACE/personas, then in .claude/agents of the project (the directory
    that holds the workspace), then among those that come with team-supervisor.

    \b
    Example:
      team-supervisor personas list
    """


@command.command("list")
@options.workspace_path
@options.as_json
def list_personas(workspace: Path, as_json: bool) -> None:
    """List the personas that can be requested.

    \b
    Example:
      team-supervisor personas list --json
    """
    personas = _load(workspace)
    if as_json:
        click.echo(json.dumps(_listing(personas), indent=2))
        return
    rows = [_row(persona, workspace) for persona in personas.by_name.values()]
    if sys.stdout.isatty():
        _print_table(rows)
    else:
        _print_columns(rows, shutil.get_terminal_size((PIPED_WIDTH, 0)).columns)
    for problem in personas.problems:
        click.echo(f"Not usable: {problem.problem}", err=True)


@command.command("show")
@click.argument("name")
@options.workspace_path
@options.as_json
def show(name: str, workspace: Path, as_json: bool) -> None:
    """Print one persona: what it may do, and its instructions.

    \b
    Example:
      team-supervisor personas show qa
      team-supervisor personas show qa --json
    """
    persona = _named(name, _load(workspace))
    if as_json:
        whole = _facts(persona) | {"instructions": persona.instructions}
        click.echo(json.dumps(whole, indent=2))
        return
    for key, value in _facts(persona).items():
        click.echo(f"{key + ':':<17} {_plain(_as_text(value))}")
    click.echo()
    click.echo(_plain(persona.instructions, keep="\n\t"))


@command.command("check")
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@options.workspace_path
@options.as_json
def check(directory: Path | None, workspace: Path, as_json: bool) -> None:
    """Check every persona file in DIRECTORY, or in all places where personas are looked for.

    Ends with 1 if a file cannot be used.

    \b
    Example:
      team-supervisor personas check .claude/agents
    """
    examined = _examine(directory, workspace)
    if as_json:
        click.echo(json.dumps({"personas": [_verdict(each) for each in examined]}, indent=2))
    else:
        _print_verdicts(examined)
    if any(each.problem for each in examined):
        click.get_current_context().exit(1)


def _search_path(workspace: Path) -> list[Path]:
    from team_supervisor.adapters.personas import search_path

    return search_path(workspace, workspace.absolute().parent)


def _load(workspace: Path) -> "Personas":
    from team_supervisor.adapters.personas import load

    return load(_search_path(workspace))


def _examine(directory: Path | None, workspace: Path) -> list["Examined"]:
    from team_supervisor.adapters.personas import examine

    if directory is None:
        return [each for place in _search_path(workspace) for each in examine(place)]
    if not directory.is_dir():
        raise TeamError(
            f"{directory} is not an existing directory; name one that holds persona files."
        )
    return examine(directory)


def _named(name: str, personas: "Personas") -> "Persona":
    if name in personas.by_name:
        return personas.by_name[name]
    for problem in personas.problems:
        if problem.path.stem == name:
            raise TeamError(problem.problem)
    known = ", ".join(personas.by_name)
    raise TeamError(f"There is no persona {_plain(name)!r}; choose one of: {known}.")


def _listing(personas: "Personas") -> dict[str, Any]:
    return {
        "personas": [_facts(persona) for persona in personas.by_name.values()],
        "problems": [{"path": str(p.path), "problem": p.problem} for p in personas.problems],
    }


def _facts(persona: "Persona") -> dict[str, Any]:
    from dataclasses import fields

    from team_supervisor.core import terms

    apart = ("instructions", "terms")
    keys = [field.name for field in fields(persona) if field.name not in apart]
    facts = {"path" if key == "source" else key: getattr(persona, key) for key in keys}
    return facts | terms.facts(persona.terms)


def _as_text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def _verdict(examined: "Examined") -> Mapping[str, Any]:
    return {
        "name": examined.name,
        "path": str(examined.path),
        "ok": examined.problem is None,
        "problem": examined.problem,
    }


def _print_verdicts(examined: Sequence["Examined"]) -> None:
    for each in examined:
        click.echo(each.problem or f"{_plain(str(each.path))}: ok")
    broken = sum(each.problem is not None for each in examined)
    click.echo(f"{len(examined)} persona files, {broken} not usable")


def _row(persona: "Persona", workspace: Path) -> tuple[str, str, str, str]:
    return (
        persona.name,
        _plain(" ".join(persona.description.split())),
        ", ".join(persona.may_request) or "-",
        _plain(_origin(Path(persona.source).parent, workspace)),
    )


def _origin(directory: Path, workspace: Path) -> str:
    from team_supervisor.adapters.personas import shipped_directory

    if directory == shipped_directory():
        return "shipped"
    return os.path.relpath(directory, workspace.absolute().parent)


def _print_table(rows: Sequence[tuple[str, str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    cells = [(name, about, may.replace(", ", "\n"), place) for name, about, may, place in rows]
    widths = _widths(cells, console.width)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading, width, style in zip(HEADINGS, widths, ("cyan", "", "", "dim")):
        table.add_column(heading, width=width, style=style, no_wrap=True, overflow="ellipsis")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _print_columns(rows: Sequence[Sequence[str]], width: int) -> None:
    widths = _widths(rows, width)
    for row in [HEADINGS, *rows]:
        line = "  ".join(_cut(cell, room).ljust(room) for cell, room in zip(row, widths))
        click.echo(line.rstrip())


def _widths(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The width of each column; the description gets what the others leave."""
    lines = [[cell.split("\n") for cell in row] for row in [HEADINGS, *rows]]
    widths = [max(len(line) for row in lines for line in row[i]) for i in range(len(HEADINGS))]
    others = sum(widths) - widths[1] + 2 * (len(HEADINGS) - 1)
    widths[1] = min(widths[1], max(LEAST_DESCRIPTION, width - others))
    return widths


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _plain(text: str, keep: str = "") -> str:
    """Persona files are anybody's: what they say must not command the terminal."""
    return "".join(char if char.isprintable() or char in keep else " " for char in text)
