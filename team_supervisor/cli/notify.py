"""Who is told what, and does it arrive?"""

import json
import os
from typing import TYPE_CHECKING, Any, Literal

import click

from team_supervisor.adapters import clock
from team_supervisor.cli import options
from team_supervisor.core import telling
from team_supervisor.core.progress import clean
from team_supervisor.core.telling import Notify
from team_supervisor.errors import TeamError, UsageError

if TYPE_CHECKING:
    from team_supervisor.adapters.workspace import Workspace

EPILOG = "Example: team-supervisor notify test"


@click.group("notify", epilog=EPILOG)
def command() -> None:
    """Be told elsewhere: which events, by which channel, and what waits to be delivered.

    Set `notify:` in team.yaml for a project, in config.yaml for all.
    """


def _layers(workspace: str) -> tuple[Notify, Notify]:
    """(of all projects, of this one)."""
    from team_supervisor import preferences, settings
    from team_supervisor.adapters.workspace import locate

    found, _ = settings.load(locate(workspace).settings, os.environ)
    return preferences.load(os.environ).notify, found.told


@command.command("list", epilog="Example: team-supervisor notify list --json")
@options.as_json
@options.workspace
def list_(as_json: bool, workspace: str) -> None:
    """Show each event, whether it is told, and where."""
    machine, own = _layers(workspace)
    place = telling.place(own, machine)
    channel = own.channel if place == "project" else machine.channel
    found = [{"event": name, **_rule(name, machine, own)} for name in telling.EVENTS]
    if as_json:
        told = {"place": place, "channel": _shown(place, channel), "events": found}
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"Channel: {_where(place, channel)}")
    for row in found:
        mention = f", mentions {clean(row['mention'])}" if row["mention"] else ""
        click.echo(f"{row['event']:<18} {'on' if row['enabled'] else 'off'}{mention}")


def examined(where: "Workspace") -> "tuple[Literal['ok', 'warn'], str, str]":
    """For `doctor`: how the channel is, and what to do about it."""
    from team_supervisor.adapters.outbox import Outbox
    from team_supervisor.adapters.store import open_reader

    try:
        machine, own = _layers(str(where.root))
        place = telling.place(own, machine)
        waiting = []
        if where.database.exists():
            store = open_reader(where.database)
            waiting = [message for message in Outbox(store).waiting() if message.problem]
            store.close()
    except TeamError as error:
        return "warn", str(error), "correct that first"
    if waiting:
        detail = f"not delivered: {len(waiting)}, as {waiting[0].problem}"
        return "warn", detail, "run `team-supervisor notify test`"
    channel = own.channel if place == "project" else machine.channel
    return "ok", _shown(place, channel) if place else "no channel is set", ""


def _rule(name: str, machine: Notify, own: Notify) -> dict[str, Any]:
    found = telling.rule(name, machine, own)
    return {"enabled": found.enabled, "mention": found.mention}


def _where(place: telling.Place | None, channel: str | None) -> str:
    if place is None:
        return "none; set notify.channel in team.yaml or config.yaml"
    problem = telling.resolved(channel or "", os.environ, place)[1]
    return f"{_shown(place, channel)} (the {place}'s)" + (f"; {problem}" if problem else "")


def _shown(place: telling.Place | None, channel: str | None) -> str:
    """Its kind, also where a variable holds all of it."""
    if place is None or not channel:
        return telling.shown(channel)
    found, problem = telling.resolved(channel, os.environ, place)
    return telling.shown(channel if problem else found)


@command.command("test", epilog=EPILOG)
@click.option("--channel", type=click.Choice(["project", "orchestrator"]), help="Which of the two.")
@options.workspace
def test_(channel: telling.Place | None, workspace: str) -> None:
    """Send one message now, and say whether it arrived."""
    from team_supervisor.adapters.delivery import send

    machine, own = _layers(workspace)
    place = channel or telling.place(own, machine)
    url = {"project": own.channel, "orchestrator": machine.channel, None: None}[place]
    if place is None or not url:
        raise UsageError(
            "no such channel is set: write `notify: {channel: URL}` into team.yaml or config.yaml"
        )
    resolved, problem = telling.resolved(url, os.environ, place)
    problem = problem or send(resolved, "team-supervisor: this is a test, and it arrived")
    if problem:
        raise TeamError(f"the {place}'s channel ({_shown(place, url)}) does not work: {problem}")
    click.echo(f"Delivered to {_where(place, url)}")


@command.command("post", hidden=True)
def post_() -> None:
    """What stands on standard input, to the orchestrator's channel; for the tick, which goes on."""
    import signal
    import sys

    from team_supervisor import preferences
    from team_supervisor.adapters.delivery import send
    from team_supervisor.cli.tickwords import PATIENCE

    signal.alarm(PATIENCE)
    channel = preferences.load(os.environ).notify.channel or ""
    resolved, problem = telling.resolved(channel, os.environ, "orchestrator")
    if problem := problem or send(resolved, sys.stdin.read()):
        raise TeamError(f"the orchestrator's channel does not work: {problem}")


@command.command("status", epilog="Example: team-supervisor notify status --json")
@options.as_json
@options.workspace
def status_(as_json: bool, workspace: str) -> None:
    """Show what waits to be delivered, and why."""
    from team_supervisor.adapters.outbox import Outbox
    from team_supervisor.cli.sessions import opened

    _, store = opened(workspace)
    try:
        counts, waiting = Outbox(store).counts(), Outbox(store).waiting()
    finally:
        store.close()
    if as_json:
        rows = [
            {
                "event": message.event,
                "words": list(message.words),
                "place": message.place,
                "created_at": clock.stamp(message.created_at),
                "tries": message.tries,
                "next_try_at": clock.stamp(message.due_at),
                "problem": message.problem,
            }
            for message in waiting
        ]
        click.echo(json.dumps({**counts, "messages": rows}, indent=2))
        return
    for message in waiting:
        tried = (
            f", tried {message.tries} time{'s'[: message.tries != 1]}: {message.problem}"
            if message.problem
            else ""
        )
        click.echo(f"{message.event}: {message.words[0]} (waits{tried})")
    click.echo(", ".join(f"{number} {state}" for state, number in counts.items()))
