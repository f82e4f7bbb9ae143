"""What does `attach --list` say?"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from team_supervisor.cli.show import (
    Line,
    bar,
    cells,
    count,
    cut,
    details,
    doing,
    emit,
    fitted,
    look,
    measure,
    plain,
    safe,
    session_json,
    started,
    status,
    styled,
)
from team_supervisor.core.roster import Board, SessionView, grouped
from team_supervisor.core.words import dollars

WIDEST = 140
BAR = 10
BORDERS = 4
ROOMY = 106
LEAST_WORDS = 24
INDENT = "  "


class Room(NamedTuple):
    """Columns inside a box, and those of them for names."""

    width: int
    name: int
    now: float


def as_json(board: Board, shown: Sequence[SessionView]) -> dict[str, Any]:
    return {
        "workspace": board.workspace,
        "supervisor": board.supervisor,
        "sessions": [session_json(session) for session in shown],
    }


def print_plain(board: Board, shown: Sequence[SessionView], now: float) -> None:
    """For a pipe: nothing is cut."""
    lines: list[str] = []
    for persona, sessions in grouped(shown).items():
        lines.append(safe(persona))
        for session in sessions:
            lines += [INDENT + line for line in _facts(session, now)]
        lines.append("")
    emit([*lines, *map(plain, _summary(board, shown))])


def _facts(session: SessionView, now: float) -> list[str]:
    facts = [f"{count(session)} tasks", dollars(session.cost_usd), _identity(session, now)]
    words = doing(session, now)
    return [
        f"{safe(session.name)}: {status(session, now)}",
        INDENT + ", ".join(facts),
        *([INDENT + words] if words else []),
    ]


def _identity(session: SessionView, now: float) -> str:
    pid = [f"PID {session.pid}"] if session.pid else []
    return ", ".join([session.id, *pid, started(session, now)])


def print_boxes(board: Board, shown: Sequence[SessionView], now: float) -> None:
    """For a terminal: a box per persona."""
    from rich.box import ROUNDED
    from rich.console import Console, Group
    from rich.panel import Panel
    from rich.text import Text

    console = Console(highlight=False)
    width = min(console.width, WIDEST)
    names = max((cells(safe(session.name)) for session in shown), default=0)
    room = Room(width - BORDERS, min(names, (width - BORDERS) // 3), now)
    for persona, sessions in grouped(shown).items():
        blocks = [_block(session, room) for session in sessions]
        lines = [styled(line) for block in blocks for line in (*block, ())][:-1]
        title = Text(cut(safe(persona), width - 10), style="bold")
        console.print(
            Panel(
                Group(*lines),
                title=title,
                title_align="left",
                box=ROUNDED,
                border_style=_border(sessions),
                width=width,
            )
        )
    for line in _summary(board, shown):
        console.print(styled(line), soft_wrap=False)


def _border(sessions: Sequence[SessionView]) -> str:
    styles = {look(session)[1] for session in sessions}
    return next((s.split()[-1] for s in ("bold red", "bold yellow") if s in styles), "blue")


def _block(session: SessionView, room: Room) -> list[Line]:
    first, rest = _first(session, room)
    identity = INDENT + _identity(session, room.now)
    lines = [first, *(((INDENT + line, look(session)[1]),) for line in rest)]
    beside = room.width - cells(identity) - 3
    if session.last_words and room.width >= ROOMY and beside >= LEAST_WORDS:
        return [*lines, ((f"{identity} · ", "dim"), (doing(session, room.now, beside), ""))]
    lines.append(((cut(identity, room.width), "dim"),))
    words = doing(session, room.now, room.width - len(INDENT))
    return [*lines, ((INDENT + words, ""),)] if words else lines


def _first(session: SessionView, room: Room) -> tuple[Line, list[str]]:
    """Name, status, tasks and cost; and the rest of the status where it doesn't fit."""
    mark, style = look(session)
    right: Line = (
        (INDENT, ""),
        *bar(session.tasks_done, session.tasks_total, BAR),
        (fitted(f"{count(session)} tasks", 12, right=True), ""),
        (fitted(dollars(session.cost_usd), 9, right=True), ""),
    )
    left = room.width - measure(right) - room.name - 4
    whole, rest = status(session, room.now), list[str]()
    if cells(whole) > left:
        rest = _wrapped(safe(details(session, room.now)), room.width - len(INDENT))
        whole = session.status
    name = fitted(safe(session.name), room.name)
    return (
        (f"{mark} ", style),
        (name, "bold"),
        (INDENT + fitted(whole, left), style),
        *right,
    ), rest


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width, max_lines=3, placeholder=" …")


def _summary(board: Board, shown: Sequence[SessionView]) -> list[Line]:
    totals = board.totals()
    lines: list[Line] = []
    if not shown:
        lines.append((("No session to show.", ""),))
    hidden = sum(s.archived for s in board.sessions) - sum(s.archived for s in shown)
    archived = f" ({hidden} archived not shown: --all)" if hidden else ""
    facts = (
        f"{_sessions(totals['sessions'])}, {totals['running']} running, "
        f"{totals['tasks_done']} of {totals['tasks_total']} tasks done, "
        f"{dollars(totals['cost_usd'])}{archived}"
    )
    lines.append(((facts, "dim"),))
    if board.supervisor is None:
        lines.append((("No supervisor is running: start one with `orchestrate`", "bold red"),))
    return lines


def _sessions(number: int) -> str:
    return f"{number} session" + ("" if number == 1 else "s")
