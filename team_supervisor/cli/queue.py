"""How does a person see and steer which task starts next?"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from team_supervisor import alone
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.cli import options, plans
from team_supervisor.cli.sessions import opened_or_blank
from team_supervisor.core.events import QueueChanged
from team_supervisor.core.taskgraph import AT_WORK, Task, TaskState
from team_supervisor.core.taskqueue import Place, Queue, listing, moved
from team_supervisor.errors import UsageError

EPILOG = """\b
Examples:
  team-supervisor queue list
  team-supervisor queue move T007 1
  team-supervisor queue settings --max-concurrent 3
"""


@click.group("queue", epilog=EPILOG)
def command() -> None:
    """See and steer which task of the plan starts next.

    Queued tasks start in this order, each once what it needs is completed and as many as
    max-concurrent are not at work. Taken out of the queue, a task stays in the plan.
    """


@command.command("list", epilog="Example: team-supervisor queue list --json")
@options.as_json
@options.workspace
def list_(as_json: bool, workspace: str) -> None:
    """Show the queued tasks in their order, and why each waits."""
    here, store = opened_or_blank(workspace)
    table = TaskTable(store)
    tasks, queue = table.all(), plans.queue(table, workspace)
    waits = plans.waiting(table, tasks)
    places = listing(tasks, queue, waits.turns, alone.look(here, store), waits.resting)
    store.close()
    at_work = [task for task in tasks if task.state in AT_WORK]
    if as_json:
        click.echo(json.dumps(_json(places, queue, at_work), indent=2))
        return
    plans.show([plans.styled(task, waits(task)) for task in at_work])
    width = len(str(len(places)))
    for number, place in enumerate(places, start=1):
        why = place.waits or "starts next"
        plans.show([plans.styled(place.task, why, f"{number:>{width}}. ")])
    click.echo(
        _sum(
            len(places), len(at_work) - len(waits.resting), queue, plans.going_on(queue, workspace)
        )
    )


def _json(places: Sequence[Place], queue: Queue, at_work: Sequence[Task]) -> dict[str, Any]:
    return {
        "settings": _settings(queue),
        "closed": queue.closed,
        "at_work": [plans.as_json(task) for task in at_work],
        "queued": [
            plans.as_json(place.task, place.waits) | {"place": number}
            for number, place in enumerate(places, start=1)
        ],
    }


def _settings(queue: Queue) -> dict[str, Any]:
    return {
        "paused": queue.paused,
        "stop_on_failure": queue.stop_on_failure,
        "max_concurrent": queue.max_concurrent,
        "stopped_by": queue.stopped_by,
    }


def _sum(queued: int, at_work: int, queue: Queue, go_on: str) -> str:
    closed = f"; {queue.closed}: `{options.shown(go_on)}` goes on" if queue.closed else ""
    return f"{queued} queued, {at_work} of {queue.max_concurrent} at work{closed}"


@command.command("add", epilog="Example: team-supervisor queue add T007 --at 1")
@click.argument("names", metavar="ID...", nargs=-1, required=True)
@click.option("--at", type=click.IntRange(min=1), metavar="PLACE", help="Before those behind it.")
@options.as_json
@options.workspace
@click.pass_context
def add_(
    ctx: click.Context, names: tuple[str, ...], at: int | None, as_json: bool, workspace: str
) -> None:
    """Put tasks of the plan into the queue."""
    with plans.changing(workspace) as (_, table):
        for offset, name in enumerate(names):
            task = plans.wanted(table, name)
            if task.state not in (TaskState.PENDING, TaskState.QUEUED):
                raise UsageError(
                    f"task {name} is {plans.said(task.state)}: only a pending one is added; "
                    f"`team-supervisor tasks retry {name}` tries it again"
                )
            plans.refuse_frozen(table, task.iteration)
            if task.state == TaskState.PENDING:
                table.shift(task, TaskState.QUEUED, plans.now())
            if at is not None:
                _put(table, name, at + offset)
    ctx.invoke(list_, as_json=as_json, workspace=workspace)


def _put(table: TaskTable, name: str, place: int) -> None:
    order = [each.task for each in listing(table.all(), table.queue())]
    table.place(moved(order, name, place))


@command.command("remove", epilog="Example: team-supervisor queue remove T007")
@click.argument("names", metavar="ID...", nargs=-1, required=True)
@options.as_json
@options.workspace
@click.pass_context
def remove_(ctx: click.Context, names: tuple[str, ...], as_json: bool, workspace: str) -> None:
    """Take tasks out of the queue; they stay in the plan, and do not start."""
    with plans.changing(workspace) as (_, table):
        for name in names:
            table.shift(_queued(table, name), TaskState.PENDING, plans.now())
    ctx.invoke(list_, as_json=as_json, workspace=workspace)


def _queued(table: TaskTable, name: str) -> Task:
    task = plans.wanted(table, name)
    if task.state != TaskState.QUEUED:
        raise UsageError(f"task {task.id} is {plans.said(task.state)}: it is not in the queue")
    plans.refuse_frozen(table, task.iteration)
    return task


@command.command("move", epilog="Example: team-supervisor queue move T007 1")
@click.argument("name", metavar="ID")
@click.argument("place", type=click.IntRange(min=1))
@options.as_json
@options.workspace
@click.pass_context
def move_(ctx: click.Context, name: str, place: int, as_json: bool, workspace: str) -> None:
    """Put a queued task at a place, counted from 1; what it needs still comes first."""
    with plans.changing(workspace) as (_, table):
        _put(table, _queued(table, name).id, place)
    ctx.invoke(list_, as_json=as_json, workspace=workspace)


@command.command("clear", epilog="Example: team-supervisor queue clear")
@options.as_json
@options.workspace
@click.pass_context
def clear_(ctx: click.Context, as_json: bool, workspace: str) -> None:
    """Take every task out of the queue; those at work go on, and what is frozen stays."""
    with plans.changing(workspace) as (_, table):
        known = table.iterations()
        queued = [task for task in table.all() if task.state == TaskState.QUEUED]
        free = [task for task in queued if not known.frozen(task.iteration)]
        for task in queued if not free else ():
            known.refuse_frozen(task.iteration)
        for task in free:
            table.shift(task, TaskState.PENDING, plans.now())
    ctx.invoke(list_, as_json=as_json, workspace=workspace)


@command.command("pause", epilog="Example: team-supervisor queue pause")
@options.as_json
@options.workspace
def pause_(as_json: bool, workspace: str) -> None:
    """Start no further task; those at work go on."""
    _change(workspace, as_json, {"paused": True})


@command.command("resume", epilog="Example: team-supervisor queue resume")
@options.as_json
@options.workspace
def resume_(as_json: bool, workspace: str) -> None:
    """Go on after a pause, or after a failure that stopped the queue."""
    _change(workspace, as_json, {"paused": False, "stopped_by": None})


@command.command("settings", epilog=EPILOG)
@click.option("--max-concurrent", type=click.IntRange(1, 1000), help="Tasks at work at once.")
@click.option("--stop-on-failure/--no-stop-on-failure", default=None, help="When a task fails.")
@options.as_json
@options.workspace
def settings_(as_json: bool, workspace: str, **given: Any) -> None:
    """Show what holds for the queue, or change it."""
    changed = {key: value for key, value in given.items() if value is not None}
    if changed:
        _change(workspace, as_json, changed)
        return
    with plans.reading(workspace) as table:
        _show(plans.queue(table, workspace), as_json)


def _change(workspace: str, as_json: bool, values: dict[str, Any]) -> None:
    with plans.changing(workspace) as (store, table):
        before = table.queue()
        queue = replace(before, **plans.without_team_yaml(values, workspace))
        table.set_queue(queue)
        if bool(before.closed) != bool(queue.closed):
            words = queue.closed or "the queue goes on"
            store.record(QueueChanged(paused=bool(queue.closed), reason=words), plans.now())
        shown = plans.queue(table, workspace)
    _show(shown, as_json)


def _show(queue: Queue, as_json: bool) -> None:
    values = _settings(queue)
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    for key, value in values.items():
        click.echo(f"{key}: {str(value).lower() if isinstance(value, bool) else value or '-'}")
