"""How is a teammate asked for, so that nobody can see half a request?"""

import os
import uuid
from pathlib import Path

import click

from team_supervisor.adapters import clock, files, locks
from team_supervisor.adapters.workspace import Workspace, locate, require
from team_supervisor.cli import options
from team_supervisor.cli.say import read_text
from team_supervisor.core.requests import RequestName, name_problem
from team_supervisor.errors import TeamError, UsageError


@click.command(epilog="Example: team-supervisor request software-engineer api -i instructions.md")
@click.argument("persona")
@click.argument("name")
@click.option("-i", "--instructions", "source", metavar="FILE", help="Instructions; - is stdin.")
@options.workspace
def command(persona: str, name: str, source: str | None, workspace: str) -> None:
    """Ask for a PERSONA called NAME, with instructions from a file or standard input."""
    found = require(locate(workspace))
    if problem := name_problem(RequestName(persona, name)):
        raise UsageError(problem)
    _check_persona(found, persona)
    text = _instructions(source)
    asker = os.environ.get("TEAM_SESSION_ID")
    if asker and not text.startswith(f"## Instructions from {asker} "):
        text = f"## Instructions from {asker} ({clock.stamp(clock.now().wall)})\n\n{text}"
    made = make(found, persona, name, text)
    locks.ring(found.doorbell)
    click.echo(f"Requested {persona} {name}: {made.name}")
    if locks.held_by(found.lock) is None:
        click.echo("No supervisor is running; it starts with `team-supervisor orchestrate`.")


def _check_persona(found: Workspace, persona: str) -> None:
    from team_supervisor.adapters import personas

    loaded = personas.load(personas.search_path(found.root, found.project))
    known = loaded.by_name
    broken = next((p for p in loaded.problems if Path(p.path).stem == persona), None)
    if persona not in known and broken:
        raise UsageError(broken.problem)
    if persona not in known:
        names = ", ".join(sorted(known))
        raise UsageError(f"there is no persona {persona!r}; known are: {names}")


def _instructions(source: str | None) -> str:
    if source is None or source == "-":
        return read_text(None)
    try:
        return read_text(Path(source).read_bytes()[: files.MEBIBYTE + 1].decode("utf-8"))
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{source} is not UTF-8 text") from None


def make(found: Workspace, persona: str, name: str, text: str) -> Path:
    """Written under a name that starts with a dot, then renamed: the Maildir way."""
    target = found.root / f"{persona}-request-{name}"
    hidden = found.root / f".{target.name}.{uuid.uuid4().hex[:12]}"
    if os.path.lexists(target):
        raise TeamError(f"{target} is there already: wait until it is taken, or choose a name")
    try:
        hidden.mkdir()
        files.write(hidden / "instructions.md", text)
        # rename would replace an empty directory made in between; that one held nothing.
        os.rename(hidden, target)
    except OSError as error:
        raise TeamError(f"{target} cannot be made: {error.strerror}") from None
    return target
