"""How long does one decision over many projects take, in which nothing is to be done?"""

import subprocess
from pathlib import Path

from benchmarks.peers.ours import PROGRAM
from benchmarks.scenarios.base import Run
from benchmarks.scenarios.commands import time_of
from benchmarks.stage import Stage, stage
from team_supervisor.adapters.store import open_store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import create, locate
from team_supervisor.core.taskgraph import TaskState
from team_supervisor.core.tasksources import Draft

FLOOR, NAME = "--help beside tick", "tick"


def run(run: Run) -> None:
    """In turns with the help; no project has changed since the tick before."""
    each = run.plan.tasks // run.plan.projects
    run.say(f"tick over {run.plan.projects} projects of {each} tasks, {run.plan.commands} times")
    with stage(run.ground) as here:
        here.environ["TEAM_SUPERVISOR_CONFIG"] = str(here.directory / "config")
        for number in range(run.plan.projects):
            _project(here, here.directory / f"project-{number}", each)
        tick: list[str | Path] = [PROGRAM, "tick"]
        subprocess.run(tick, env=here.environ, check=True, stdout=subprocess.DEVNULL)
        for _ in range(run.plan.commands):
            run.figures.add("tick", FLOOR, 0, time_of(here, [PROGRAM, "--help"]))
            run.figures.add("tick", NAME, run.plan.projects, time_of(here, tick))


def _project(here: Stage, path: Path, tasks: int) -> None:
    path.mkdir()
    place = locate(path / ".database")
    create(place)
    store = open_store(place.database)
    table = TaskTable(store)
    with store.transaction():
        for number in range(tasks):
            table.insert(Draft(id=f"T{number}", title=f"Do {number}"), 1.0)
            task = table.get(f"T{number}")
            assert task is not None
            table.shift(task, TaskState.COMPLETED, 1.0)
    store.close()
    words: list[str | Path] = [PROGRAM, "projects", "add", path]
    subprocess.run(words, env=here.environ, check=True, stdout=subprocess.DEVNULL)
