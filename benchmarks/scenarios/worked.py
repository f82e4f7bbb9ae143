"""Does a plan that agents work on cost its supervisor more, the more of it is done?"""

import json
import subprocess
import time
from pathlib import Path

from benchmarks import processes
from benchmarks.peers.ours import PROGRAM
from benchmarks.scenarios.base import Run
from benchmarks.stage import Stage, stage
from team_supervisor.adapters.store import open_store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace, create, locate
from team_supervisor.core.taskgraph import TaskState
from team_supervisor.core.tasksources import Draft

NAME = "team-supervisor, agents at a plan"
AGENT = PROGRAM.with_name("team-supervisor-scripted-agent")
SETTINGS = """\
claude: %s
task_persona: intern
limits: {sessions: 100000, spawned_per_hour: 1000000, memory_free_mb: 1}
project: {max_workers: %s}
quiet: 0.5
"""
SPEC = "```scripted-agent\ndone all\n```\n"
# Between two looks at what it has spent: it is known up to so many seconds before its end.
STEP = 0.02


def run(run: Run) -> None:
    """All that are ready at once: scripted agents begin, work, are verified and archived."""
    for finished in (0, run.plan.tasks - run.plan.at_work):
        run.say(f"{run.plan.at_work} scripted agents at a plan, {finished} of its tasks finished")
        with stage(run.ground) as here:
            place = _planned(run, here, finished)
            taken = _worked(here, place)
            _check(place, finished + run.plan.at_work)
            run.figures.add("worked", NAME, finished, taken / run.plan.at_work)


def _planned(run: Run, here: Stage, finished: int) -> Workspace:
    """So many finished ones, those that are ready, and the rest of the plan, which waits."""
    project = here.directory / "project"
    project.mkdir()
    place = locate(project / ".database")
    create(place)
    place.settings.write_text(SETTINGS % (json.dumps(str(AGENT)), run.plan.at_work))
    store = open_store(place.database)
    table = TaskTable(store)
    with store.transaction():
        for number in range(run.plan.tasks):
            draft = Draft(id=f"T{number}", title=f"Do {number}", spec=SPEC)
            table.insert(draft, 1.0)
            task = table.get(draft.id)
            assert task is not None
            if number < finished:
                table.shift(task, TaskState.COMPLETED, 1.0)
            elif number < finished + run.plan.at_work:
                table.shift(task, TaskState.QUEUED, 1.0)
    store.close()
    return place


def _worked(here: Stage, place: Workspace) -> float:
    """Milliseconds of the supervisor's own processor time."""
    words: list[str | Path] = ["orchestrate", "--until-done", "--workspace", place.root]
    environ = {**here.environ, "TEAM_SCRIPTED_PACE": "0"}
    quiet = subprocess.DEVNULL
    program = subprocess.Popen([PROGRAM, *words], env=environ, stdin=quiet, stdout=quiet)
    spent = 0
    while program.poll() is None:
        spent = max(spent, processes.cpu([program.pid]))
        time.sleep(STEP)
    return spent / 1e6


def _check(place: Workspace, expected: int) -> None:
    store = open_store(place.database)
    done = TaskTable(store).counts().get(TaskState.COMPLETED, 0)
    store.close()
    if done != expected:
        raise RuntimeError(f"{done} tasks are completed, and {expected} should be")
