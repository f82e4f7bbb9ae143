"""How does the scripted agent start and end?"""

import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from team_supervisor.scripted_agent.agent import converse
from team_supervisor.scripted_agent.audit import audited
from team_supervisor.scripted_agent.files import place_of
from team_supervisor.scripted_agent.inbox import BadInput
from team_supervisor.scripted_agent.memory import Memory
from team_supervisor.scripted_agent.options import Options, StartError, options_of, words_of
from team_supervisor.scripted_agent.stage import Bill, Stage
from team_supervisor.scripted_agent.stream import VERSION, Outcome, Stream


def run() -> int:
    """The console script: exit code 0 at end of input, 143 after SIGTERM, 1 for a bad start."""
    words = words_of(sys.argv[1:])
    if "--version" in words:
        print(f"{VERSION} (Claude Code, scripted)")
        return 0
    if "--help" in words:
        print((Path(__file__).parent / "language.md").read_text(encoding="utf-8"))
        return 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    return _guarded(words)


def _leave(number: int, _: Any) -> NoReturn:
    raise SystemExit(128 + number)


def _guarded(words: dict[str, list[str]]) -> int:
    try:
        options = options_of(words)
        with audited(os.environ, options.session_id):
            converse(_stage(options))
    except (StartError, BadInput) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def _stage(options: Options) -> Stage:
    place = place_of(os.environ)
    memory = Memory(place.session, options.session_id)
    if options.resume and not memory.known:
        _say_unknown(options.session_id)
        raise StartError(f"No conversation found with session ID: {options.session_id}")
    if memory.known and not options.resume:
        raise StartError(f"Error: Session ID {options.session_id} is already in use.")
    return Stage(place, options, memory)


def _say_unknown(session_id: str) -> None:
    """Claude Code says it on both streams."""
    outcome = Outcome("", is_error=True, subtype="error_during_execution")
    Stream(session_id).result(outcome, total_cost_usd=0, **Bill().facts() | {"num_turns": 0})
