"""What does a large task list cost, and does it delay the others?"""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.loops.rewrite import tasks
from benchmarks.peers.ours import TeamSupervisor
from benchmarks.scenarios import latency
from benchmarks.scenarios.base import Run
from benchmarks.stage import since, stage
from team_supervisor.core import tasklist

KIB = 1024
REPEAT = 5
# Seconds between two rewrites.
PAUSE = 0.1
# Seconds after which fewer samples have to do.
LONGEST = 60.0
REWRITE = Path(__file__).parents[1] / "loops" / "rewrite.py"
FLOOR = "one regular expression"
LINE = re.compile(r"^#+ Task: .*|^\s*[-*] (?:\[[ xX]\] .*|\*\*Status\*\*: .*)", re.MULTILINE)
NAME = "team-supervisor, beside a rewriter"


def run(run: Run) -> None:
    """Parse lists of several sizes; then supervise beside an agent that rewrites the largest."""
    run.say("task lists of " + ", ".join(f"{size} KiB" for size in run.plan.sizes))
    for size in run.plan.sizes:
        for _ in range(REPEAT):
            _parse(run, size)
    _delay(run, run.plan.sizes[-1])


def _parse(run: Run, size: int) -> None:
    text = tasks(size * KIB)
    run.figures.add("parse", FLOOR, size, _time(lambda: LINE.findall(text)))
    run.figures.add("parse", TeamSupervisor.name, size, _time(lambda: tasklist.parse(text)))


def _time(work: Callable[[], object]) -> float:
    begun = time.monotonic_ns()
    work()
    return since(begun, time.monotonic_ns())


def _delay(run: Run, size: int) -> None:
    run.say(f"one agent rewrites {size} KiB ten times a second: the others' latency")
    with stage(run.ground) as here:
        ours = TeamSupervisor()
        ours.open(here)
        ours.request(1)
        busy = ours.root / latency.session_of(here.arrivals.wait(1)[0].pid) / "tasks.md"
        argv = [sys.executable, "-I", "-S", str(REWRITE), str(busy), str(size * KIB), str(PAUSE)]
        writer = subprocess.Popen(argv, env=here.environ)
        try:
            enough = time.monotonic() + LONGEST
            while time.monotonic() < enough and _taken(run, size) < run.plan.samples_beside:
                latency.sample(run.figures, here, ours, (NAME, size))
        finally:
            writer.kill()
            writer.wait()
            ours.close()


def _taken(run: Run, size: int) -> int:
    return len(run.figures.get("archived", NAME, size))
