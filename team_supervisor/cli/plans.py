"""Which plan is meant, and how are its tasks said?"""

import contextlib
import os
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from team_supervisor.adapters import clock, locks, registry
from team_supervisor.adapters.store import Store, open_store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace, create, locate, require
from team_supervisor.cli import scheduling
from team_supervisor.cli.sessions import opened_or_blank
from team_supervisor.core import terms
from team_supervisor.core.deadlock import PLAN
from team_supervisor.core.iterations import IterationError, Iterations
from team_supervisor.core.model import Doing, Session
from team_supervisor.core.progress import clean
from team_supervisor.core.projects import ProjectSettings, with_project
from team_supervisor.core.taskgraph import (
    PRIORITIES,
    WAITING,
    IllegalChange,
    Task,
    TaskState,
    states_of,
)
from team_supervisor.core.taskqueue import Queue, waits_for
from team_supervisor.core.tasksources import SourceError
from team_supervisor.core.taskwork import rests
from team_supervisor.core.words import age
from team_supervisor.errors import TeamError, UnknownTask, UsageError
from team_supervisor.settings import load
from team_supervisor.tasklook import stuck

SIGNS = {
    TaskState.PENDING: " ",
    TaskState.QUEUED: ".",
    TaskState.ASSIGNED: ">",
    TaskState.IN_PROGRESS: ">",
    TaskState.COMPLETED: "x",
    TaskState.FAILED: "!",
    TaskState.BLOCKED: "?",
    TaskState.CANCELLED: "-",
}
# Columns that a title has in any case.
SHORTEST = 16
STYLES = {"x": "green", "!": "red", "?": "red", ">": "cyan", "-": "dim"}


@contextlib.contextmanager
def reading(workspace: str) -> Iterator[TaskTable]:
    """The plan of an existing workspace; one without tasks has an empty one."""
    _, store = opened_or_blank(workspace)
    try:
        yield TaskTable(store)
    finally:
        store.close()


@contextlib.contextmanager
def changing(workspace: str, *, make: bool = False) -> Iterator[tuple[Store, TaskTable]]:
    """All that is changed inside is committed together; then the supervisor looks.

    `make`: a workspace that is not there yet is made.
    """
    found = locate(workspace) if make else require(locate(workspace))
    create(found)
    store = open_store(found.database)
    try:
        with store.transaction():
            yield store, TaskTable(store)
    except (SourceError, IllegalChange, IterationError) as error:
        raise UsageError(str(error)) from None
    finally:
        store.close()
    locks.ring(found.doorbell)
    scheduling.rouse()


def queue(table: TaskTable, workspace: str) -> Queue:
    """What holds, with the project's settings; a broken team.yaml says nothing here."""
    return with_project(table.queue(), _project(workspace))


def held(store: Store, workspace: Workspace) -> str | None:
    """Why nothing more of a plan starts, where there is one; of a project also without."""
    found = queue(TaskTable(store), str(workspace.root))
    if found.held_up or (found.closed and TaskTable(store).counts()):
        return found.closed
    why = deadlock(store)
    _, since, at = store.deadlocks().get(PLAN, "").rpartition(", since ")
    return f"deadlock: {why}{since}{at}" if why else None


def deadlock(store: Store) -> str | None:
    """Why nothing of the plan can start unless a person changes it; None when it may."""
    table = TaskTable(store)
    counts = table.counts()
    return stuck(table, counts) if counts and not table.ready() else None


def going_on(queue: Queue, workspace: str) -> str:
    """The command after which it starts tasks again."""
    if queue.held_up:
        place = locate(workspace)
        named = _slug(place) or str(place.project)
        return f"team-supervisor projects resume {shlex.quote(named)}"
    return "team-supervisor queue resume"


def closed(table: TaskTable, workspace: str, tasks: Iterable[Task]) -> str | None:
    """Why none of these starts that are queued, and what ends that; None when they may."""
    from team_supervisor.cli.options import shown

    found = queue(table, workspace)
    if not found.closed or not any(task.state == TaskState.QUEUED for task in tasks):
        return None
    go_on = shown(going_on(found, workspace))
    return clean(f"{found.closed}: nothing more starts; `{go_on}` goes on", 400)


def _slug(place: Workspace) -> str | None:
    """Under which it is registered; None too where the registry cannot be read."""
    try:
        return registry.load(os.environ).find(str(place.root)).slug
    except TeamError:
        return None


def without_team_yaml(values: dict[str, Any], workspace: str) -> dict[str, Any]:
    """What is to be stored; `max_concurrent` goes to where team.yaml says `max_workers`."""
    if "max_concurrent" not in values or _project(workspace).max_workers is None:
        return values
    from team_supervisor.cli.registering import settle

    settle(locate(workspace), {"max_workers": values["max_concurrent"]})
    return {key: value for key, value in values.items() if key != "max_concurrent"}


