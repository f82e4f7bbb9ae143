"""What did what cost: each persona, each session with those it asked for, each day?"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from team_supervisor.core.model import Session


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a session, as it was counted; `day` is the person's own, as in 2026-11-27."""

    session: str
    day: str
    cost_usd: float
    input_tokens: int
    output_tokens: int


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """A line of `costs`; `with_asked_usd` has the sessions that this one asked for, and theirs.

    `called` is the name of a session, whose id is `name`.
    """

    name: str
    turns: int
    cost_usd: float
    input_tokens: int
    output_tokens: int
    with_asked_usd: float | None = None
    called: str = ""


def by_persona(turns: Sequence[Turn], sessions: Iterable[Session]) -> list[Cost]:
    personas = {s.id: s.persona for s in sessions}
    return _dearest(_grouped(turns, lambda turn: personas.get(turn.session, "unknown")))


def by_day(turns: Sequence[Turn]) -> list[Cost]:
    """The newest first."""
    return sorted(_grouped(turns, lambda turn: turn.day), key=lambda cost: cost.name, reverse=True)


def by_session(turns: Sequence[Turn], sessions: Sequence[Session]) -> list[Cost]:
    """Every session that ran, with what those it asked for cost, at any depth."""
    own = {cost.name: cost for cost in _grouped(turns, lambda turn: turn.session)}
    asked = _children(sessions)
    ran = [s.id for s in sessions if s.id in own or s.attempt]
    names = {s.id: s.name for s in sessions}
    lines = [own.get(one) or _sum(one, []) for one in ran]
    return _dearest(
        msgspec.structs.replace(
            line,
            with_asked_usd=round(_subtree(line.name, own, asked), 6),
            called=names[line.name],
        )
        for line in lines
    )


def total(turns: Sequence[Turn]) -> Cost:
    return _sum("total", turns)


def _children(sessions: Iterable[Session]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for session in sessions:
        if session.requester:
            found.setdefault(session.requester, []).append(session.id)
    return found


def _subtree(root: str, own: Mapping[str, Cost], asked: Mapping[str, list[str]]) -> float:
    """A circle, which no supervisor makes but a file could claim, is counted once."""
    seen: set[str] = set()
    todo = [root]
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += asked.get(one, [])
    return sum(own[one].cost_usd for one in seen if one in own)


def _grouped(turns: Iterable[Turn], key: Callable[[Turn], str]) -> list[Cost]:
    groups: dict[str, list[Turn]] = {}
    for turn in turns:
        groups.setdefault(key(turn), []).append(turn)
    return [_sum(name, group) for name, group in groups.items()]


def _sum(name: str, turns: Sequence[Turn]) -> Cost:
    return Cost(
        name=name,
        turns=len(turns),
        cost_usd=round(sum(turn.cost_usd for turn in turns), 6),
        input_tokens=sum(turn.input_tokens for turn in turns),
        output_tokens=sum(turn.output_tokens for turn in turns),
    )


def _dearest(costs: Iterable[Cost]) -> list[Cost]:
    return sorted(costs, key=lambda cost: (-cost.cost_usd, cost.name))
