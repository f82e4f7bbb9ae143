"""What does the name of a directory in the workspace say, and who asked?"""

import re
from dataclasses import dataclass

from team_supervisor.core.words import file_name

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REQUEST = re.compile(r"(?P<persona>.+?)-request-(?P<name>.*)", re.DOTALL)
_SESSION = re.compile(r"(?P<persona>[A-Za-z0-9][A-Za-z0-9._-]{0,63})-(?P<ms>[0-9]{13})")
_HEADING = re.compile(r"## Instructions from (?P<who>[A-Za-z0-9][A-Za-z0-9._-]{0,80})(?: |$)")
# Why a request waits that is all right.
CHANGING, STOPPED = "is still changing", "the team is stopped"
ENDINGS = ("-rejected", "-completed")


@dataclass(frozen=True, slots=True)
class RequestName:
    persona: str
    name: str


def request_name(entry: str) -> RequestName | None:
    """`software-engineer-request-api` -> (software-engineer, api); None when it is no request."""
    if entry.startswith(".") or is_rejected(entry):
        return None
    found = _REQUEST.fullmatch(entry)
    return RequestName(found["persona"], found["name"]) if found else None


def is_rejected(entry: str) -> bool:
    """A refused request, numbered when the name was taken: `…-rejected`, `…-rejected-2`."""
    return bool(re.search(r"-rejected(-[0-9]+)?\Z", entry))


def session_persona(entry: str) -> str | None:
    """The persona in a session directory's name, `<persona>-<13 digits>`."""
    found = _SESSION.fullmatch(entry)
    return found["persona"] if found else None


def name_problem(request: RequestName) -> str | None:
    """Why a request of this name is refused, in a sentence."""
    if is_rejected(f"-{request.name}"):
        name = file_name(request.name[:80])
        return f"the name '{name}' ends as a refused request does: choose another"
    for what, word in (("persona", request.persona), ("name", request.name)):
        if not NAME.fullmatch(word):
            return (
                f"the {what} '{file_name(word[:80])}' may have only letters, digits, "
                "'.', '_' and '-', start with a letter or digit, and be at most 64 characters long"
            )
    return None


def requester(instructions: str) -> str | None:
    """The session named by the first `## Instructions from <session-id> (…)` heading."""
    from team_supervisor.core.terms import divided

    for line in divided(instructions)[1].split("\n", 200)[:200]:
        if found := _HEADING.match(line.rstrip("\r")):
            return found["who"]
    return None
