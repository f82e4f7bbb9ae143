"""How does a task get its worker, and how is written down what became of it?"""

import os

from team_supervisor.adapters import asking, files
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.apply.tools import Tools
from team_supervisor.core import taskbrief
from team_supervisor.core.events import Warned
from team_supervisor.core.model import Moment, Wanted
from team_supervisor.core.taskfacts import AskForWorker, MoveTask, StopWorker, TellBeads
from team_supervisor.core.taskgraph import Task, TaskState

CONTEXT = "project-context.md"


def ask_for_worker(tools: Tools, action: AskForWorker, now: Moment) -> bool:
    """Intent (the request's name in the task's row), then the request, whole by one rename.

    After a crash in between the next look finds a name without a request, and makes it.
    """
    table = TaskTable(tools.store)
    task = table.get(action.task.id)
    if task is not None and task.state == TaskState.QUEUED:
        name = _free_name(tools.workspace, table, task, tools.settings.task_persona)
        facts = {"request": name, "tries": task.tries + 1}
        task = table.shift(task, TaskState.ASSIGNED, now.wall, **facts)
    if task is None or task.state != TaskState.ASSIGNED or task.request is None:
        return True
    if not os.path.lexists(tools.workspace.root / task.request):
        asking.make(tools.workspace, task.request, _instructions(tools, table, task))
    return True


def _free_name(workspace: Workspace, table: TaskTable, task: Task, persona: str) -> str:
    """A name that no request ever had: whatever has it from now on belongs to this try.

    Or that of a request which was made for it and outlived the database.
    """
    plain = f"{task.persona or persona}-request-{task.id}"
    name, number = plain, 1
    while not _stands(workspace, table, task, name) and (
        table.name_taken(name) or not asking.is_free(workspace, name)
    ):
        number += 1
        name = f"{plain}-{number}"
    return name


def _stands(workspace: Workspace, table: TaskTable, task: Task, request: str) -> bool:
    if task.tries or table.of_request(request):
        return False
    try:
        text = files.read(workspace.root / request / "instructions.md").decode()
    except (files.Unreadable, UnicodeDecodeError):
        return False
    return taskbrief.is_for(text, task)


def _instructions(tools: Tools, table: TaskTable, task: Task) -> str:
    workspace = tools.workspace
    found = [
        taskbrief.Produced(name, title, str(workspace.root / directory) if directory else None)
        for name, title, directory in table.produced(task.id)
    ]
    return taskbrief.instructions(task, _setting(workspace), found, tools.settings.worker_limit)


def _setting(workspace: Workspace) -> taskbrief.Setting:
    """project-context.md in the project, else in `shared/`; what cannot be read is left out."""
    plain = taskbrief.Setting(project=str(workspace.project), shared=str(workspace.shared))
    for directory in (workspace.project, workspace.shared):
        try:
            text = files.read(directory / CONTEXT).decode("utf-8", "replace")
        except files.Unreadable:
            continue
        return taskbrief.Setting(
            project=plain.project,
            shared=plain.shared,
            context_path=str(directory / CONTEXT),
            context=text,
        )
    return plain


def move_task(tools: Tools, action: MoveTask, now: Moment) -> bool:
    """Row, event and what it means for the queue, in one transaction."""
    facts = {"reason": action.reason}
    if action.to != TaskState.QUEUED:
        facts["session"] = action.worker
    TaskTable(tools.store).shift(action.task, action.to, now.wall, **facts)
    return True


def stop_worker(tools: Tools, action: StopWorker, now: Moment) -> bool:
    """As `team stop` does for one session; what becomes of its task follows from its end."""
    tools.store.want(action.session.id, Wanted.STOP)
    return True


def tell_beads(tools: Tools, action: TellBeads, now: Moment) -> bool:
    """Beside the loop; heard or refused, it is not said again until the state is another."""
    where = (tools.workspace.project, tools.environ)
    if not tools.beads.tell(action.task, action.state, where):
        return False
    with tools.store.transaction():
        TaskTable(tools.store).written_back(action.task, action.state)
        while tools.beads.problems:
            tools.store.record(Warned(reason=tools.beads.problems.pop()), now.wall)
    return True
