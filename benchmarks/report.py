"""How does a person read the figures?"""

from collections.abc import Callable, Mapping

from benchmarks.figures import Figure, Figures, Spread, spread

MEBIBYTE = 1 << 20


def milliseconds(value: float) -> str:
    """Three digits at most, as no more of them repeat."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def mebibytes(value: float) -> str:
    return f"{value / MEBIBYTE:.1f}"


def percent(value: float) -> str:
    return f"{value:.3f}"


def whole(value: float) -> str:
    return f"{value:.0f}"


UNITS: Mapping[str, tuple[str, Callable[[float], str]]] = {
    "memory": ("MiB", mebibytes),
    "idle cpu": ("%", percent),
    "alive": ("agents", whole),
}


def unit(what: str) -> tuple[str, Callable[[float], str]]:
    """Its name and how a value is written."""
    return UNITS.get(what, ("ms", milliseconds))


def spelled(found: Spread, write: Callable[[float], str]) -> str:
    """`12.1 [11.8..14.0]`; the median alone where all are the same."""
    median, low, high = write(found.median), write(found.low), write(found.high)
    return median if low == high else f"{median} [{low}..{high}]"


def plain(figures: Figures) -> list[str]:
    """Every figure in a line, as it was measured."""
    return [_line(figure) for figure in figures.all()]


def _line(figure: Figure) -> str:
    name, write = unit(figure.what)
    words = spelled(spread(figure.samples), write)
    return f"{figure.what:10} {figure.who:36} {figure.count:6}  {words} {name}"
