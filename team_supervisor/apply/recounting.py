"""What had a session spent whose row is lost, and from where on is it counted anew?"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from team_supervisor.adapters import files
from team_supervisor.adapters.control import Before
from team_supervisor.apply.tools import Tools
from team_supervisor.core.model import Session
from team_supervisor.core.progress import TurnCost, TurnEnded
from team_supervisor.runners import Runner

# More than this in a file that an agent may have written was never spent.
MOST_DOLLARS = 1e6
MOST_COUNTED = 10**12


def over(published: Before, path: Path) -> dict[str, Any]:
    """Values of a row whose processes have all been heard to their end."""
    said = files.signature(path)
    return _values(replace(published, transcript=said.size if said else 0))


def going_on(
    published: Before, launched: Before | None, path: Path, runner: Runner
) -> dict[str, Any]:
    """Values of a row whose last process may have said more than was published."""
    said = files.signature(path)
    size = said.size if said else 0
    if launched is None:
        return _values(_without_its_last_process(published, path, size, runner))
    # A transcript that is shorter was moved away since: all of the new one is of this process.
    kept = launched.transcript if launched.transcript <= size else 0
    return _values(replace(launched, transcript=kept))


def record(tools: Tools, session: Session, at: float) -> None:
    """Its turns are lost with the row they were counted in; what they cost is not."""
    if session.turns:
        before = TurnCost(
            number=session.turns,
            cost_usd=session.cost_before,
            input_tokens=session.input_tokens,
            output_tokens=session.output_tokens,
        )
        tools.store.add_turn(session, before, at)


def _without_its_last_process(published: Before, path: Path, size: int, runner: Runner) -> Before:
    """Where no launch says what was before: what that process told is read again.

    Each process counts its cost from nothing, so a sum that fell is another process's.
    """
    said = files.tail(path, files.MEBIBYTE)
    here = behind = max(0, size - len(said))
    own = Before(transcript=here)
    for line in said.splitlines(keepends=True):
        here += len(line)
        for turn in (told for told in runner.parse(line) if isinstance(told, TurnEnded)):
            own = _and_by(own if turn.cost_usd >= own.cost_usd else Before(transcript=behind), turn)
            behind = here
    return Before(
        transcript=own.transcript,
        cost_usd=published.cost_usd - own.cost_usd,
        turns=published.turns - own.turns,
        input_tokens=published.input_tokens - own.input_tokens,
        output_tokens=published.output_tokens - own.output_tokens,
    )


def _and_by(own: Before, turn: TurnEnded) -> Before:
    """Each turn says the cost of its process so far, and its own tokens."""
    return replace(
        own,
        cost_usd=turn.cost_usd,
        turns=own.turns + 1,
        input_tokens=own.input_tokens + turn.input_tokens,
        output_tokens=own.output_tokens + turn.output_tokens,
    )


def _values(before: Before) -> dict[str, Any]:
    cost = min(max(0.0, before.cost_usd), MOST_DOLLARS)
    # A cost is of some turn.
    return {
        "transcript_offset": max(0, before.transcript),
        "cost_before": cost,
        "turns": max(_counted(before.turns), int(cost > 0)),
        "input_tokens": _counted(before.input_tokens),
        "output_tokens": _counted(before.output_tokens),
    }


def _counted(number: int) -> int:
    return min(max(0, number), MOST_COUNTED)
