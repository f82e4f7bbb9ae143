"""history: what happened to a session, in order?"""

import json
from typing import TYPE_CHECKING, Any

import click

from team_supervisor.cli import options

if TYPE_CHECKING:
    from team_supervisor.core.events import Event

EPILOG = """\b
Examples:
  team-supervisor history api-developer
  team-supervisor history api-developer --json | jq .events
"""


@click.command("history", epilog=EPILOG)
@click.argument("session")
@options.as_json
@options.workspace
def command(session: str, workspace: str, as_json: bool) -> None:
    """Show everything that happened to SESSION, from its request on, oldest first."""
    from team_supervisor.cli import sessions
    from team_supervisor.cli.show import emit

    _, store = sessions.opened(workspace)
    found = sessions.find(store, session)
    rows = store.events_of(found.id)
    if as_json:
        shown = {"session": found.id, "events": [row(at, event) for _, at, event in rows]}
        emit([json.dumps(shown, indent=2)])
        return
    emit(line(at, event) for _, at, event in rows)


def line(at: float, event: "Event") -> str:
    """The person's own time, and the event in words."""
    from datetime import datetime

    from team_supervisor.core.timeline import sentence

    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M:%S}  {sentence(event)}"


def row(at: float, event: "Event") -> dict[str, Any]:
    """As in `orchestrate --json`, with the sentence."""
    from team_supervisor.adapters import clock
    from team_supervisor.core.timeline import sentence

    told = {"event": event.kind, "at": clock.stamp(at), "words": sentence(event)}
    return {**told, "request": event.request, **event.details()}
