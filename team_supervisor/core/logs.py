"""When has an agent written too much?"""

from dataclasses import dataclass

from team_supervisor.core.model import Session


@dataclass(frozen=True, slots=True)
class Logs:
    """Bytes on disk of an agent's output that has grown: of the largest log, and of all."""

    largest: int
    total: int


@dataclass(frozen=True, slots=True)
class LogRules:
    """Bytes; 0 means that there is no limit. The total holds what was compressed, too."""

    limit: int = 64 << 20
    total: int = 2 << 30


@dataclass(frozen=True, slots=True)
class MoveLogs:
    """An Action: compress the older parts of its logs."""

    session: Session


def grown(logs: Logs | None, rules: LogRules) -> bool:
    """Are older parts of them to be compressed?"""
    return logs is not None and 0 < rules.limit < logs.largest


def complaint(logs: Logs | None, rules: LogRules) -> str:
    """What a person is to see; "" when there is nothing. Nobody is stopped for it."""
    if logs is None or not 0 < rules.total < logs.total:
        return ""
    return f"its logs have passed {rules.total >> 20:,} MiB: see what it writes"
