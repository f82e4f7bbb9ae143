"""How wide is each column of the dashboard, and what stands in it?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from team_supervisor.cli.show import cells, count, memory, percent, safe, short_age, status
from team_supervisor.core.roster import Board, SessionView
from team_supervisor.core.words import dollars, tokens

ROOMY = 110
LEAST_NAME, LEAST_STATE, MOST_STATE = 7, 15, 28
LEAST_BAR, MOST_BAR = 5, 16


def all_tokens(board: Board) -> int:
    return sum(s.input_tokens + s.output_tokens for s in board.sessions)


def _whole(board: Board, size: Callable[[SessionView], float | None]) -> float | None:
    """The sum over those of whom it is known."""
    known = [found for session in board.sessions if (found := size(session)) is not None]
    return sum(known) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Columns and rows to fill; `height` None: as many rows as it takes.

    `whole`: nothing is cut at `width`, for a pipe.
    """

    width: int
    now: float
    height: int | None = None
    everything: bool = False
    whole: bool = False

    @property
    def roomy(self) -> bool:
        return self.width >= ROOMY


@dataclass(frozen=True, slots=True)
class Number:
    """A narrow column, aligned right, on frames of at least so many columns."""

    heading: str
    width: int
    cell: Callable[[SessionView], str]
    total: Callable[[Board], str]
    least: int = 0


NUMBERS = (
    Number("AGE", 5, lambda s: short_age(s.age), lambda b: ""),
    Number(
        "RESTARTS",
        8,
        lambda s: str(s.restarts),
        lambda b: str(sum(s.restarts for s in b.sessions)),
        least=ROOMY,
    ),
    Number("CPU", 5, lambda s: percent(s.cpu), lambda b: percent(_whole(b, lambda s: s.cpu)), 70),
    Number(
        "MEM", 5, lambda s: memory(s.memory), lambda b: memory(_whole(b, lambda s: s.memory)), 70
    ),
    Number(
        "TOKENS",
        7,
        lambda s: tokens(s.input_tokens + s.output_tokens),
        lambda b: tokens(all_tokens(b)),
        least=ROOMY,
    ),
    Number("COST", 7, lambda s: dollars(s.cost_usd), lambda b: dollars(b.totals()["cost_usd"])),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """How wide each column is on this frame."""

    name: int
    state: int
    bar: int
    count: int
    gap: int
    numbers: tuple[Number, ...]

    @property
    def tasks(self) -> int:
        return self.bar + 1 + self.count


def columns_for(board: Board, shown: Sequence[SessionView], frame: Frame) -> Columns:
    numbers = tuple(n for n in NUMBERS if frame.width >= n.least)
    gap = 2 if frame.roomy else 1
    totals = board.totals()
    total = f"{totals['tasks_done']}/{totals['tasks_total']}"
    counts = max([len(total), *(len(count(s)) for s in shown)])
    room = frame.width - 2 - 2 * gap - sum(gap + n.width for n in numbers) - (counts + 1)
    whole = cells(f"{len(board.sessions)} sessions")
    name = max(
        [LEAST_NAME, whole, *(cells(safe(text)) for s in shown for text in (s.name, s.persona))]
    )
    state = max([LEAST_STATE, *(_state_width(s, frame.now) for s in shown)])
    if not frame.whole:
        state = min(state, max(LEAST_STATE, (room - LEAST_BAR) // 2))
        name = min(name, room - LEAST_BAR - state)
    return Columns(
        name=name,
        state=state,
        bar=max(LEAST_BAR, min(MOST_BAR, room - name - state)),
        count=counts,
        gap=gap,
        numbers=numbers,
    )


def _state_width(session: SessionView, now: float) -> int:
    whole = cells(status(session, now))
    return whole if whole <= MOST_STATE else cells(session.status)
