"""How does a person or an agent put a message into a running session's conversation?"""

import os
import sys
from pathlib import Path

import click

from team_supervisor.adapters import clock, files, locks
from team_supervisor.cli import options
from team_supervisor.cli.sessions import find, opened
from team_supervisor.cli.show import safe
from team_supervisor.core.model import State
from team_supervisor.errors import TeamError, UsageError


@click.command(epilog='Example: team-supervisor say api-developer "Use PostgreSQL, not SQLite."')
@click.argument("session")
@click.argument("text", nargs=-1, metavar="[TEXT]...")
@options.workspace
def command(session: str, text: tuple[str, ...], workspace: str) -> None:
    """Put TEXT (or standard input) into SESSION's conversation.

    It is appended to the session's instructions.md, from where it is delivered once, in order;
    a session whose process is not running gets it when it is started again.
    """
    message = read_text(" ".join(text) if text else None)
    found, store = opened(workspace)
    meant = find(store, session)
    if meant.state == State.COMPLETED:
        raise TeamError(
            f"{meant.id} is completed and archived: nobody would read it; "
            f"`team-supervisor restore {meant.id} -m TEXT` takes it back to work with it"
        )
    append(found.directory(meant.id) / "instructions.md", message)
    locks.ring(found.doorbell)
    click.echo(f"Said to {safe(meant.name)} ({meant.id})")
    if meant.ended:
        click.echo(f"It is {meant.state}: it hears this after `team-supervisor retry {meant.id}`.")


def append(path: Path, text: str) -> None:
    """Add a text to an instructions.md, under a heading that says who says it."""
    sender = os.environ.get("TEAM_SESSION_ID") or "user"
    heading = f"\n\n## Instructions from {sender} ({clock.stamp(clock.now().wall)})\n\n"
    _check(text)
    try:
        files.append(path, heading + text.strip() + "\n")
    except (OSError, files.Unreadable) as error:
        raise TeamError(f"{path} cannot be written: {error}") from None


def read_text(text: str | None) -> str:
    """The argument, or standard input when it is missing or `-`; never empty."""
    if text is None or text == "-":
        if sys.stdin.isatty():
            raise UsageError("say what? give a text, or pipe one in")
        text = sys.stdin.buffer.read(files.MEBIBYTE + 1).decode("utf-8", "replace")
    _check(text)
    return text


def _check(text: str) -> None:
    if not text.strip():
        raise UsageError("the text is empty")
    if len(text.encode("utf-8", "replace")) > files.MEBIBYTE:
        raise UsageError("the text is larger than 1 MiB: put it into a file and name that")
