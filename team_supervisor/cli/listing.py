"""What does `attach --list` say?"""

from collections.abc import Sequence
from typing import Any

from team_supervisor.cli.show import (
    Line,
    bar,
    cells,
    count,
    cut,
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
    facts = [
        status(session, now),
        f"{count(session)} tasks",
        dollars(session.cost_usd),
        *([f"PID {session.pid}"] if session.pid else []),
        started(session, now),
    ]
    words = doing(session, now)
    return [
        f"{safe(session.name)}  {session.id}",
        INDENT + ", ".join(facts),
        *([INDENT + words] if words else []),
    ]


def print_boxes(board: Board, shown: Sequence[SessionView], now: float) -> None:
    """For a terminal: a box per persona."""
    from rich.box import ROUNDED
    from rich.console import Console, Group
    from rich.panel import Panel
    from rich.text import Text

    console = Console(highlight=False)
    width = min(console.width, WIDEST)
    for persona, sessions in grouped(shown).items():
        blocks = [_block(session, width - BORDERS, now) for session in sessions]
        lines = [styled(line) for block in blocks for line in (*block, ())][:-1]
        title = Text(f" {cut(safe(persona), width - 10)} ", style="bold")
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


def _block(session: SessionView, width: int, now: float) -> list[Line]:
    first, rest = _first(session, width, now)
    identity = " · ".join(
        [session.id, *([f"PID {session.pid}"] if session.pid else []), started(session, now)]
    )
    words = doing(session, now)
    lines = [first, *(((INDENT, ""), (line, look(session)[1])) for line in rest)]
    room = width - cells(INDENT + identity) - 3
    if words and width >= ROOMY and room >= LEAST_WORDS:
        return [*lines, ((INDENT + identity, "dim"), (" · ", "dim"), (cut(words, room), ""))]
    lines.append(((INDENT + cut(identity, width - 2), "dim"),))
    return [*lines, ((INDENT, ""), (cut(words, width - 2), ""))] if words else lines


def _first(session: SessionView, width: int, now: float) -> tuple[Line, list[str]]:
    """Name, status, tasks and cost; and the rest of the status where it doesn't fit."""
    mark, style = look(session)
    right: Line = (
        *bar(session.tasks_done, session.tasks_total, BAR),
        (fitted(f"{count(session)} tasks", 12, right=True), ""),
        (fitted(dollars(session.cost_usd), 9, right=True), ""),
    )
    name = cut(safe(session.name), (width - measure(right)) // 2)
    room = width - measure(right) - cells(name) - 6
    whole, rest = status(session, now), []
    if cells(whole) > room:
        rest = _wrapped(whole[len(session.status) :].lstrip(": "), width - len(INDENT))
        whole = session.status
    left: Line = ((f"{mark} ", style), (name, "bold"), (INDENT + fitted(whole, room), style))
    return (*left, (INDENT, ""), *right), rest


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
