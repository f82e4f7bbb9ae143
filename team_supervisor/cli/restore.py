"""How does a person take an archived session back to work?"""

from dataclasses import replace

import click

from team_supervisor.adapters import locks
from team_supervisor.adapters.store import open_store
from team_supervisor.adapters.workspace import Workspace, is_real
from team_supervisor.cli import options
from team_supervisor.cli.say import append
from team_supervisor.cli.sessions import find, opened, refuse_replaced, refuse_second
from team_supervisor.core.model import Session, State
from team_supervisor.errors import TeamError


@click.command(epilog='Example: team-supervisor restore api -m "Safari cannot sign in: mend it."')
@click.argument("session")
@click.option("-m", "--message", metavar="TEXT", help="What it is to hear, as with `say`.")
@options.workspace
def command(session: str, message: str | None, workspace: str) -> None:
    """Take an archived SESSION back to work, in its directory and its conversation.

    It hears that it was taken back, and TEXT; when its tasks are complete then, it is archived
    again.
    """
    found, reader = opened(workspace)
    meant = find(reader, session)
    reader.close()
    _require_archive(found, meant)
    refuse_second(found, meant)
    refuse_replaced(found, replace(meant, restore_wanted=1))
    if message is not None:
        append(found.root / meant.directory / "instructions.md", message)
    store = open_store(found.database)
    wanted = store.want_restore(meant.id)
    store.close()
    if not wanted:
        raise TeamError(f"{meant.id} is no longer archived: it was taken back to work already")
    locks.ring(found.doorbell)
    click.echo(f"{meant.name} ({meant.id}) will be taken back to work")
    if locks.held_by(found.lock) is None:
        click.echo("No supervisor is running; start one with `team-supervisor orchestrate`.")


def _require_archive(found: Workspace, meant: Session) -> None:
    if meant.state in (State.FAILED, State.STOPPED):
        raise TeamError(f"{meant.id} is {meant.state}: `team-supervisor retry {meant.id}` goes on")
    if meant.state != State.COMPLETED:
        raise TeamError(f"{meant.id} is {meant.state}: only an archived session can be restored")
    if not any(map(is_real, (found.root / meant.directory, found.directory(meant.id)))):
        raise TeamError(f"the archive {found.root / meant.directory} is gone: put it back")
