"""How does each contender grow with N, as an SVG that needs no library?"""

import math
from html import escape
from pathlib import Path

Series = dict[str, list[tuple[float, float]]]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 70, 190, 40, 50
COLOURS = ("#1b6ca8", "#d1495b", "#edae49", "#2e933c", "#7d4e9f", "#333333", "#00a6a6", "#a05a2c")


class _Scale:
    """Logarithmic on both axes."""

    def __init__(self, series: Series) -> None:
        xs = [x for points in series.values() for x, _ in points if x > 0]
        ys = [y for points in series.values() for _, y in points if y > 0]
        self.x0, self.x1 = math.log10(min(xs)), math.log10(max(xs))
        self.y0, self.y1 = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - self.x0) / ((self.x1 - self.x0) or 1)
        up = (math.log10(y) - self.y0) / ((self.y1 - self.y0) or 1)
        return (
            LEFT + across * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM),
        )


def draw(path: Path, title: str, axes: tuple[str, str], series: Series) -> None:
    """Log-log lines of (x, y) points with a legend; nothing when there are no points."""
    series = {name: points for name, points in series.items() if any(y > 0 for _, y in points)}
    if not series:
        return
    scale = _Scale(series)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        _text(LEFT, 22, title, size=15),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, axes[0]),
        _text(8, TOP - 6, axes[1]),
        *_grid(scale, sorted({x for points in series.values() for x, _ in points if x > 0})),
    ]
    for number, (name, points) in enumerate(series.items()):
        parts += _line(scale, number, name, [p for p in points if p[0] > 0 and p[1] > 0])
    path.write_text("\n".join([*parts, "</svg>", ""]))


def _text(x: float, y: float, text: str, size: int = 12) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}">{escape(text)}</text>'


def _grid(scale: _Scale, xs: list[float]) -> list[str]:
    parts = []
    for power in range(int(scale.y0), int(scale.y1) + 1):
        _, y = scale.at(10**scale.x0, 10.0**power)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(12, y + 4, f"{10.0**power:g}"))
    for x in xs:
        across, _ = scale.at(x, 10.0**scale.y0)
        parts.append(f'<path d="M{across:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#eee"/>')
        parts.append(_text(across - 8, HEIGHT - BOTTOM + 16, f"{x:g}"))
    return parts


def _line(scale: _Scale, number: int, name: str, points: list[tuple[float, float]]) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    places = [scale.at(x, y) for x, y in points]
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    y = TOP + 18 * number + 10
    width = 3 if name == "team-supervisor" else 1.5
    legend = f'<path d="M{WIDTH - RIGHT + 12} {y - 4}h18" stroke="{colour}" stroke-width="3"/>'
    line = f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
    return [line, *dots, legend, _text(WIDTH - RIGHT + 36, y, name)]
