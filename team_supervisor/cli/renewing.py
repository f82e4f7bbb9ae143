"""How does a person have a session's process ended: to begin anew, or for good?"""

import click

from team_supervisor.adapters import clock, locks
from team_supervisor.adapters.store import Store, open_store
from team_supervisor.adapters.workspace import locate, require
from team_supervisor.cli import options
from team_supervisor.cli.sessions import find, opened
from team_supervisor.cli.show import safe
from team_supervisor.core.events import SessionRestartAsked
from team_supervisor.core.model import Session, State, Wanted
from team_supervisor.errors import TeamError

MOST_WORDS = 300


@click.command(epilog="Example: team-supervisor agents restart api --reason 'it goes in circles'")
@click.argument("session")
@click.option("--reason", metavar="TEXT", default="", help="Why; kept in its history.")
@options.workspace
def restart(session: str, reason: str, workspace: str) -> None:
    """Give SESSION a new process, in its conversation; the one it has is asked to end first.

    It is no failure, and nothing that it was told is lost. A parked session is woken.
    """
    meant = _find(workspace, session)
    _require_living(meant)
    found = require(locate(workspace))
    store = open_store(found.database)
    words = " ".join(reason.split())[:MOST_WORDS]
    wanted = store.want_restart(meant.id, words) or _wake(store, meant, words)
    store.close()
    if not wanted:
        raise TeamError(f"{meant.id} has ended meanwhile: `retry` lets it go on")
    locks.ring(found.doorbell)
    what = "will be woken" if meant.state == State.PARKED else "gets a new process"
    click.echo(f"{safe(meant.name)} ({meant.id}) {what}")
    if locks.held_by(found.lock) is None:
        click.echo("No supervisor is running; start one with `team-supervisor orchestrate`.")


def _wake(store: Store, meant: Session, words: str) -> bool:
    """It has no process that would have to end first."""
    with store.transaction():
        if not store.want_retry(meant.id):
            return False
        event = SessionRestartAsked(
            session=meant.id, name=meant.name, attempt=meant.attempt, reason=words
        )
        store.record(event, clock.now().wall)
    return True


@click.command(epilog="Example: team-supervisor agents kill api --yes")
@click.argument("session")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@options.workspace
def kill(session: str, yes: bool, workspace: str) -> None:
    """End SESSION's processes at once, and wait until nothing of it runs.

    Its directory and its conversation are kept: `retry` lets it go on.
    """
    from team_supervisor.cli.stopping import wait_until_stopped

    meant = _find(workspace, session)
    if meant.ended:
        raise TeamError(f"{meant.id} has ended already ({meant.state})")
    if not yes:
        click.confirm(f"End {safe(meant.name)} ({meant.id}) at once?", abort=True, err=True)
    found = require(locate(workspace))
    store = open_store(found.database)
    store.want(meant.id, Wanted.STOP_NOW)
    store.close()
    locks.ring(found.doorbell)
    wait_until_stopped(found, [meant])


def _find(workspace: str, session: str) -> Session:
    _, reader = opened(workspace)
    try:
        return find(reader, session)
    finally:
        reader.close()


def _require_living(meant: Session) -> None:
    if meant.state == State.COMPLETED:
        raise TeamError(
            f"{meant.id} is completed and archived: `team-supervisor restore {meant.id}` "
            "takes it back to work"
        )
    if meant.ended:
        raise TeamError(
            f"{meant.id} is {meant.state}: `team-supervisor retry {meant.id}` lets it go on"
        )
    if meant.state == State.STOPPING or meant.wanted != Wanted.RUN:
        raise TeamError(f"{meant.id} is being stopped: `retry` lets it go on afterwards")
