"""What was a session's host last told?"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from team_supervisor.adapters import files


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


class _Launched(msgspec.Struct):
    attempt: int


class _Stop(msgspec.Struct):
    attempt: int
    grace: float


def tell_launch(control: Path, launch: Launch) -> None:
    """Through `json`, as it can say a path that is not UTF-8."""
    files.write(control / "launch.json", json.dumps(asdict(launch)), durable=False)


def launched_attempt(control: Path) -> int:
    """The number in launch.json; 0 when nothing was ever launched."""
    try:
        return msgspec.json.decode(files.read(control / "launch.json"), type=_Launched).attempt
    except (files.Unreadable, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0


def stop_grace(control: Path, attempt: int) -> float | None:
    """Seconds of grace that this attempt's host was given; None when it was not asked to stop."""
    try:
        stop = msgspec.json.decode(files.read(control / "stop.json"), type=_Stop)
    except (files.Unreadable, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return stop.grace if stop.attempt == attempt else None
