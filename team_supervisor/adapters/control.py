"""What was a session's host last told?"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from team_supervisor.adapters import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the processes before this one had spent, and the bytes that they had said."""

    transcript: int = 0
    cost_usd: float = 0.0
    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """launch.json. All paths are absolute; `stop_grace` is in seconds."""

    session: str
    attempt: int
    argv: tuple[str, ...]
    cwd: str
    transcript: str
    stderr: str
    stop_grace: float
    before: Before | None = None


class Launched(msgspec.Struct):
    """What is known of the last launch when nothing else is; `attempt` is 0 when there was none."""

    attempt: int = 0
    before: Before | None = None


class _Stop(msgspec.Struct):
    attempt: int
    grace: float


def tell_launch(control: Path, launch: Launch) -> None:
    """Through `json`, as it can say a path that is not UTF-8."""
    files.write(control / "launch.json", json.dumps(asdict(launch)), durable=False)


def launched_attempt(control: Path) -> int:
    """The number in launch.json; 0 when nothing was ever launched."""
    return last_launch(control).attempt


def last_launch(control: Path) -> Launched:
    try:
        return msgspec.json.decode(files.read(control / "launch.json"), type=Launched)
    except (files.Unreadable, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Launched()


def stop_grace(control: Path, attempt: int) -> float | None:
    """Seconds of grace that this attempt's host was given; None when it was not asked to stop."""
    try:
        stop = msgspec.json.decode(files.read(control / "stop.json"), type=_Stop)
    except (files.Unreadable, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return stop.grace if stop.attempt == attempt else None
