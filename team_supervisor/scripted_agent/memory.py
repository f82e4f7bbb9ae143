"""How far did each conversation of this session come?"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from team_supervisor.scripted_agent.files import read_text, replace_text
from team_supervisor.scripted_agent.options import StartError

NAME = ".scripted-agent.json"
MOST_HEARD = 30
MOST_TEXT = 4096
MOST_TAKEN = 200


class Conversation(NamedTuple):
    """What one conversation remembers between two steps."""

    position: int = 0
    turns: int = 0
    builtin: bool | None = None
    heard: tuple[str, ...] = ()
    promise: tuple[str, str] | None = None
    taken: tuple[str, ...] = ()


class Memory:
    """The conversations of one session directory; every change is on disk when it returns."""

    def __init__(self, directory: Path, session_id: str) -> None:
        self._path = directory / NAME
        self._id = session_id
        self._all = _load(self._path)
        self.known = session_id in self._all
        try:
            self.now = Conversation(**self._all.get(session_id, {}))
        except TypeError as error:
            raise StartError(f"Error: {self._path} has a conversation it cannot read.") from error

    def keep(self, **changes: Any) -> None:
        """Change what is remembered of this conversation."""
        self.now = self.now._replace(**changes)
        self._all[self._id] = self.now._asdict()
        # An agent that removed its own directory works on, as the real one does.
        with suppress(FileNotFoundError):
            replace_text(self._path, json.dumps(self._all, indent=1))

    def take(self, uuid: str) -> bool:
        """False for a message that was taken before: like the real CLI, once for each uuid."""
        if uuid in self.now.taken:
            return False
        self.keep(taken=(*self.now.taken, uuid)[-MOST_TAKEN:])
        return True

    def hear(self, text: str) -> None:
        """Keep a message for the `wait-for` that it may answer, now or later."""
        self.keep(heard=(*self.now.heard, text[:MOST_TEXT])[-MOST_HEARD:])

    def forget(self, text: str) -> None:
        """A message has answered its `wait-for`, and answers no other."""
        left = list(self.now.heard)
        left.remove(text)
        self.keep(heard=tuple(left))


def _load(path: Path) -> dict[str, dict[str, Any]]:
    text = read_text(path)
    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise StartError(f"Error: {path} is not JSON; delete it to begin anew.") from error
    if not isinstance(found, dict) or not all(isinstance(v, dict) for v in found.values()):
        raise StartError(f"Error: {path} holds no conversations; delete it to begin anew.")
    return found
