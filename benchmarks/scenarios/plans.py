"""Does a look at a plan cost more, the more of it is done?"""

import time
from pathlib import Path

from benchmarks.scenarios.base import Run
from benchmarks.stage import stage
from team_supervisor.adapters.store import Store, open_store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import create, locate
from team_supervisor.core.model import Session, State
from team_supervisor.core.taskgraph import Task, TaskState
from team_supervisor.core.tasksources import Draft
from team_supervisor.tasklook import TaskLooker

NAME = "team-supervisor, a plan"


def run(run: Run) -> None:
    """One task ends and the next begins: processor time until what may start is known again."""
    for finished in run.plan.finished:
        run.say(f"a plan of {run.plan.tasks} tasks, {finished} of them finished")
        with stage(run.ground) as here:
            store = _planned(run, here.directory / "project" / ".database", finished)
            try:
                for taken in _wakes(store, run.plan.samples):
                    run.figures.add("wake", NAME, finished, taken)
            finally:
                store.close()


def _planned(run: Run, root: Path, finished: int) -> Store:
    root.parent.mkdir()
    workspace = locate(root)
    create(workspace)
    store = open_store(workspace.database)
    table = TaskTable(store)
    with store.transaction():
        for number in range(run.plan.tasks):
            _insert(table, number, run.plan.at_work)
        for number in range(finished):
            table.shift(_task(table, number), TaskState.COMPLETED, 1.0)
        for number in range(finished, min(finished + run.plan.at_work, run.plan.tasks)):
            _begin(store, table, number)
    return store


def _insert(table: TaskTable, number: int, width: int) -> None:
    """Waves as wide as may be at work at once; each task needs one of the wave before."""
    needs = (f"T{number - width}",) if number >= width else ()
    table.insert(Draft(id=f"T{number}", title=f"Do {number}", depends_on=needs), 1.0)
    table.shift(_task(table, number), TaskState.QUEUED, 1.0)


def _begin(store: Store, table: TaskTable, number: int) -> str:
    request, session = f"intern-request-T{number}", f"intern-{1_700_000_000_000 + number}"
    facts = {"persona": "intern", "name": f"T{number}", "created_at": 1.0, "directory": session}
    store.insert(
        Session(id=session, state=State.ACTIVE, attempt=1, request_name=request, **facts)  # type: ignore[arg-type]
    )
    assigned = table.shift(_task(table, number), TaskState.ASSIGNED, 1.0, request=request)
    assert assigned is not None
    table.shift(assigned, TaskState.IN_PROGRESS, 1.0, session=session)
    return session


def _task(table: TaskTable, number: int) -> Task:
    found = table.get(f"T{number}")
    assert found is not None
    return found


def _wakes(store: Store, samples: int) -> list[float]:
    """Milliseconds of our own processor time, of each."""
    table, looker = TaskTable(store), TaskLooker(store)
    live = [s for s in store.live() if s.state == State.ACTIVE]
    looker.look(live, ())
    found = []
    for worker in looker.look(live, ()).workers[:samples]:
        begun = time.process_time()
        table.shift(worker.task, TaskState.COMPLETED, 2.0)
        looker.look(live, ())
        found.append(1000 * (time.process_time() - begun))
    return found
