"""What time is it?"""

import time
from datetime import UTC, datetime

from team_supervisor.core.model import Moment


def now() -> Moment:
    """The only reader of the time."""
    return Moment(time.time(), time.monotonic())


def stamp(wall: float) -> str:
    """UTC, as in `2026-11-21T10:30:00Z`."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(stamped: str | None) -> float | None:
    """Unix seconds of what `stamp` wrote; None of anything else."""
    try:
        told = datetime.strptime(stamped or "", "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None
    return told.replace(tzinfo=UTC).timestamp()


def midnight(wall: float) -> float:
    """When the person's own day began."""
    return (
        datetime.fromtimestamp(wall).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    )


def local(wall: float) -> str:
    """The person's own time, as in `10:30:00`."""
    return datetime.fromtimestamp(wall).strftime("%H:%M:%S")
