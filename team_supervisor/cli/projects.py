"""How does a person register projects, and see how each of them is?"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from team_supervisor.cli import options
from team_supervisor.errors import TeamError, UsageError

if TYPE_CHECKING:
    from team_supervisor.core.projects import Limits, Project

EPILOG = """\b
Examples:
  team-supervisor projects add ~/src/api --max-workers 3
  team-supervisor projects list
"""


@click.group("projects", epilog=EPILOG)
def command() -> None:
    """Register projects, see how each is, start and stop them.

    A project is a directory with a workspace in it. Each has a supervisor of its own.
    """


@command.command("add", epilog="Example: team-supervisor projects add ~/src/api --priority high")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--slug", help="Its short name in commands; else made of the directory's name.")
@click.option("--name", help="What it is called; else as its directory.")
@click.option("-w", "--workspace", metavar="DIR", help="Its workspace, if not PATH/.database.")
@options.project_settings
@options.as_json
def add_(path: Path, as_json: bool, **given: Any) -> None:
    """Register the project in a directory; a workspace is made if there is none."""
    from team_supervisor.cli import projectboard, registering

    added = registering.add(path, given, os.environ)
    warnings = projectboard.warnings_of(added, os.environ)
    if as_json:
        from dataclasses import asdict

        more = {"warnings": warnings} if warnings else {}
        click.echo(json.dumps(asdict(added) | more, indent=2))
        return
    projectboard.warn(warnings)
    click.echo(f"Registered {added.slug}: {options.shown(added.path)}")
    click.echo(f"Start it:  team-supervisor projects start {added.slug}")


_name = click.argument("name", metavar="PROJECT")
_stale_after = click.option(
    "--stale-after",
    type=options.duration,
    default="10m",
    show_default=True,
    metavar="TIME",
    help="A supervisor without a sign of life for so long hangs.",
)


@command.command("list", epilog="Example: team-supervisor projects list --json")
@_stale_after
@options.as_json
def list_(stale_after: float, as_json: bool) -> None:
    """Show every registered project and how it is."""
    from team_supervisor.cli import projectboard

    projectboard.show_all(os.environ, as_json, _limits(stale_after))


def _limits(stale_after: float) -> "Limits":
    from team_supervisor.core.projects import Limits

    return Limits(stale=stale_after)


def _find(name: str) -> "Project":
    from team_supervisor.adapters import registry

    return registry.load(os.environ).find(name)


def _show(name: str, as_json: bool, stale_after: float = 600.0) -> None:
    from team_supervisor.adapters import clock
    from team_supervisor.cli import projectboard
    from team_supervisor.overview import look

    seen = look(_find(name), os.environ, clock.now().wall, _limits(stale_after))
    projectboard.show_one(seen, as_json)


@command.command("show", epilog="Example: team-supervisor projects show api")
@_name
@_stale_after
@options.as_json
def show_(name: str, stale_after: float, as_json: bool) -> None:
    """Show one project, named by its slug or a path to it."""
    _show(name, as_json, stale_after)


@command.command("set", epilog="Example: team-supervisor projects set api --max-workers 5")
@_name
@options.project_settings
@options.as_json
def set_(name: str, as_json: bool, **given: Any) -> None:
    """Set it otherwise, in its team.yaml; a running supervisor takes it over."""
    from team_supervisor.cli import scheduling

    _settle(name, given)
    scheduling.rouse()
    _show(name, as_json)


def _settle(name: str, given: dict[str, Any]) -> None:
    from team_supervisor.adapters.workspace import Workspace, require
    from team_supervisor.cli import registering

    found = _find(name)
    registering.settle(require(Workspace(Path(found.workspace))), given)


@command.command("pause", epilog="Example: team-supervisor projects pause api")
@_name
@options.as_json
def pause_(name: str, as_json: bool) -> None:
    """Start no further task or request of it; what is at work goes on."""
    _settle(name, {"status": "paused"})
    _show(name, as_json)


@command.command("resume", epilog="Example: team-supervisor projects resume api")
@_name
@options.as_json
def resume_(name: str, as_json: bool) -> None:
    """Go on after a pause."""
    from team_supervisor.cli import scheduling

    _settle(name, {"status": "active"})
    scheduling.rouse()
    _show(name, as_json)


@command.command("remove", epilog="Example: team-supervisor projects remove api")
@_name
@options.as_json
def remove_(name: str, as_json: bool) -> None:
    """Take it out of the registry. Nothing of the project itself is touched."""
    from team_supervisor.cli import registering

    _say({name: registering.take_out(name, os.environ)}, as_json)


def _say(words: dict[str, str], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(words, indent=2))
        return
    for each in words.values():
        click.echo(options.shown(each))


@command.command("start", epilog="Example: team-supervisor projects start api")
@click.argument("names", metavar="[PROJECT]...", nargs=-1)
@_stale_after
@options.as_json
def start_(names: tuple[str, ...], stale_after: float, as_json: bool) -> None:
    """Start the supervisor of each PROJECT; without one, of the project that this directory is in,
    else of all that are active, one after the other.

    It goes on without this terminal. One that hangs is ended first; its agents go on.
    """
    from team_supervisor.cli import projecting

    others: list[str] = []
    wanted = [_find(name) for name in names] or projecting.here(os.environ)
    if not wanted:
        wanted, others = projecting.active(os.environ)
    if others and not as_json:
        click.echo(options.shown(f"Left alone: {', '.join(others)}"))
    limits = _limits(stale_after)
    _each(wanted, as_json, lambda found: projecting.start(found, os.environ, limits))


@command.command("stop", epilog="Example: team-supervisor projects stop api")
@click.argument("names", metavar="[PROJECT]...", nargs=-1)
@click.option("--team", is_flag=True, help="Its agents, too; their directories are kept.")
@options.as_json
def stop_(names: tuple[str, ...], team: bool, as_json: bool) -> None:
    """End the supervisor of each PROJECT, or of the one this directory is in; its agents go on."""
    from team_supervisor.cli import projecting

    wanted = [_find(name) for name in names] or projecting.here(os.environ)
    if not wanted:
        raise UsageError(
            "which project? name one (`team-supervisor projects list` shows them), or call this "
            "in its directory"
        )
    _each(wanted, as_json, lambda found: projecting.stop(found, team))


def _each(wanted: "list[Project]", as_json: bool, do: "Callable[[Project], str]") -> None:
    """One that fails leaves the others; the first failure's exit code is the whole's."""
    failed: list[TeamError] = []
    words: dict[str, str] = {}
    for found in wanted:
        try:
            words[found.slug] = do(found)
            if not as_json:
                click.echo(options.shown(words[found.slug]))
        except TeamError as error:
            failed.append(error)
            words[found.slug] = str(error)
            click.echo(f"Error: {options.shown(str(error))}", err=True)
    if as_json:
        click.echo(json.dumps(words, indent=2))
    elif not wanted:
        click.echo("No active project is registered")
    if failed:
        click.get_current_context().exit(failed[0].exit_code)
