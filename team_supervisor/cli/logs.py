"""logs: what did a session say and do?"""

from typing import Any

import click

from team_supervisor.cli import options

EPILOG = """\b
Examples:
  team-supervisor logs api-developer -n 50
  team-supervisor logs api-developer -f
  team-supervisor logs api-developer --raw | jq .type
"""


@click.command("logs", epilog=EPILOG)
@click.argument("session")
@click.option("-f", "--follow", "on", is_flag=True, help="Go on until it ends, or Ctrl-C.")
@click.option("--raw", is_flag=True, help="Show transcript.jsonl as it is.")
@click.option(
    "-n",
    "--lines",
    "last",
    type=click.IntRange(min=0),
    help="Only the last so many entries (with --raw: lines); with -f it is 20, otherwise all.",
)
@options.workspace
def command(session: str, workspace: str, **how: Any) -> None:
    """Show the conversation of a session, archived or not.

    SESSION is an id, a name, or a part of one that no other has.
    """
    from team_supervisor.cli import follow, sessions

    if how["on"] and how["last"] is None:
        how["last"] = follow.A_SCREENFUL
    place, store = sessions.opened(workspace)
    found = sessions.find(store, session)
    follow.conversation(
        follow.Source(workspace=place, store=store, session=found.id), follow.How(**how)
    )
