"""Which options do verbs share, and how is their value used?"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from team_supervisor.errors import TeamError, UsageError

F = TypeVar("F", bound=Callable[..., Any])

workspace: Callable[[F], F] = click.option(
    "-w",
    "--workspace",
    default=".database",
    show_default=True,
    # A session's own workspace comes second, so that agents need not name it.
    envvar=["TEAM_SUPERVISOR_WORKSPACE", "TEAM_WORKSPACE"],
    metavar="DIR",
    help="The directory that the team works in ($TEAM_SUPERVISOR_WORKSPACE).",
)

# As above, for verbs that take the directory as a path.
workspace_path: Callable[[F], F] = click.option(
    "-w",
    "--workspace",
    type=click.Path(path_type=Path),
    default=".database",
    show_default=True,
    envvar=["TEAM_SUPERVISOR_WORKSPACE", "TEAM_WORKSPACE"],
    metavar="DIR",
    help="The directory that the team works in ($TEAM_SUPERVISOR_WORKSPACE).",
)

as_json: Callable[[F], F] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


MAX_DOLLARS = 1e6


def usd(value: str) -> float:
    """The type of an amount; click's own FloatRange lets `nan` through, which is never spent."""
    try:
        found = float(value)
    except ValueError:
        found = -1.0
    if not 0 <= found <= MAX_DOLLARS:
        raise click.BadParameter(
            f"{value!r} is not a number of dollars from 0 to {MAX_DOLLARS:,.0f}."
        )
    return found


def rich_output() -> bool:
    """Colours and boxes: on a terminal, unless NO_COLOR or TERM=dumb says otherwise."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def interactive() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def require_terminal(what: str) -> None:
    if not interactive():
        raise TeamError(f"{what} needs a terminal: run it in one, or see --help for what does not")


def seconds(name: str, said: str) -> float:
    """`90`, `45m` or `1h 30m` as seconds; UsageError for anything else."""
    from team_supervisor.core import terms

    plain = said.replace(".", "", 1).isdecimal()
    try:
        return terms.seconds(name, float(said) if plain else said)
    except terms.TermsError as error:
        raise UsageError(str(error).replace(" in its front matter", "")) from None


def shown(text: str) -> str:
    """A name or path that is anybody's, safe on any terminal."""
    from team_supervisor.core.progress import clean

    return clean(text, 4000)


def duration(value: str) -> float:
    """The type of a time: `90`, `45m`, `1h 30m`."""
    try:
        return seconds("a time", value)
    except UsageError as error:
        raise click.BadParameter(str(error)) from None


_PROJECT = (
    click.option(
        "--priority", type=click.Choice(["high", "normal", "low"]), help="Among the projects."
    ),
    click.option(
        "--status",
        type=click.Choice(["active", "paused", "blocked"]),
        help="Whether anything new starts in it.",
    ),
    click.option("--max-workers", type=click.IntRange(1, 1000), help="Tasks at work at once."),
    click.option(
        "--worker-timeout", type=duration, metavar="TIME", help="A task's worker is ended after it."
    ),
    click.option("--channel", help="Where news of it goes."),
    click.option("--agent", help="For an outside scheduler: the agent that works."),
    click.option("--model", help="For an outside scheduler: its model."),
    click.option("--thinking", help="For an outside scheduler: how much it thinks."),
    click.option("--cleanup", help="For an outside scheduler: what becomes of its session."),
)


def project_settings(function: F) -> F:
    """What stands under `project:` in team.yaml."""
    for option in reversed(_PROJECT):
        function = option(function)
    return function
