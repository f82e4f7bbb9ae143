"""What does the team's status look like, line by line?"""

from team_supervisor.cli.columns import Columns, Frame, all_tokens, columns_for
from team_supervisor.cli.show import (
    Line,
    bar,
    cells,
    count,
    cut,
    details,
    doing,
    fitted,
    look,
    measure,
    safe,
    short_age,
    status,
)
from team_supervisor.core.roster import UNTIL_RESUMED, Board, RequestView, SessionView, by_urgency
from team_supervisor.core.words import file_name, tokens

NEWEST_ARCHIVED = 3
NEWEST_REJECTED = 3
LEAST_WORDS, LEAST_REASON = 20, 24
_NOBODY: Line = (("  No session yet.", "dim"),)


def render(board: Board, frame: Frame) -> list[Line]:
    """Those who need a person first; what doesn't fit into the height is counted."""
    shown, hidden = _shown(board, frame)
    columns = columns_for(board, shown, frame)
    top = [*_header(board, frame), *([_headings(columns)] if shown else [])]
    blocks = [_block(session, columns, frame) for session in shown]
    totals = _totals(board, columns, frame) if board.sessions else [_NOBODY]
    bottom = [*_hidden(hidden), *totals, *_requests(board, frame)]
    if frame.height is not None:
        blocks = _fitting(blocks, frame.height - len(top) - len(bottom))
    lines = [*top, *(line for block in blocks for line in block), *bottom]
    return lines if frame.whole else [_clipped(line, frame.width) for line in lines]


def _shown(board: Board, frame: Frame) -> tuple[list[SessionView], int]:
    """(sessions, how many archived ones are left out)"""
    ordered = by_urgency(board.sessions)
    archived = [session for session in ordered if session.archived]
    keep = archived if frame.everything else archived[:NEWEST_ARCHIVED]
    return [s for s in ordered if not s.archived] + keep, len(archived) - len(keep)


def _header(board: Board, frame: Frame) -> list[Line]:
    from team_supervisor.adapters import clock

    title: Line = ((" Team ", "bold reverse"), (f" {safe(board.workspace)}", "bold"))
    keys = "" if frame.height is None else "q ends · "
    time = keys + clock.local(frame.now)
    gap = max(2, frame.width - measure(title) - cells(time))
    first: Line = (*title, (" " * gap, ""), (time, "dim"))
    if board.supervisor is None:
        words = " ✗ no supervisor is running: start one with `team-supervisor orchestrate`"
        return [first, ((words, "bold red"),), *_held(board), ()]
    by: Line = ((" ● ", "green"), (f"supervised by {safe(board.supervisor)}", "dim"))
    return [first, by, *_held(board), ()]


def _held(board: Board) -> list[Line]:
    stopped: list[Line] = [((f" ■ {UNTIL_RESUMED}", "yellow"),)] if board.stopped else []
    if board.held is None:
        return stopped
    return [*stopped, ((f" ‖ {safe(board.held)}: nothing more of the plan starts", "yellow"),)]


def _headings(columns: Columns) -> Line:
    gap = " " * columns.gap
    words = [
        f"  {fitted('SESSION', columns.name)}",
        fitted("STATE", columns.state),
        fitted("TASKS", columns.tasks),
        *(fitted(n.heading, n.width, right=True) for n in columns.numbers),
    ]
    return ((gap.join(words), "bold dim"),)


def _block(session: SessionView, columns: Columns, frame: Frame) -> list[Line]:
    if session.archived:
        return [tuple((text, "dim") for text, _ in _first(session, columns, frame))]
    return [_first(session, columns, frame), _second(session, columns, frame)]


def _first(session: SessionView, columns: Columns, frame: Frame) -> Line:
    gap = " " * columns.gap
    mark, style = look(session)
    numbers = [fitted(n.cell(session), n.width, right=True) for n in columns.numbers]
    return (
        (f"{mark} ", style),
        (fitted(safe(session.name), columns.name) + gap, "bold"),
        (fitted(_state(session, columns, frame.now), columns.state) + gap, style),
        *bar(session.tasks_done, session.tasks_total, columns.bar),
        (fitted(count(session), columns.count + 1, right=True) + gap, ""),
        (gap.join(numbers), ""),
    )


def _state(session: SessionView, columns: Columns, now: float) -> str:
    whole = status(session, now)
    return whole if cells(whole) <= columns.state else session.status


