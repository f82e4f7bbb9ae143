"""How well is a session: does it live, and what does it take of the machine?"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from team_supervisor.core.model import Doing, Session, State
from team_supervisor.core.words import age

MEBIBYTE = 1 << 20


class Level(StrEnum):
    """`stalled` is of the heartbeat alone, `critical` of everything else."""

    HEALTHY = "healthy"
    WARNING = "warning"
    STALLED = "stalled"
    CRITICAL = "critical"


_RANKS = {level: rank for rank, level in enumerate(Level)}
ALARMING = frozenset({Level.STALLED, Level.CRITICAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRules:
    """Seconds without a sign of life, percent of one core, MiB: over each, the level is worse."""

    heartbeat_warning: float = 120.0
    heartbeat_stalled: float = 300.0
    cpu_warning: float = 80.0
    cpu_critical: float = 95.0
    memory_warning_mb: float = 1024.0
    memory_critical_mb: float = 2048.0

    def contradiction(self) -> str | None:
        """The name of the first pair in which what is worse would come first."""
        pairs = (
            ("heartbeat_warning", "heartbeat_stalled"),
            ("cpu_warning", "cpu_critical"),
            ("memory_warning_mb", "memory_critical_mb"),
        )
        return next(
            (f"{a}` and `{b}" for a, b in pairs if getattr(self, a) > getattr(self, b)), None
        )


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of one session. `silent`: seconds since the last sign of life.

    `rests`: nothing is expected of it, as its turn is over. `cpu`: percent of one core, of its
    whole process tree; `memory`: bytes. None: not known. `gone`: it should run, and does not.
    """

    silent: float | None
    rests: bool = False
    tool: bool = False
    cpu: float | None = None
    memory: int | None = None
    gone: bool = False
    said_stalled: str = ""


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was measured; in seconds, percent or bytes. None: not known."""

    name: str
    level: Level
    value: float | None
    warning: float
    worse: float
    words: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`level` is the worst of the signals' levels, `words` say why it is not healthy."""

    level: Level
    signals: tuple[Signal, ...]

    @property
    def words(self) -> str:
        return "; ".join(s.words for s in self.signals if s.level != Level.HEALTHY)

    @property
    def alarming(self) -> bool:
        return self.level in ALARMING


def judge(seen: Vitals, rules: HealthRules) -> Health:
    signals = (_heartbeat(seen, rules), _cpu(seen, rules), _memory(seen, rules))
    return Health(level=worst(s.level for s in signals), signals=signals)


def worst(levels: Iterable[Level]) -> Level:
    return max(levels, key=_RANKS.__getitem__, default=Level.HEALTHY)


def rests(session: Session) -> bool:
    """It waits, and nothing is expected of it: its silence is no trouble."""
    if session.doing in (Doing.WORKING, Doing.STALLED):
        return False
    return session.state == State.PARKED or not session.turn_open


def _heartbeat(seen: Vitals, rules: HealthRules) -> Signal:
    level, words = _life(seen, rules)
    return Signal(
        name="heartbeat",
        level=level,
        value=seen.silent,
        warning=rules.heartbeat_warning,
        worse=rules.heartbeat_stalled,
        words=words,
    )


def _life(seen: Vitals, rules: HealthRules) -> tuple[Level, str]:
    if seen.gone:
        return Level.CRITICAL, "its process is gone"
    if seen.said_stalled:
        return Level.STALLED, seen.said_stalled
    silent = seen.silent or 0.0
    said = f"no sign of life for {age(silent)}"
    if seen.rests:
        return Level.HEALTHY, "it waits; nothing is expected of it"
    if seen.tool and silent > rules.heartbeat_warning:
        return Level.HEALTHY, f"{said}, but a tool call is open"
    level = _level(silent, rules.heartbeat_warning, rules.heartbeat_stalled, Level.STALLED)
    return level, said if level != Level.HEALTHY else f"last sign of life {age(silent)} ago"


def _cpu(seen: Vitals, rules: HealthRules) -> Signal:
    return Signal(
        name="cpu",
        level=_level(seen.cpu, rules.cpu_warning, rules.cpu_critical),
        value=seen.cpu,
        warning=rules.cpu_warning,
        worse=rules.cpu_critical,
        words="not known" if seen.cpu is None else f"{seen.cpu:.0f} % of a core",
    )


def _memory(seen: Vitals, rules: HealthRules) -> Signal:
    warning, critical = rules.memory_warning_mb * MEBIBYTE, rules.memory_critical_mb * MEBIBYTE
    words = "not known" if seen.memory is None else f"{seen.memory / MEBIBYTE:,.0f} MiB of memory"
    return Signal(
        name="memory",
        level=_level(seen.memory, warning, critical),
        value=seen.memory,
        warning=warning,
        worse=critical,
        words=words,
    )


def _level(
    value: float | None, warning: float, worse: float, name: Level = Level.CRITICAL
) -> Level:
    """What is not known is no trouble."""
    if value is None or value <= warning:
        return Level.HEALTHY
    return Level.WARNING if value <= worse else name
