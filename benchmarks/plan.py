"""How much is measured?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Of each scenario how many, how often and how long (seconds).

    No further round of one count is begun after `longest`, so that a slow machine ends, too.
    """

    counts: tuple[int, ...]
    idle_counts: tuple[int, ...]
    rounds: int
    rounds_of_many: int
    longest: float
    many: int
    idle: float
    samples: int
    samples_beside: int
    crowds: tuple[int, ...]
    restarts: int
    commands: int
    listed: int
    archives: int
    sizes: tuple[int, ...]
    tasks: int
    at_work: int
    finished: tuple[int, ...]
    projects: int

    @property
    def crowd(self) -> int:
        """The largest."""
        return self.crowds[-1]

    def rounds_for(self, count: int) -> int:
        """None started is measured once: there is nothing to repeat."""
        if count == 0:
            return 1
        return self.rounds_of_many if count >= self.many else self.rounds


FULL = Plan(
    counts=(0, 1, 10, 100, 500),
    idle_counts=(0, 100, 500),
    rounds=4,
    rounds_of_many=3,
    longest=180.0,
    many=500,
    idle=10.0,
    samples=25,
    samples_beside=12,
    crowds=(0, 10, 100, 500),
    restarts=5,
    commands=20,
    listed=1000,
    archives=10_000,
    sizes=(1, 10, 100, 1000),
    tasks=10_000,
    at_work=500,
    finished=(1000, 3000, 6000, 9000),
    projects=100,
)
QUICK = Plan(
    counts=(0, 1, 4),
    idle_counts=(0, 4),
    rounds=1,
    rounds_of_many=1,
    longest=60.0,
    many=4,
    idle=0.5,
    samples=2,
    samples_beside=1,
    crowds=(0, 2, 4),
    restarts=1,
    commands=2,
    listed=100,
    archives=20,
    sizes=(1, 10),
    tasks=60,
    at_work=5,
    finished=(10, 50),
    projects=3,
)
