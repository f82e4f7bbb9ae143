"""What did a session's transcript tell since it was last read?"""

from pathlib import Path
from typing import Any

from team_supervisor.adapters import files, logs
from team_supervisor.core.model import Moment, Session
from team_supervisor.core.progress import Activity, TurnCost, fold
from team_supervisor.runners import RUNNERS

CHUNK = files.MEBIBYTE
# An answer of "too many requests" that does not say until when holds for so long (seconds).
RATE_LIMIT, UNTOLD_LIMIT = 429, 60.0


def hear(
    session: Session, directory: Path, now: Moment
) -> tuple[dict[str, Any], tuple[str, ...], tuple[TurnCost, ...]]:
    """What new lines change: columns, messages answered, turns ended."""
    found = files.signature(f"{directory}/transcript.jsonl")
    runner = RUNNERS.get(session.runner)
    if found is None or runner is None or found.size == session.transcript_offset:
        return {}, (), ()
    offset = session.transcript_offset if found.size > session.transcript_offset else 0
    lines, offset = _whole_lines(directory / "transcript.jsonl", offset)
    if offset == session.transcript_offset:
        return {}, (), ()
    activity = before = _activity(session)
    for line in lines:
        for progress in runner.parse(line):
            activity = fold(activity, progress)
    values = _columns(activity, now) if activity != before else {}
    values |= {"transcript_offset": offset, "last_activity_at": now.wall}
    return values, activity.seen, activity.ended


def _whole_lines(path: Path, offset: int) -> tuple[list[bytes], int]:
    """Complete lines from `offset`, at most a mebibyte of them, and the offset behind them."""
    data = logs.read(path, offset, CHUNK)
    end = data.rfind(b"\n") + 1
    if end == 0:
        # A line longer than a chunk says nothing to us: pass over it piece by piece.
        return [], logs.data_after(path, offset + CHUNK) if len(data) == CHUNK else offset
    return data[:end].splitlines(), offset + end


def _activity(session: Session) -> Activity:
    return Activity(
        turn_open=bool(session.turn_open),
        turns=session.turns,
        cost_usd=session.cost_attempt,
        input_tokens=session.input_tokens,
        output_tokens=session.output_tokens,
        tool_calls=session.tool_calls,
        last_words=session.last_words,
        denials=tuple(session.denials.split(", ")) if session.denials else (),
        rate_limited_until=session.rate_limited_until,
        last_error=session.last_error,
        error_status=session.error_status,
    )


def _columns(activity: Activity, now: Moment) -> dict[str, Any]:
    until = activity.rate_limited_until
    if activity.error_status == RATE_LIMIT and activity.ended and (until or 0.0) <= now.wall:
        until = now.wall + UNTOLD_LIMIT
    return {
        "turn_open": int(activity.turn_open),
        "turns": activity.turns,
        "cost_attempt": activity.cost_usd,
        "input_tokens": activity.input_tokens,
        "output_tokens": activity.output_tokens,
        "tool_calls": activity.tool_calls,
        "last_words": activity.last_words,
        "denials": ", ".join(activity.denials),
        "rate_limited_until": until,
        "last_error": activity.last_error,
        "error_status": activity.error_status,
    }