def _project(workspace: str) -> ProjectSettings:
    try:
        return load(locate(workspace).settings, {})[0].project
    except UsageError:
        return ProjectSettings()


@dataclass(frozen=True, slots=True)
class Waits:
    """Why each task does not go on; None for one that does, or that is over."""

    states: Mapping[str, TaskState]
    turns: Iterations
    workers: Mapping[str, Session]

    def __call__(self, task: Task) -> str | None:
        worker = self.workers.get(task.id)
        if worker is not None and not worker.ended and worker.doing in _STUCK:
            detail = f": {worker.doing_detail}" if worker.doing_detail else ""
            return f"needs {'attention' if worker.doing == Doing.ATTENTION else 'money'}{detail}"
        return waits_for(task, self.states, self.turns) if task.state in WAITING else None

    @property
    def resting(self) -> list[str]:
        """Tasks whose workers take no place until a person does something."""
        return [name for name, worker in self.workers.items() if rests(worker)]


_STUCK = (Doing.ATTENTION, Doing.OVER_BUDGET)


def waiting(table: TaskTable, tasks: Sequence[Task]) -> Waits:
    return Waits(states_of(tasks), table.iterations(), table.sessions(tasks))


def wanted(table: TaskTable, name: str) -> Task:
    """This task, or an error that says which there are."""
    task = table.get(name)
    if task is None:
        near = [t.id for t in table.all() if name.casefold() in t.id.casefold()][:8]
        raise UnknownTask(name, near)
    return task


def refuse_frozen(table: TaskTable, *names: str | None) -> None:
    """IterationError when one of these iterations is complete."""
    known = table.iterations()
    for name in names:
        known.refuse_frozen(name)


def hint(workspace: str) -> str | None:
    """What is to be done so that something happens; None when a supervisor runs.

    The schedule takes up what is ready in a registered project.
    """
    found: Workspace = locate(workspace)
    if locks.held_by(found.lock) is not None:
        return None
    if _slug(found) and (every := scheduling.on()):
        return f"The next scheduled tick takes it up (every {age(every)})."
    return "No supervisor is running; it starts with `team-supervisor orchestrate`."


def now() -> float:
    return clock.now().wall


def said(state: TaskState) -> str:
    return state.replace("_", " ")


def line(task: Task, more: str | None = None, before: str = "") -> str:
    """`[x] T001 Write the parser (completed)`, safe on any terminal, its title cut to fit it."""
    why = more or task.reason
    state = said(task.state) + (f": {why}" if why else "")
    turn = f"iteration {task.iteration}, " if task.iteration else ""
    head, tail = f"[{SIGNS[task.state]}] {task.id} ", f" ({turn}{state})"
    title = _fitting(task.title, before + head + tail)
    return before + clean(f"{head}{title}{tail}", 400)


def _fitting(title: str, beside: str) -> str:
    """On a terminal the rest of the line comes first: it says how the task is."""
    from team_supervisor.cli.options import rich_output
    from team_supervisor.cli.show import cells, cut

    if not rich_output():
        return title
    return cut(title, max(SHORTEST, shutil.get_terminal_size().columns - cells(beside)))


def as_json(task: Task, waits: str | None = None) -> dict[str, Any]:
    """What there is of a task but its specification."""
    return {
        "id": task.id,
        "title": task.title,
        "state": task.state,
        "reason": task.reason,
        "waits_for": waits,
        "depends_on": list(task.depends_on),
        "priority": PRIORITIES[task.priority],
        "persona": task.persona,
        "verify": [command.words for command in terms.restored(task.verify)],
        "timeout": task.timeout,
        "iteration": task.iteration,
        "source": task.source,
        "position": task.position,
        "tries": task.tries,
        "request": task.request,
        "session": task.session,
        "created_at": clock.stamp(task.created_at),
        "ended_at": clock.stamp(task.ended_at) if task.ended_at else None,
    }


def show(lines: list[tuple[str, str]]) -> None:
    """(text, style): colours on a terminal, plain otherwise."""
    import click

    from team_supervisor.cli.options import rich_output

    colour = rich_output() and not os.environ.get("NO_COLOR")
    for text, style in lines:
        dim = style == "dim"
        plain = not colour or not style
        click.echo(text if plain else click.style(text, fg=None if dim else style, dim=dim))


def styled(task: Task, more: str | None = None, before: str = "") -> tuple[str, str]:
    return line(task, more, before), STYLES.get(SIGNS[task.state], "")
