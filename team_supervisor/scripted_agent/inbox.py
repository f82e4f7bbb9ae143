"""Which messages have come on standard input?"""

import json
import os
import select
import uuid
from collections import deque
from typing import Any, NamedTuple

from team_supervisor.scripted_agent import moments

CHUNK = 65536


class BadInput(Exception):
    """A line on standard input is no JSON; Claude Code ends then, too."""


class Message(NamedTuple):
    """One user message: as it was sent, and its plain text."""

    uuid: str
    content: Any
    text: str


class Inbox:
    """Lines of a descriptor, read only when there is something to read."""

    def __init__(self, fd: int = 0) -> None:
        self._fd = fd
        self._open = True
        self._partial = b""
        self._messages: deque[Message] = deque()

    def next(self) -> Message | None:
        """The next message, however long it takes; None once the input has ended."""
        while not self._messages and self._open:
            self._read(None)
        return self._messages.popleft() if self._messages else None

    def arrived(self) -> list[Message]:
        """Every message that has come by now."""
        while self._open and self._read(0):
            pass
        messages = list(self._messages)
        self._messages.clear()
        return messages

    def pause(self, seconds: float) -> None:
        """Let time pass; what comes meanwhile is kept. A signal's exception ends it at once."""
        end = moments.monotonic() + seconds
        while (left := end - moments.monotonic()) > 0:
            self._read(left)

    def _read(self, timeout: float | None) -> bool:
        ready, _, _ = select.select([self._fd] if self._open else [], [], [], timeout)
        if not ready:
            return False
        chunk = os.read(self._fd, CHUNK)
        self._open = bool(chunk)
        *lines, self._partial = (self._partial + (chunk or b"\n")).split(b"\n")
        self._messages.extend(m for line in lines if (m := message_of(line)) is not None)
        return self._open


def message_of(line: bytes) -> Message | None:
    """The message of one line; None for an empty line and for what is no user message."""
    if not line.strip():
        return None
    try:
        found = json.loads(line)
    except ValueError as error:
        raise BadInput(f"Error parsing streaming input line: {line[:200]!r}: {error}") from error
    message = found.get("message") if isinstance(found, dict) else None
    if not isinstance(message, dict) or found.get("type") != "user":
        return None
    content = message.get("content", "")
    return Message(str(found.get("uuid") or uuid.uuid4()), content, _text(content))


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(str(b.get("text", "")) for b in blocks if isinstance(b, dict))
