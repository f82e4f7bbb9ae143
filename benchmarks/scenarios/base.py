"""What does a measurement work with?"""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.figures import Figures
from benchmarks.plan import Plan
from benchmarks.stage import Ground


@dataclass(frozen=True, slots=True)
class Run:
    """Where figures go, where processes are started, how much is done, and who hears of it."""

    figures: Figures
    ground: Ground
    plan: Plan
    say: Callable[[str], None]


Scenario = Callable[[Run], None]
