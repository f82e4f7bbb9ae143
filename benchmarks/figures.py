"""What was measured, and how does one figure stand to another?"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Spread:
    """The median, and between what eight of ten lie."""

    median: float
    low: float
    high: float


@dataclass(slots=True)
class Figure:
    """One quantity (`start`), of one program, with `count` sessions; milliseconds, bytes, %."""

    what: str
    who: str
    count: int
    samples: list[float] = field(default_factory=list)


def spread(samples: Sequence[float]) -> Spread:
    """Median, 10th and 90th percentile, interpolated."""
    ordered = sorted(samples)
    return Spread(*(_quantile(ordered, share) for share in (0.5, 0.1, 0.9)))


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def ratio(mine: Sequence[float], other: Sequence[float]) -> Spread:
    """Of samples that were taken in turns: each by the one taken beside it."""
    pairs = [(a, b) for a, b in zip(mine, other) if b > 0]
    return spread([a / b for a, b in pairs]) if pairs else Spread(*[float("nan")] * 3)


class Figures:
    """All figures of a run, in the order in which they were first taken."""

    def __init__(self) -> None:
        self.machine: dict[str, str] = {}
        self.skipped: dict[str, str] = {}
        self._all: dict[tuple[str, str, int], Figure] = {}

    def add(self, what: str, who: str, count: int, *values: float) -> None:
        figure = self._all.setdefault((what, who, count), Figure(what, who, count))
        figure.samples += values

    def get(self, what: str, who: str, count: int) -> list[float]:
        """Empty when it was not measured."""
        figure = self._all.get((what, who, count))
        return figure.samples if figure else []

    def all(self) -> list[Figure]:
        return list(self._all.values())

    def of(self, what: str) -> list[Figure]:
        return [figure for figure in self._all.values() if figure.what == what]

    def save(self, path: Path) -> None:
        value = {
            "machine": self.machine,
            "skipped": self.skipped,
            "figures": [asdict(figure) for figure in self._all.values()],
        }
        path.write_text(json.dumps(value, indent=1))

    @classmethod
    def load(cls, path: Path) -> "Figures":
        value = json.loads(path.read_text())
        figures = cls()
        figures.machine, figures.skipped = value["machine"], value["skipped"]
        for each in value["figures"]:
            figures.add(each["what"], each["who"], each["count"], *each["samples"])
        return figures
