"""Which message of a channel goes out next?"""

from collections.abc import Sequence
from typing import NamedTuple

# What a channel answers to a message that it does not like, and how often one may hear it.
DISLIKED = frozenset(f"it answered {status}" for status in (400, 413, 422))
MOST_REFUSALS = 3


class Queued(NamedTuple):
    """A message that waits; `due_at` in wall-clock seconds, `problem` of its last try."""

    number: int
    tries: int
    due_at: float
    problem: str | None


def following(queued: Sequence[Queued], now: float, *, soon: bool = False) -> int | None:
    """The oldest, for which all later ones wait, so that they arrive in their order.

    One that was itself refused several times steps aside, and goes when the oldest is not due.
    `queued` is of one channel, oldest first; `soon`: one never tried need not be due.
    """
    in_order = [each for each in queued if not _steps_aside(each)]
    aside = [each for each in queued if _steps_aside(each)]
    for each in (*in_order[:1], *aside):
        if each.due_at <= now or (soon and each.tries == 0):
            return each.number
    return None


def _steps_aside(message: Queued) -> bool:
    return message.tries >= MOST_REFUSALS and message.problem in DISLIKED
