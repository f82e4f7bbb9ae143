"""How does a person let an ended session go on?"""

import click

from team_supervisor.adapters import locks
from team_supervisor.adapters.store import open_store
from team_supervisor.adapters.workspace import locate, require
from team_supervisor.cli import options
from team_supervisor.cli.sessions import find, opened, refuse_replaced, refuse_second
from team_supervisor.cli.show import safe
from team_supervisor.core.model import Doing, Session, State
from team_supervisor.errors import TeamError


@click.command(epilog="Example: team-supervisor retry api-developer")
@click.argument("session")
@options.workspace
def command(session: str, workspace: str) -> None:
    """Let a failed, stopped or parked SESSION go on, in its conversation if it had one."""
    _, reader = opened(workspace)
    meant = find(reader, session)
    reader.close()
    if meant.state == State.COMPLETED:
        raise TeamError(
            f"{meant.id} is completed and archived: `team-supervisor restore {meant.id}` "
            "takes it back to work"
        )
    if meant.state not in (State.FAILED, State.STOPPED, State.PARKED):
        raise TeamError(
            f"{meant.id} is {meant.state}: only a failed, stopped or parked session can be retried"
        )
    found = require(locate(workspace))
    refuse_second(found, meant)
    refuse_replaced(found, meant)
    store = open_store(found.database)
    store.want_retry(meant.id)
    store.close()
    locks.ring(found.doorbell)
    click.echo(f"{safe(meant.name)} ({meant.id}) {_when(meant)}")
    if locks.held_by(found.lock) is None:
        click.echo("No supervisor is running; start one with `team-supervisor orchestrate`.")


def _when(session: Session) -> str:
    if session.state == State.PARKED and session.doing == Doing.OVER_BUDGET:
        why = safe(session.doing_detail)
        return f"goes on once there is a budget for it ({why}): see `team-supervisor budget`"
    return "will be tried again"
