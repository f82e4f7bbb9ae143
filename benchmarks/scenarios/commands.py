"""How long does a command take that only looks?"""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.ours import PROGRAM
from benchmarks.population import populate
from benchmarks.scenarios.base import Run
from benchmarks.stage import Stage, since, stage
from team_supervisor.core.model import State

FLOOR = 'python -c "import click"'


def run(run: Run) -> None:
    """In turns: the floor, the help, lists of few and of many."""
    counts = (run.plan.listed // 100, run.plan.listed)
    run.say(f"commands, {run.plan.commands} times, with {counts[0]} and {counts[1]} sessions")
    with stage(run.ground) as here:
        roots = {count: _workspace(here, count) for count in counts}
        for _ in range(run.plan.commands):
            click = [sys.executable, "-c", "import click"]
            run.figures.add("command", FLOOR, 0, time_of(here, click))
            run.figures.add("command", "--help", 0, time_of(here, [PROGRAM, "--help"]))
            for count, root in roots.items():
                argv: list[str | Path] = [PROGRAM, "attach", "--list", "--workspace", root]
                run.figures.add("command", "attach --list", count, time_of(here, argv))


def _workspace(here: Stage, count: int) -> Path:
    root = here.directory / f"team-{count}" / ".database"
    populate(root, count, State.ACTIVE)
    return root


def time_of(here: Stage, argv: Sequence[str | Path]) -> float:
    """Milliseconds of a command, from its start to its end."""
    begun = time.monotonic_ns()
    subprocess.run(argv, env=here.environ, check=True, stdout=subprocess.DEVNULL)
    return since(begun, time.monotonic_ns())
