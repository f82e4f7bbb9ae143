"""How does a person have cron or systemd run the tick?"""

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click

from team_supervisor.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from team_supervisor.cli.scheduling import Way

MOST_LOG = 1 << 20
PATIENCE = 3600.0


@click.group("schedule", epilog="Example: team-supervisor schedule on --every 5m")
def command() -> None:
    """Have cron or systemd run `tick --run`, as long as there is something to do.

    It turns itself off when nothing can start, and on again when the plan changes.
    """


@command.command(epilog="Example: team-supervisor schedule on --every 5m")
@click.option("--every", default="5m", show_default=True, metavar="TIME", help="1m to 24h.")
@click.option(
    "--with",
    "way",
    type=click.Choice(["cron", "systemd"]),
    help="Who runs it; else who did, else cron where there is one.",
)
def on(every: str, way: "Way | None") -> None:
    """Put one marked entry into your crontab, or a timer among your units of systemd.

    All else stays as it is.
    """
    from team_supervisor.cli import scheduling

    kept = scheduling.turn_on(options.seconds("--every", every), way)
    _tell_kept(kept)
    click.echo(f"On: {scheduling.installed()}")


@command.command(epilog="Example: team-supervisor schedule off")
def off() -> None:
    """Take the entry out of your crontab, and the timer away."""
    from team_supervisor.cli import scheduling

    _tell_kept(scheduling.turn_off())
    click.echo("Off")


def _tell_kept(kept: "list[Path]") -> None:
    for path in kept:
        click.echo(f"A unit there had been changed by somebody: it is kept as {path}")


@command.command(epilog="Example: team-supervisor schedule status --json")
@options.as_json
def status(as_json: bool) -> None:
    """Say whether it is wanted, and whether it is on now."""
    from team_supervisor.cli import scheduling

    state, entry = scheduling.state(), scheduling.installed()
    if as_json:
        found: dict[str, Any] = {"wanted": state.wanted, "asleep": state.asleep}
        found |= {"every": state.every, "with": state.way}
        click.echo(json.dumps({**found, "entry": entry, "log": str(scheduling.log())}, indent=2))
        return
    if entry:
        click.echo(f"On: {entry}\nIts output: {scheduling.log()}")
    elif state.wanted and state.asleep:
        click.echo("At rest: nothing can start; a change of the plan turns it on again")
    elif state.wanted:
        where = "not in your crontab" if state.way == "cron" else "its timer is not on"
        click.echo(f"Wanted, but {where}: `team-supervisor schedule on` mends that")
    else:
        click.echo("Off")


@command.command(hidden=True)
def run() -> None:
    """What cron or systemd runs: one tick, its output into a log that stays small."""
    from team_supervisor.adapters import clock
    from team_supervisor.cli import scheduling

    argv = (sys.executable, "-P", "-m", "team_supervisor", "tick", "--run")
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
    )
    _log(f"{clock.stamp(clock.now().wall)} ended with {done.returncode}\n".encode() + done.stdout)
    if done.returncode == 0 and _idle(done.stdout):
        scheduling.sleep()


def _log(text: bytes) -> None:
    """At most twice MOST_LOG: the older half is kept under another name."""
    from team_supervisor.cli import scheduling

    path = scheduling.log()
    if path.exists() and path.stat().st_size > MOST_LOG:
        os.replace(path, path.with_name(f"{path.name}.1"))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    with open(descriptor, "ab") as log:
        log.write(text[-MOST_LOG:].rstrip(b"\n") + b"\n")


def _idle(said: bytes) -> bool:
    """Does the tick say that there is nothing to come back for?"""
    try:
        found = json.loads(said)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("disable_cron") is True