def _second(session: SessionView, columns: Columns, frame: Frame) -> Line:
    """Persona; what the state didn't tell, then the last words; what has no column."""
    gap = " " * columns.gap
    persona = f"  {fitted(safe(session.persona), columns.name)}{gap}"
    rest = "" if frame.roomy else _rest(session)
    room = frame.width - cells(persona) - (cells(rest) + 2 if rest else 0)
    told = _state(session, columns, frame.now) == status(session, frame.now)
    unwell = f"{session.health}: {safe(session.unwell)}" if session.unwell else ""
    why = " · ".join(filter(None, ["" if told else safe(details(session, frame.now)), unwell]))
    left = room - cells(why) - (3 if why else 0)
    if frame.whole:
        words = doing(session, frame.now)
    else:
        why = cut(why, room)
        words = doing(session, frame.now, left) if left >= LEAST_WORDS else ""
    between = " · " if why and words else ""
    used = cells(why) + cells(between) + cells(words)
    return (
        (persona, "dim"),
        (why, look(session)[1]),
        (between + words, "dim" if why else ""),
        (" " * max(2, room + 2 - used) + rest if rest else "", "dim"),
    )


def _rest(session: SessionView) -> str:
    restarts = f"{session.restarts} restart{'s' * (session.restarts != 1)}, "
    spent = f"{tokens(session.input_tokens + session.output_tokens)} tokens"
    return (restarts if session.restarts else "") + spent


def _fitting(blocks: list[list[Line]], room: int) -> list[list[Line]]:
    """As many as there is room for, and a line that counts the others."""
    if sum(map(len, blocks)) <= room:
        return blocks
    kept: list[list[Line]] = []
    for block in blocks:
        if sum(map(len, kept)) + len(block) > room - 1:
            break
        kept.append(block)
    more = len(blocks) - len(kept)
    return [*kept, [((f"  … {more} more: make the window taller, or use --once", "dim"),)]]


def _hidden(number: int) -> list[Line]:
    return [((f"  … {number} more archived (--all)", "dim"),)] if number else []


def _requests(board: Board, frame: Frame) -> list[Line]:
    refused = board.rejected if frame.everything else board.rejected[:NEWEST_REJECTED]
    requests = (*board.requests, *refused)
    names = max((cells(_spelled(request)) for request in requests), default=0)
    lines = [_request(request, names, frame) for request in requests]
    return [(), (("  REQUESTS", "bold dim"),), *lines] if lines else []


def _spelled(request: RequestView) -> str:
    return safe(file_name(request.name))


def _request(request: RequestView, names: int, frame: Frame) -> Line:
    mark, style = ("✗", "red") if request.status == "rejected" else ("○", "cyan")
    reason = safe(request.reason)
    why = f"{request.status}: {reason}" if reason else request.status
    asker = f"from {safe(request.requester)}, " if request.requester else ""
    when = f"{asker}{short_age(request.age)} ago"
    room = frame.width - names - cells(when) - 7
    if not frame.whole and room < LEAST_REASON:
        when, room = "", frame.width - names - 4
    return (
        (f"{mark} ", style),
        (fitted(_spelled(request), names), "bold"),
        (f"  {why if frame.whole else cut(why, room)}", style),
        (f" · {when}" if when else "", "dim"),
    )


def _totals(board: Board, columns: Columns, frame: Frame) -> list[Line]:
    """In the same columns; archived sessions count too."""
    totals, gap = board.totals(), " " * columns.gap
    done, total = totals["tasks_done"], totals["tasks_total"]
    numbers = [fitted(n.total(board), n.width, right=True) for n in columns.numbers]
    others = [f"{totals[word]} {word}" for word in ("completed", "failed") if totals[word]]
    sessions = f"{len(board.sessions)} session{'s' * (len(board.sessions) != 1)}"
    first: Line = (
        (f"  {fitted(sessions, columns.name)}{gap}", "bold"),
        (fitted(f"{totals['running']} running", columns.state) + gap, "bold"),
        *bar(done, total, columns.bar),
        (fitted(f"{done}/{total}", columns.count + 1, right=True) + gap, "bold"),
        (gap.join(numbers), "bold"),
    )
    second = f"  {fitted('', columns.name)}{gap}{', '.join(others)}"
    rest = "" if frame.roomy else f"{tokens(all_tokens(board))} tokens"
    end = fitted(rest, measure(first) - cells(second), right=True)
    return [(), first, *([((second + end, "dim"),)] if others or rest else [])]


def _clipped(line: Line, width: int) -> Line:
    clipped: list[tuple[str, str]] = []
    for text, style in line:
        room = width - measure(tuple(clipped))
        clipped.append((cut(text, room), style))
        if cells(text) > room:
            break
    return tuple(clipped)
