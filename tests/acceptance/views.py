"""What do the events, `attach --list` and `track --once` say of every session?"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .lines import Line
from .team import Team, marked

AFTER = {
    "session_claimed": "starting",
    "session_started": "active",
    "session_adopted": "active",
    "session_archived": "completed",
    "session_failed": "failed",
    "session_stopped": "stopped",
}
ENDED = ("completed", "failed", "stopped")
Row = dict[str, Any]


def states_told(events: Iterable[Line]) -> dict[str, str]:
    """Session id -> the state that follows from the events."""
    return {e["session"]: AFTER[e["event"]] for e in events if e["event"] in AFTER}


def listed(team: Team) -> dict[str, Row]:
    """Session id -> its row in `attach --list --json`."""
    return by_id(team.json("attach", "--list"))


def tracked(team: Team) -> dict[str, Row]:
    """Session id -> its row in `track --once --json`."""
    return by_id(team.json("track", "--once"))


def by_id(document: Any) -> dict[str, Row]:
    rows = document if isinstance(document, list) else document["sessions"]
    return {row["id"]: row for row in rows}


def states(rows: dict[str, Row]) -> dict[str, str]:
    return {session: row["state"] for session, row in rows.items()}


def live(found: dict[str, str]) -> dict[str, str]:
    return {session: state for session, state in found.items() if state not in ENDED}


def check_views_agree(team: Team, events: Iterable[Line]) -> dict[str, str]:
    """The states, when events, both commands and the machine's own processes agree on them."""
    told = states_told(events)
    track, attach = tracked(team), listed(team)
    assert states(track) == told
    assert live(states(attach)) == live(told)
    assert all(told[session] == state for session, state in states(attach).items())
    for session in live(told):
        running = {process.pid for process in marked("TEAM_SESSION_ID", session)}
        assert track[session]["pid"] == attach[session]["pid"]
        assert track[session]["pid"] in running
    return told


def cost_in_transcript(path: Path) -> float:
    """US dollars, over every process of the session: each begins to count at nothing."""
    totals = [0.0]
    for line in path.read_text().splitlines():
        cost = json.loads(line).get("total_cost_usd")
        if cost is None:
            continue
        if cost < totals[-1]:
            totals.append(0.0)
        totals[-1] = cost
    return sum(totals)
