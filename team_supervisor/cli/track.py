"""track: how is the team doing right now?"""

import json
import select
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from team_supervisor.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from team_supervisor.adapters.store import Store
    from team_supervisor.adapters.workspace import Workspace
    from team_supervisor.cli.columns import Frame
    from team_supervisor.cli.keyboard import Wish
    from team_supervisor.cli.meter import Meter
    from team_supervisor.core.roster import Board

EPILOG = """\b
Examples:
  team-supervisor track
  team-supervisor track --once --all
  team-supervisor track --once --json | jq .totals
"""
PIPED_WIDTH = 120
LEAST_INTERVAL = 0.2


@dataclass(frozen=True, slots=True)
class Feed:
    """Where each new look at the team comes from."""

    workspace: "Workspace"
    store: "Store"
    meter: "Meter"

    def board(self) -> "Board":
        import msgspec

        from team_supervisor.cli import plans, sessions

        found = sessions.board(self.workspace, self.store, self.meter.sample())
        return msgspec.structs.replace(found, held=plans.held(self.store, self.workspace))


@click.command("track", epilog=EPILOG)
@click.option("--once", is_flag=True, help="Print the status once, and end.")
@click.option("-a", "--all", "everything", is_flag=True, help="Show all archived sessions.")
@click.option(
    "--interval",
    type=click.FloatRange(min=LEAST_INTERVAL),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@options.as_json
@options.workspace
def command(workspace: str, once: bool, everything: bool, interval: float, as_json: bool) -> None:
    """Watch the team: who does what, how far it is, and what it costs. `q` ends it.

    With --json one document is printed at each look, on one line.
    """
    feed = _feed(workspace)
    try:
        if as_json:
            _print_json(feed, None if once else interval)
        elif once or not options.rich_output():
            _print_once(feed, everything)
        else:
            _watch(feed, everything, interval)
    except KeyboardInterrupt:
        return


def _feed(workspace: str) -> Feed:
    from team_supervisor.cli import sessions
    from team_supervisor.cli.meter import Meter

    place, store = sessions.opened(workspace)
    return Feed(place, store, Meter(place, store))


def _print_json(feed: Feed, interval: float | None) -> None:
    from team_supervisor.cli.show import board_json, emit

    if interval is None:
        emit([json.dumps(board_json(feed.board()), indent=2)])
        return
    while True:
        emit([json.dumps(board_json(feed.board()))])
        select.select([], [], [], interval)


def _print_once(feed: Feed, everything: bool) -> None:
    from team_supervisor.adapters import clock
    from team_supervisor.cli.columns import Frame
    from team_supervisor.cli.dashboard import render
    from team_supervisor.cli.show import emit, plain, styled

    rich = options.rich_output()
    frame = Frame(
        width=shutil.get_terminal_size((PIPED_WIDTH, 0)).columns,
        now=clock.now().wall,
        everything=everything,
        whole=not rich,
    )
    lines = render(feed.board(), frame)
    if not rich:
        emit(map(plain, lines))
        return
    from rich.console import Console

    console = Console(highlight=False)
    for line in lines:
        console.print(styled(line))


def _watch(feed: Feed, everything: bool, interval: float) -> None:
    import os
    import signal

    from rich.console import Console

    console = Console(highlight=False)
    while _look_until(feed, console, everything, interval) == "suspend":
        # Only now, as the terminal must be as it was before: what Ctrl-Z does by itself.
        os.kill(os.getpid(), signal.SIGSTOP)


def _look_until(feed: Feed, console: "Console", everything: bool, interval: float) -> "Wish":
    """Painted over in place: nothing is cleared, so nothing flickers."""
    from rich.console import Group
    from rich.live import Live

    from team_supervisor.cli.dashboard import render
    from team_supervisor.cli.keyboard import Keyboard
    from team_supervisor.cli.show import styled

    with Keyboard() as keyboard, Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            lines = render(feed.board(), _frame(console, everything))
            live.update(Group(*map(styled, lines)), refresh=True)
            wish = keyboard.wait(interval)
            if wish != "nothing":
                return wish


def _frame(console: "Console", everything: bool) -> "Frame":
    from team_supervisor.adapters import clock
    from team_supervisor.cli.columns import Frame

    size = console.size
    return Frame(width=size.width, height=size.height, now=clock.now().wall, everything=everything)
