"""How is a teammate asked for, so that nobody can see half a request?"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from team_supervisor.adapters import asking, clock, files, locks
from team_supervisor.adapters.workspace import Workspace, locate, require
from team_supervisor.cli import options
from team_supervisor.cli.say import read_text
from team_supervisor.core.requests import RequestName, name_problem
from team_supervisor.errors import TeamError, UsageError


@click.command(
    epilog="Example: team-supervisor request qa api -i api.md --verify 'make test' --timeout 2h"
)
@click.argument("persona")
@click.argument("name")
@click.option("-i", "--instructions", "source", metavar="FILE", help="Instructions; - is stdin.")
@click.option("--verify", multiple=True, metavar="CMD", help="Must pass at the end; repeatable.")
@click.option("--timeout", metavar="TIME", help="How long its agents may run: 90, 45m, 2h.")
@click.option("--budget-usd", type=float, metavar="DOLLARS", help="What it may spend.")
@options.workspace
def command(persona: str, name: str, source: str | None, workspace: str, **said: Any) -> None:
    """Ask for a PERSONA called NAME, with instructions from a file or standard input."""
    found = require(locate(workspace))
    if problem := name_problem(RequestName(persona, name)):
        raise UsageError(problem)
    check_persona(found, persona)
    front, text = _terms(_instructions(source), said)
    asker = os.environ.get("TEAM_SESSION_ID")
    if asker and not text.lstrip().startswith(f"## Instructions from {asker} "):
        text = f"## Instructions from {asker} ({clock.stamp(clock.now().wall)})\n\n{text}"
    made = _make(found, f"{persona}-request-{name}", front + text)
    locks.ring(found.doorbell)
    click.echo(f"Requested {persona} {name}: {made.name}")
    if locks.held_by(found.lock) is None:
        click.echo("No supervisor is running; it starts with `team-supervisor orchestrate`.")


def _terms(text: str, said: Mapping[str, Any]) -> tuple[str, str]:
    """(front matter with its lines, the rest); what options say counts more."""
    from team_supervisor.core import terms

    given: dict[str, Any] = {key: list(v) if key == "verify" else v for key, v in said.items() if v}
    if "timeout" in given and str(given["timeout"]).replace(".", "", 1).isdecimal():
        given["timeout"] = float(given["timeout"])
    try:
        own = terms.read(text)
        front, body = terms.divided(text)
        if not given:
            return (f"---\n{front}\n---\n" if front else ""), body
        options = terms.convert(given)
    except terms.TermsError as error:
        raise UsageError(str(error).replace(" in its front matter", "")) from None
    if own.unknown:
        raise UsageError(
            "the front matter of these instructions has keys that no option sets: "
            "write verify, timeout and budget_usd there too"
        )
    return terms.written(options.over(own)), body


def check_persona(found: Workspace, persona: str) -> None:
    """UsageError that names those there are, or what is wrong with the file of this one."""
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


def _make(found: Workspace, request: str, text: str) -> Path:
    target = found.root / request
    try:
        return asking.make(found, request, text)
    except FileExistsError:
        problem = f"{target} is there already: wait until it is taken, or choose a name"
    except OSError as error:
        problem = f"{target} cannot be made: {error.strerror}"
    raise TeamError(problem)
