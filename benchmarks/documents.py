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
# By table: what is drawn below it, under which title, along which axis.
PLOTS = {
    "Start N agents, ms": (("start", "Start N agents", "number of agents"),),
    "Stop N agents, ms": (("stop", "Stop N agents", "number of agents"),),
    "Memory and processor time of N sleeping agents": (
        ("memory", "Memory (PSS) beside N agents", "number of agents"),
        ("idle cpu", "Processor time beside N sleeping agents", "number of agents"),
    ),
    "One session": (
        ("running", "From a request to its process", "number of other sessions"),
        ("archived", "From the last task to the archive", "number of other sessions"),
    ),
    "Restart": (("restart", "Restart until all are adopted", "number of sessions"),),
    "A task list": (("parse", "Reading tasks.md", "KiB"),),
    "A plan": (("wake", "A wake of a large plan", "number of finished tasks"),),
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
        for what, words, _ in PLOTS.get(title, ()):
            parts.append(f"![{words}](performance/{_file(what)})")
    return "\n\n".join(parts)


def _file(what: str) -> str:
    return what.replace(" ", "-") + ".svg"


def write(figures: Figures, plan: Plan, docs: Path) -> None:
    """Replace what stands between the markers of performance.md, and the plots beside it."""
    document = docs / "performance.md"
    text = document.read_text()
    between = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    new = f"{BEGIN}\n\n{section(figures, plan)}\n\n{END}"
    document.write_text(between.sub(lambda _: new, text))
    (docs / "performance").mkdir(exist_ok=True)
    for what, words, along in (each for plots in PLOTS.values() for each in plots):
        (docs / "performance" / _file(what)).write_text(plot(figures, what, words, along))
