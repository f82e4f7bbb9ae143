"""Is the plan done, and how did it go?"""

import json
from dataclasses import dataclass

import click

from team_supervisor import alone
from team_supervisor.adapters.store import open_reader
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.cli import plans
from team_supervisor.core.model import Doing, Session
from team_supervisor.core.progress import clean
from team_supervisor.core.singletons import Singletons
from team_supervisor.core.taskgraph import Task, TaskState
from team_supervisor.core.taskwork import all_complete, being_ended, finished, needs_person
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
        over = (
            finished(world.work, world.singletons, world.live) if planned else nothing_left(world)
        )
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
        singles = alone.look(workspace, store)
        sessions = store.sessions()
        store.close()
        spent = {s.id: s.cost_usd for s in sessions}
        lost = {s.task for s in sessions if s.task} - {task.id for task in tasks}
        self._reached = self._reached and not lost
        if as_json:
            states = {task.id: task.state for task in tasks}
            click.echo(json.dumps({"complete": self._reached, "tasks": states}))
        else:
            self._say(tasks, waits, sum(spent.get(t.session or "", 0.0) for t in tasks), singles)
            _say_who_waits(tasks, sessions)
        if lost:
            raise TeamError(
                f"the plan is lost with its database ({', '.join(sorted(lost)[:3])} had a worker): "
                "import it again with `team-supervisor tasks import`"
            )
        if self._stuck and not self._reached and not self._late:
            raise NoAvailableWork(self._stuck)
        return 0 if self._reached else 1

    def _say(self, tasks: list[Task], waits: plans.Waits, cost: float, singles: Singletons) -> None:
        done = sum(task.state == TaskState.COMPLETED for task in tasks)
        late = f", out of time after {age(self.timeout or 0)}" if self._late else ""
        money = f", cost {dollars(cost)}" if cost else ""
        click.echo(f"\n{done} of {len(tasks)} tasks completed{late}{money}")
        left = [task for task in tasks if task.state != TaskState.COMPLETED]
        plans.show([plans.styled(t, t.reason or waits(t) or _behind(t, singles)) for t in left])


def _behind(task: Task, singles: Singletons) -> str | None:
    """Behind whom a task waits that could start; its own request is nobody else."""
    if task.session or task.state not in (TaskState.QUEUED, TaskState.ASSIGNED):
        return None
    why = singles.waits(task)
    return None if why is None or singles.taken[singles.only(task) or ""].endswith(task.id) else why


def _say_who_waits(tasks: list[Task], sessions: list[Session]) -> None:
    """Who is parked until a person does something, and how it goes on."""
    of = {task.session: task.id for task in tasks if task.session}
    for one in (session for session in sessions if needs_person(session)):
        say = f"`team-supervisor why {one.id}`, then `team-supervisor say {one.id} TEXT`"
        who = clean(of.get(one.id, one.id), 80)
        if one.doing == Doing.OVER_BUDGET:
            click.echo(f"{who} goes on once its budget is raised: {clean(one.doing_detail, 200)}")
        else:
            click.echo(f"{who} goes on once somebody answers: {say}")
