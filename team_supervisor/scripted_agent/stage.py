"""What may a step touch, and what does it leave behind in the turn?"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from team_supervisor.scripted_agent import moments
from team_supervisor.scripted_agent.files import Place
from team_supervisor.scripted_agent.inbox import Inbox, Message
from team_supervisor.scripted_agent.memory import Memory
from team_supervisor.scripted_agent.options import Options
from team_supervisor.scripted_agent.stream import Outcome, Stream

PACE = 0.2


class ToolFailed(Exception):
    """A tool was used and failed; the message is what the tool gives back."""


class Tool(NamedTuple):
    """A use of a tool as the stream shows it."""

    name: str
    given: dict[str, str]


class Bill:
    """What one turn uses; a step may add to it."""

    def __init__(self) -> None:
        self.started = moments.monotonic()
        self.answers = 0
        self.tokens = (0, 0)
        self.denials: list[dict[str, Any]] = []
        self.outcome = Outcome("")

    def facts(self) -> dict[str, Any]:
        """The part of the result line that is about this turn alone."""
        took = round((moments.monotonic() - self.started) * 1000)
        return {
            "duration_ms": took,
            "duration_api_ms": took,
            "num_turns": max(1, self.answers),
            "usage": {
                "input_tokens": self.tokens[0],
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": self.tokens[1],
            },
            "permission_denials": self.denials,
        }


class Stage:
    """The agent's files, voice, ears and memory, and the bill of the turn."""

    def __init__(self, place: Place, options: Options, memory: Memory) -> None:
        self.place = place
        self.options = options
        self.memory = memory
        self.stream = Stream(options.session_id)
        self.inbox = Inbox()
        self.pace = pace_of(os.environ)
        self.cost = 0.0
        self.bill = Bill()

    def begin_turn(self, message: Message) -> None:
        """A message opens a turn; the first one of all answers no `wait-for`."""
        self.bill = Bill()
        self.stream.init(self.options)
        self._hear(message, remember=self.memory.now.turns > 0)
        self.memory.keep(turns=self.memory.now.turns + 1)

    def hear_arrivals(self) -> bool:
        """Put what came meanwhile before the model; whether there was anything."""
        arrived = self.inbox.arrived()
        for message in arrived:
            self._hear(message, remember=self.memory.take(message.uuid))
        return bool(arrived)

    def say(self, text: str) -> None:
        """A sentence of the agent; the last one of a turn is its result."""
        self.bill.answers += 1
        self.bill.outcome = Outcome(text)
        self.stream.text(text)

    def fail(self, text: str, status: int | None = None) -> None:
        """The turn ends with an error."""
        self.say(text)
        self.bill.outcome = Outcome(text, is_error=True, status=status)

    def tool(self, tool: Tool, effect: Callable[[], str]) -> str:
        """Use a tool and show what came of it; returns the id of the use."""
        self.bill.answers += 1
        tool_id = self.stream.tool_use(tool.name, tool.given)
        try:
            content, is_error = effect(), False
        except (OSError, ValueError, LookupError, ToolFailed) as error:
            content, is_error = str(error), True
        self.stream.tool_result(tool_id, content, is_error=is_error)
        return tool_id

    def end_turn(self) -> None:
        """Close the turn with its result line."""
        self.stream.result(
            self.bill.outcome, total_cost_usd=round(self.cost, 6), **self.bill.facts()
        )

    def complain(self, text: str) -> None:
        """A line on standard error."""
        print(text, file=sys.stderr, flush=True)

    def _hear(self, message: Message, *, remember: bool) -> None:
        self.stream.replay(message)
        if remember:
            self.memory.hear(message.text)


def pace_of(environ: Mapping[str, str]) -> float:
    """Seconds between two steps of the default behaviour (TEAM_SCRIPTED_PACE)."""
    try:
        pace = float(environ.get("TEAM_SCRIPTED_PACE", PACE))
    except ValueError:
        return PACE
    return pace if 0 <= pace <= 3600 else PACE
