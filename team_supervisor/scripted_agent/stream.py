"""What does the agent print, line by line?"""

import json
import os
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from team_supervisor.scripted_agent import moments
from team_supervisor.scripted_agent.inbox import Message
from team_supervisor.scripted_agent.options import Options

MODEL = "scripted"
VERSION = "2.1.0"


class Outcome(NamedTuple):
    """How a turn ended; `status` is the HTTP status of an error of the API."""

    text: str
    is_error: bool = False
    status: int | None = None
    subtype: str = "success"


class Stream:
    """Lines of JSON in the shapes of Claude Code 2.1, each written whole."""

    def __init__(self, session_id: str, fd: int = 1) -> None:
        self._id = session_id
        self._fd = fd

    def line(self, text: str) -> None:
        """One line exactly as given, JSON or not."""
        data = text.encode("utf-8", errors="replace") + b"\n"
        while data:
            data = data[os.write(self._fd, data) :]

    def emit(self, kind: str, **fields: Any) -> None:
        """One line of JSON; `uuid` is a new one unless given."""
        common = {"session_id": self._id, "uuid": str(uuid.uuid4())}
        self.line(json.dumps({"type": kind} | common | fields, separators=(",", ":")))

    def init(self, options: Options) -> None:
        """The first line of every turn."""
        self.emit(
            "system",
            subtype="init",
            cwd=str(Path.cwd()),
            tools=list(options.tools),
            mcp_servers=[],
            model=MODEL,
            permissionMode=options.permission_mode,
            claude_code_version=VERSION,
        )

    def replay(self, message: Message) -> None:
        """A message is now before the model."""
        self._user(message.content, uuid=message.uuid, isReplay=True)

    def text(self, text: str) -> None:
        """The agent says something."""
        self._assistant({"type": "text", "text": text})

    def tool_use(self, name: str, given: dict[str, str]) -> str:
        """The agent uses a tool; returns the id that the tool's result must name."""
        tool_id = f"toolu_{uuid.uuid4().hex[:24]}"
        self._assistant({"type": "tool_use", "id": tool_id, "name": name, "input": given})
        return tool_id

    def tool_result(self, tool_id: str, content: str, *, is_error: bool) -> None:
        """What a tool gave back."""
        result = {"tool_use_id": tool_id, "type": "tool_result", "content": content}
        self._user([result | {"is_error": is_error}])

    def result(self, outcome: Outcome, **facts: Any) -> None:
        """The last line of a turn; `facts` are its duration, cost, usage and denials."""
        self.emit(
            "result",
            subtype=outcome.subtype,
            is_error=outcome.is_error,
            api_error_status=outcome.status,
            result=outcome.text,
            stop_reason="stop_sequence" if outcome.is_error else "end_turn",
            **facts,
        )

    def _user(self, content: Any, **fields: Any) -> None:
        message = {"role": "user", "content": content}
        when = moments.stamp()
        self.emit("user", message=message, parent_tool_use_id=None, timestamp=when, **fields)

    def _assistant(self, block: dict[str, Any]) -> None:
        message = {
            "id": f"msg_{uuid.uuid4().hex[:24]}",
            "type": "message",
            "role": "assistant",
            "model": MODEL,
            "content": [block],
            "stop_reason": None,
            "usage": {"input_tokens": 3, "output_tokens": 1},
        }
        self.emit("assistant", message=message, parent_tool_use_id=None)
