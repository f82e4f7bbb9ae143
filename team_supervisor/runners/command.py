"""How is any program run as an agent?"""

import re
from collections.abc import Mapping

from team_supervisor.core.progress import Acted, Progress, clean
from team_supervisor.errors import TeamError
from team_supervisor.runners.base import Start, located

name = "command"
TALKS = False

_MOST_READ = 4096
_PLACEHOLDER = re.compile(r"\{(session|instructions|workspace)\}")


def command(start: Start) -> list[str]:
    """The argv of team.yaml, its program as found, with its placeholders filled in."""
    values = {
        "session": start.session_directory,
        "instructions": start.persona_file,
        "workspace": start.workspace,
    }
    return [start.binary, *(_PLACEHOLDER.sub(lambda m: values[m[1]], a) for a in start.extra[1:])]


def message(uuid: str, text: str) -> bytes:
    """The text alone; the uuid has no place in it."""
    return text.encode("utf-8", "replace") + b"\n"


def parse(line: bytes) -> tuple[Progress, ...]:
    """Every line that says something is what the program is doing."""
    words = clean(line[:_MOST_READ].decode("utf-8", "replace"))
    return (Acted(words),) if words else ()


def find(configured: str | None, environ: Mapping[str, str]) -> str:
    """`configured` is the first element of the argv."""
    if not configured:
        raise TeamError(
            "the command runner has no program: name one in team.yaml "
            "(`runners: {command: {argv: [program, argument]}}`)"
        )
    if found := located(configured, environ):
        return found
    raise TeamError(
        f"the program {configured} of the command runner cannot be executed: "
        "correct `runners.command.argv` in team.yaml, or make it executable"
    )
