"""How do sessions look on a terminal, in a pipe and as JSON?"""

import math
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from team_supervisor.adapters import clock
from team_supervisor.core.roster import Board, SessionView
from team_supervisor.core.words import age

if TYPE_CHECKING:
    from rich.text import Text

# Text and style; lines are made of them so that a pipe needs no rich, which takes 40 ms to load.
Span = tuple[str, str]
Line = tuple[Span, ...]

MAX_TEXT = 400
# What comes within so many seconds is told to the second.
NEAR = 600
TIMES = ("started_at", "ended_at", "last_activity_at", "rate_limited_until")
_LOOKS = {
    "active": ("●", "green"),
    "waiting": ("◐", "cyan"),
    "parked": ("◐", "dim"),
    "verifying": ("●", "cyan"),
    "disputed": ("●", "yellow"),
    "starting": ("○", "cyan"),
    "restarting": ("↻", "yellow"),
    "stopping": ("○", "yellow"),
    "stale": ("▲", "bold yellow"),
    "stalled": ("▲", "bold yellow"),
    "needs attention": ("▲", "bold yellow"),
    "over budget": ("▲", "bold yellow"),
    "rate limited": ("◆", "magenta"),
    "not running": ("✗", "bold red"),
    "failed": ("✗", "bold red"),
    "stopped": ("■", "dim"),
    "completed": ("✓", "dim"),
}


def safe(text: str, limit: int = MAX_TEXT) -> str:
    """What an agent said, as one line that can do nothing to a terminal."""
    if text.isprintable() and len(text) <= limit:
        return text
    from team_supervisor.core.progress import clean

    return clean(text, limit)


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(char) in ("Mn", "Me", "Cf") else 1 + (east_asian_width(char) in "WF")
        for char in text
    )


def cut(text: str, room: int) -> str:
    """At most `room` columns of it."""
    if cells(text) <= room:
        return text
    while text and cells(text) >= room:
        text = text[:-1]
    return f"{text.rstrip()}…" if room > 0 else ""


def fitted(text: str, room: int, right: bool = False) -> str:
    """Exactly `room` columns: cut, or filled with blanks."""
    shown = cut(text, room)
    blanks = " " * (room - cells(shown))
    return blanks + shown if right else shown + blanks


def measure(line: Line) -> int:
    return sum(cells(text) for text, _ in line)


def plain(line: Line) -> str:
    return "".join(text for text, _ in line).rstrip()


def styled(line: Line) -> "Text":
    """Never interpreted as markup; cut, not wrapped, where the terminal ends."""
    from rich.text import Text

    text = Text(no_wrap=True, overflow="ellipsis")
    for words, style in line:
        text.append(words, style)
    return text


def emit(lines: Iterable[str]) -> None:
    """To standard output at once, whatever its encoding."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def look(session: SessionView) -> Span:
    """A mark and the style of its status."""
    parked = session.status == "parked" and session.needs_a_person
    return _LOOKS.get("needs attention" if parked else session.status, ("·", ""))


def status(session: SessionView, now: float) -> str:
    """`active`, `waiting for 2 sessions`, `rate limited until 10:45:30`, `failed: …`."""
    detail = safe(details(session, now))
    joint = " " if session.status in ("waiting", "rate limited", "restarting") else ": "
    return f"{session.status}{joint}{detail}" if detail else session.status


def details(session: SessionView, now: float) -> str:
    """What there is to say beyond the status."""
    if session.status == "rate limited" and session.rate_limited_until:
        return f"until {due(session.rate_limited_until, now)}"
    return session.detail


def doing(session: SessionView, now: float, room: int | None = None) -> str:
    """The last thing it said or did, and how long ago; empty when there was none.

    In `room` columns the words are cut, not their age.
    """
    words, when = safe(session.last_words), ""
    if words and session.last_activity_at is not None and not session.ended:
        when = f" · {age(now - session.last_activity_at)} ago"
    return (words if room is None else cut(words, room - cells(when))) + when


def bar(done: int, total: int, room: int) -> Line:
    """`room` columns; full only when all is done."""
    full = room * done // total if total else 0
    style = "green" if done >= total else "cyan"
    return (("█" * min(full, room), style), ("░" * (room - full), "dim"))


def count(session: SessionView) -> str:
    """`3/7`, or a dash while it has no list."""
    return f"{session.tasks_done}/{session.tasks_total}" if session.tasks_total else "–"


def moment(wall: float, now: float) -> str:
    """The person's own time; with the day when that is not today."""
    then = datetime.fromtimestamp(wall)
    today = then.date() == datetime.fromtimestamp(now).date()
    return then.strftime("%H:%M" if today else "%b %d %H:%M")


def due(wall: float, now: float) -> str:
    """Of what comes: never a time that is over already, with the seconds where they are few."""
    if wall - now < NEAR:
        return datetime.fromtimestamp(math.ceil(wall)).strftime("%H:%M:%S")
    return moment(math.ceil(wall / 60) * 60, now)


def started(session: SessionView, now: float) -> str:
    """`started 10:30 (12 min ago)`."""
    if session.started_at is None:
        return "not started yet"
    return f"started {moment(session.started_at, now)} ({age(now - session.started_at)} ago)"


def short_age(seconds: float) -> str:
    """At most five columns: `12s`, `5m`, `23h59`, `3d`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}"
    return f"{whole // 86400}d"


def memory(size: float | None) -> str:
    """At most five columns: `85M`, `1.2G`."""
    if size is None:
        return "–"
    mebibytes = size / (1 << 20)
    return f"{mebibytes:.0f}M" if mebibytes < 1000 else f"{mebibytes / 1024:.1f}G"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0f}%"


def session_json(session: SessionView) -> dict[str, Any]:
    """Plain values; times in ISO 8601, UTC."""
    return _with_times(msgspec.structs.asdict(session))


def board_json(board: Board) -> dict[str, Any]:
    """Everything that `track` shows, with times in ISO 8601, UTC."""
    return {
        "at": clock.stamp(clock.now().wall),
        "workspace": board.workspace,
        "supervisor": board.supervisor,
        "held": board.held,
        "stopped": board.stopped,
        "sessions": [session_json(session) for session in board.sessions],
        "requests": [msgspec.structs.asdict(request) for request in board.requests],
        "rejected": [msgspec.structs.asdict(request) for request in board.rejected],
        "totals": board.totals(),
    }


def _with_times(row: dict[str, Any]) -> dict[str, Any]:
    stamps = {key: clock.stamp(row[key]) if row[key] else None for key in TIMES}
    tasks = {"done": row["tasks_done"], "total": row["tasks_total"]}
    return {**row, **stamps, "tasks": tasks}
