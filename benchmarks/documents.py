"""Where are the tables and the plots kept?"""

import os
import platform
import re
from pathlib import Path

from benchmarks.figures import Figures
from benchmarks.plan import Plan
from benchmarks.plots import plot
from benchmarks.tables import TABLES

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
PLOTS = {
    "start": ("Start N agents", "number of agents"),
    "stop": ("Stop N agents", "number of agents"),
    "memory": ("Memory (PSS) beside N agents", "number of agents"),
    "parse": ("Reading tasks.md", "KiB"),
}
BELOW = {
    "Start N agents, ms": "start",
    "Stop N agents, ms": "stop",
    "Memory and processor time of N sleeping agents": "memory",
    "A task list": "parse",
}


def machine() -> dict[str, str]:
    """What the figures were measured on; no name of it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processors": str(os.cpu_count()),
        "memory": f"{memory / (1 << 30):.0f} GiB",
        "Python": platform.python_version(),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
    }


def section(figures: Figures, plan: Plan) -> str:
    """Everything between the markers."""
    about = ", ".join(f"{name} {value}" for name, value in figures.machine.items())
    parts = [f"Measured on: {about}."]
    parts += [f"Skipped: {who} ({why})." for who, why in figures.skipped.items()]
    for title, table in TABLES.items():
        parts += [f"### {title}", table(figures, plan)]
        if title in BELOW:
            parts.append(f"![{title}](performance/{BELOW[title]}.svg)")
    return "\n\n".join(parts)


def write(figures: Figures, plan: Plan, docs: Path) -> None:
    """Replace what stands between the markers of performance.md, and the plots beside it."""
    document = docs / "performance.md"
    text = document.read_text()
    between = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    new = f"{BEGIN}\n\n{section(figures, plan)}\n\n{END}"
    document.write_text(between.sub(lambda _: new, text))
    (docs / "performance").mkdir(exist_ok=True)
    for what, (title, along) in PLOTS.items():
        (docs / "performance" / f"{what}.svg").write_text(plot(figures, what, title, along))
