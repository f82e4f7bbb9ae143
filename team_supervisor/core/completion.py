"""Is a session's work complete, or does tasks.md only look so for a moment?"""

from collections.abc import Sequence
from dataclasses import dataclass

# A shorter list than before is believed after this long: a rewrite in place shows a torn one.
FEWER_HELD = 30.0


@dataclass(frozen=True, slots=True)
class TasksReading:
    """One read of tasks.md; `problem` says why it could not be read.

    `pause` is "blocked" or "waiting" when the agent says so of every task that is open.
    """

    digest: str
    total: int = 0
    done: int = 0
    open_titles: tuple[str, ...] = ()
    pause: str = ""
    problem: str | None = None

    @property
    def complete(self) -> bool:
        return self.problem is None and self.total > 0 and self.done == self.total


def pause_of(open_statuses: Sequence[str]) -> str:
    """What the agent declared of all its open tasks together; "" when it has something to do."""
    words = {status.casefold().split(" ")[0].rstrip(":,.") for status in open_statuses}
    if not words or not words <= {"blocked", "waiting"}:
        return ""
    return "blocked" if "blocked" in words else "waiting"


@dataclass(frozen=True, slots=True)
class TasksWatch:
    """A reading and since when (monotonic seconds) it has been the same."""

    reading: TasksReading
    since: float
    last: float
    by_hand: bool = False


def note(
    watch: TasksWatch | None, reading: TasksReading, now: float, idle: bool = False
) -> TasksWatch:
    """The watch after one more read; changed while its agent was `idle`, it was by hand."""
    if watch is None or watch.reading.digest != reading.digest:
        return TasksWatch(reading, now, now, watch is not None and idle)
    return TasksWatch(reading, watch.since, now, watch.by_hand)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a verification ended: what failed, and the end of what it printed."""

    passed: bool
    what: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRules:
    """Seconds."""

    quiet: float = 2.0
    grace: float = 15.0


def claimed(watch: TasksWatch | None, most: int, rules: CompletionRules) -> bool:
    """Read as complete twice, `quiet` apart, unchanged, with no task missing."""
    if watch is None or not watch.reading.complete:
        return False
    held = watch.last - watch.since
    return held >= rules.quiet and (watch.reading.total >= most or held >= FEWER_HELD)


def over(
    watch: TasksWatch, turn_over: bool, rules: CompletionRules, silent: float | None = None
) -> bool:
    """May the agent be ended now? Agents mark the last box before their final commit.

    So two signals are needed while its turn is open: the list has been complete for the grace,
    and it gave no sign of life for as long (`silent` seconds; None: nobody listened).
    """
    held = watch.last - watch.since
    return turn_over or (held >= rules.grace and (silent is None or silent >= rules.grace))
