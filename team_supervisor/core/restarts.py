"""When does a session whose process died start again, and when is it given up?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """Delays in seconds; `failures` in a row without progress end in giving up."""

    first_delay: float = 1.0
    max_delay: float = 300.0
    healthy_after: float = 600.0
    failures: int = 5


@dataclass(frozen=True, slots=True)
class RestartAfter:
    delay: float
    failures: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    failures: int


@dataclass(frozen=True, slots=True)
class Death:
    """What is known of an attempt that ended: failures before it, seconds it ran, progress made."""

    failures: int
    ran: float
    progressed: bool


def decide(death: Death, policy: RestartPolicy, jitter: float) -> RestartAfter | GiveUp:
    """`jitter` in -1..1 moves the delay by up to a quarter.

    Consecutive failures are counted, not failures per window: with a growing delay a window
    never fills (1,422 starts in a simulated day).
    """
    forgiven = death.progressed or death.ran >= policy.healthy_after
    failures = 1 if forgiven else death.failures + 1
    if not forgiven and failures >= policy.failures:
        return GiveUp(failures)
    exponent = min(failures - 1, 32)
    delay = min(policy.first_delay * 2**exponent, policy.max_delay)
    return RestartAfter(delay * (1 + 0.25 * max(-1.0, min(1.0, jitter))), failures)
