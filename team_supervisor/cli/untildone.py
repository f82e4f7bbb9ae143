"""Is the plan done, and how did it go?"""

import json
from dataclasses import dataclass

import click

from team_supervisor.adapters.store import open_reader
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.cli import plans
from team_supervisor.core.progress import clean
from team_supervisor.core.taskgraph import Task, TaskState
from team_supervisor.core.taskwork import all_complete, being_ended, finished
from team_supervisor.core.words import age, dollars
from team_supervisor.core.world import World
from team_supervisor.errors import NoAvailableWork, TeamError
from team_supervisor.supervisor import nothing_left


@dataclass(slots=True)
class Goal:
    """Asked of every look that changed nothing; seconds from the first one."""

    timeout: float | None
    _begun: float | None = None
    _reached: bool = False
    _late: bool = False
    _stuck: str | None = None

    def __call__(self, world: World) -> bool:
        self._begun = self._begun or world.now.monotonic
        self._late = self.timeout is not None and (
            world.now.monotonic - self._begun >= self.timeout
        )
        planned = bool(world.work.counts)
        over = finished(world.work) if planned else nothing_left(world)
        over = over and not being_ended(world.live)
        stopped = not world.accepting and all(session.ended for session in world.live)
        self._stuck = world.work.stuck
        self._reached = over and (not planned or all_complete(world.work))
        return over or self._late or stopped

    def report(self, workspace: Workspace, as_json: bool) -> int:
        """Say how it went; the exit code. NoAvailableWork when a person has to change the plan,
        TeamError when it was lost with its database."""
        store = open_reader(workspace.database)
        tasks = TaskTable(store).all()
        waits = plans.waiting(TaskTable(store), tasks)
        sessions = store.sessions()
        store.close()
        spent = {s.id: s.cost_usd for s in sessions}
        lost = {s.task for s in sessions if s.task} - {task.id for task in tasks}
        self._reached = self._reached and not lost
        if as_json:
            states = {task.id: task.state for task in tasks}
            click.echo(json.dumps({"complete": self._reached, "tasks": states}))
        else:
            self._say(tasks, waits, sum(spent.get(t.session or "", 0.0) for t in tasks))
        if lost:
            raise TeamError(
                f"the plan is lost with its database ({', '.join(sorted(lost)[:3])} had a worker): "
                "import it again with `team-supervisor tasks import`"
            )
        if self._stuck and not self._reached and not self._late:
            raise NoAvailableWork(self._stuck)
        return 0 if self._reached else 1

    def _say(self, tasks: list[Task], waits: plans.Waits, cost: float) -> None:
        done = sum(task.state == TaskState.COMPLETED for task in tasks)
        late = f", out of time after {age(self.timeout or 0)}" if self._late else ""
        money = f", cost {dollars(cost)}" if cost else ""
        click.echo(f"\n{done} of {len(tasks)} tasks completed{late}{money}")
        left = [task for task in tasks if task.state != TaskState.COMPLETED]
        plans.show([plans.styled(task, task.reason or waits(task)) for task in left])
        for name in waits.resting:
            worker = waits.workers[name]
            click.echo(
                f"{clean(name, 60)} goes on once somebody answers: "
                f"`team-supervisor why {worker.id}`, then `team-supervisor say {worker.id} TEXT`"
            )
