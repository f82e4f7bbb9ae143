"""How does a figure grow, as a picture?"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.figures import Figures, Spread, spread
from benchmarks.report import unit

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 530, 40, 370
# Okabe and Ito's colours, which the colour-blind can tell apart too.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999", "#b8a800")
OURS = "#d7263d"
LINE = 15
STYLE = """\
text{font:12px sans-serif;fill:#333}.t{font-weight:bold;font-size:14px}.g{stroke:#ccc}
@media(prefers-color-scheme:dark){text{fill:#ccc}.g{stroke:#444}}"""

Series = Mapping[str, Sequence[tuple[int, Spread]]]
SCALES = {"memory": 1 << 20}
# What is below stands at it, as a logarithm has no nought.
LEAST = {"idle cpu": 0.001}


@dataclass(frozen=True, slots=True)
class Axes:
    """Both logarithmic; from values to pixels."""

    left: float
    right: float
    low: float
    high: float

    def x(self, value: float) -> float:
        return LEFT + (RIGHT - LEFT) * _share(value, self.left, self.right)

    def y(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * _share(value, self.low, self.high)


def _share(value: float, low: float, high: float) -> float:
    return (math.log10(value) - math.log10(low)) / (math.log10(high) - math.log10(low))


def series(figures: Figures, what: str) -> dict[str, list[tuple[int, Spread]]]:
    """By program, what can stand on logarithmic axes."""
    found: dict[str, list[tuple[int, Spread]]] = {}
    for figure in figures.of(what):
        scaled = [max(LEAST.get(what, 0), v / SCALES.get(what, 1)) for v in figure.samples]
        if figure.count and min(scaled) > 0:
            found.setdefault(figure.who, []).append((figure.count, spread(scaled)))
    return {who: sorted(points, key=lambda p: p[0]) for who, points in found.items()}


def plot(figures: Figures, what: str, title: str, along: str) -> str:
    """An SVG document; empty axes when nothing was measured."""
    lines = {who: points for who, points in series(figures, what).items() if len(points) > 1}
    axes = _axes(lines)
    drawn = [_grid(axes), *_lines(lines, axes)]
    heading = f"{title}, {unit(what)[0]} by {along}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f"<style>{STYLE}</style>\n"
        f'<text class="t" x="{LEFT}" y="20">{escape(heading)}</text>\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )


def _axes(lines: Series) -> Axes:
    """From the power of ten below the least to the one above the greatest."""
    counts = [count for points in lines.values() for count, _ in points] or [1, 10]
    values = [v for points in lines.values() for _, s in points for v in (s.low, s.high)] or [1]
    low = 10.0 ** math.floor(math.log10(min(values)))
    high = 10.0 ** math.ceil(math.log10(max(values)))
    return Axes(min(counts), max(*counts, min(counts) + 1), low, max(high, low * 10))


def _powers(low: float, high: float) -> list[float]:
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    return [10.0**power for power in range(first, last + 1)]


def _grid(axes: Axes) -> str:
    found = []
    for value in _powers(axes.low, axes.high):
        y = axes.y(value)
        found.append(f'<path class="g" d="M{LEFT} {y:.0f}H{RIGHT}"/>')
        found.append(f'<text x="{LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{value:g}</text>')
    for value in sorted({*_powers(axes.left, axes.right), axes.right}):
        at = f'x="{axes.x(value):.0f}" y="{BOTTOM + 18}"'
        found.append(f'<text {at} text-anchor="middle">{value:g}</text>')
    return "\n".join(found)


def _lines(lines: Series, axes: Axes) -> list[str]:
    places = _labels({who: axes.y(points[-1][1].median) for who, points in lines.items()})
    colours = iter(COLOURS * (1 + len(lines) // len(COLOURS)))
    found = []
    for who, points in lines.items():
        colour = OURS if who.startswith("team-supervisor") else next(colours)
        found.append(_line(points, axes, f'stroke="{colour}" stroke-width="{_weight(who)}"'))
        at = f'x="{RIGHT + 10}" y="{places[who] + 4:.0f}"'
        found.append(f'<text {at} style="fill:{colour}">{escape(who)}</text>')
    return found


def _weight(who: str) -> float:
    return 3 if who == "team-supervisor" else 1.5


def _line(points: Sequence[tuple[int, Spread]], axes: Axes, style: str) -> str:
    """Through the medians; a bar at each from the 10th to the 90th percentile."""
    path = "L".join(f"{axes.x(count):.1f} {axes.y(s.median):.1f}" for count, s in points)
    bars = "".join(
        f"M{axes.x(count):.1f} {axes.y(s.low):.1f}V{axes.y(s.high):.1f}" for count, s in points
    )
    return f'<path fill="none" {style} d="M{path}{bars}"/>'


def _labels(wanted: Mapping[str, float]) -> dict[str, float]:
    """Where the names stand, moved down where one would cover the one above."""
    found: dict[str, float] = {}
    lowest = float("-inf")
    for who in sorted(wanted, key=lambda name: wanted[name]):
        lowest = max(wanted[who], lowest + LINE)
        found[who] = lowest
    return found
