"""attach: step into a session."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from team_supervisor.cli import options
from team_supervisor.errors import UsageError

if TYPE_CHECKING:
    from team_supervisor.adapters.store import Store
    from team_supervisor.adapters.workspace import Workspace
    from team_supervisor.core.model import Session
    from team_supervisor.core.roster import Usage

EPILOG = """\b
Examples:
  team-supervisor attach
  team-supervisor attach api-developer
  team-supervisor attach --follow api-developer
  team-supervisor attach --filter engineer --list
"""
LEADER = "engineering-manager"
MOST_NAMED = 12


class Given(NamedTuple):
    """The command line."""

    session: str | None
    listing: bool
    part: str | None
    everything: bool
    as_json: bool
    follow: bool
    workspace: str

    @property
    def lists(self) -> bool:
        return self.listing or self.as_json or self.everything or self.part is not None


@click.command("attach", epilog=EPILOG)
@click.argument("session", required=False)
@click.option("-l", "--list", "listing", is_flag=True, help="List the sessions, and end.")
@click.option("--filter", "part", metavar="TEXT", help="List those with TEXT in persona or name.")
@click.option("-a", "--all", "everything", is_flag=True, help="List archived sessions, too.")
@click.option("-f", "--follow", is_flag=True, help="Show the live conversation, not a shell.")
@options.as_json
@options.workspace
def command(**given: Any) -> None:
    """Open a shell in a session's directory; `exit` brings you back.

    SESSION is an id, a name, or a part of one that no other has. Without it, the
    engineering-manager's session is meant.
    """
    asked = Given(**given)
    if asked.lists:
        _list(asked)
    elif asked.follow:
        _follow(asked)
    else:
        _shell(asked)


def _list(asked: Given) -> None:
    if asked.session or asked.follow:
        raise UsageError("a list is of all sessions: choose some of them with --filter TEXT")
    from team_supervisor.adapters import clock
    from team_supervisor.cli import listing, sessions

    workspace, store = sessions.opened(asked.workspace)
    board = sessions.board(workspace, store, _used(workspace, store) if asked.as_json else None)
    matching = sessions.matching(board.sessions, asked.part)
    shown = [s for s in matching if asked.everything or not s.archived]
    if asked.as_json:
        click.echo(json.dumps(listing.as_json(board, shown), indent=2))
    elif options.rich_output():
        listing.print_boxes(board, shown, clock.now().wall)
    else:
        listing.print_plain(board, shown, clock.now().wall)


def _used(workspace: "Workspace", store: "Store") -> Mapping[str, "Usage"]:
    """What of this machine each session uses, which takes twice the modules of a plain list."""
    from team_supervisor.cli.meter import Meter

    return Meter(workspace, store).sample()


def _follow(asked: Given) -> None:
    from team_supervisor.cli import follow, sessions

    workspace, store = sessions.opened(asked.workspace)
    session = _meant(store.sessions(), asked.session)
    follow.conversation(
        follow.Source(workspace=workspace, store=store, session=session.id),
        follow.How(last=follow.A_SCREENFUL, on=True),
    )


def _shell(asked: Given) -> None:
    options.require_terminal("attach")
    from team_supervisor.cli import sessions, shell

    workspace, store = sessions.opened(asked.workspace)
    session = _meant(store.sessions(), asked.session)
    views = sessions.board(workspace, store).sessions
    namesakes = sum(view.name == session.name for view in views)
    handle = session.name if namesakes == 1 else session.id
    shell.enter(workspace, next(view for view in views if view.id == session.id), handle)


def _meant(rows: Sequence["Session"], what: str | None) -> "Session":
    """The named session; else the newest living manager, else the only one that lives."""
    if what is not None:
        from team_supervisor.cli.sessions import choose

        return choose(rows, what)
    living = [session for session in rows if not session.ended]
    leaders = [session for session in living if session.persona == LEADER]
    if leaders:
        return max(leaders, key=lambda session: (session.created_at, session.id))
    if len(living) == 1:
        return living[0]
    if not living:
        raise UsageError(
            "no session is alive: name one of those in `team-supervisor attach --list --all`"
        )
    could = ", ".join(f"{session.id} ({session.name})" for session in living[:MOST_NAMED])
    raise UsageError(f"there is no {LEADER} to attach to: name a session, such as {could}")
