"""How does a person divide a plan into iterations, and say whose turn it is?"""

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import click

from team_supervisor.adapters import clock
from team_supervisor.adapters.iterations import IterationTable
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.cli import options, plans
from team_supervisor.core import iterations
from team_supervisor.core.iterations import DEFAULT, Iteration, Iterations, Phase
from team_supervisor.core.progress import clean
from team_supervisor.core.taskgraph import Task, TaskState
from team_supervisor.errors import UsageError

EPILOG = """\b
Examples:
  team-supervisor iterations add sprint-2
  team-supervisor iterations start sprint-2
  team-supervisor iterations complete sprint-1
"""


@click.group("iterations", epilog=EPILOG)
def command() -> None:
    """Divide a plan into iterations: planning, then active, then complete.

    Only tasks of the active iteration start; one is active at a time, and a complete one is
    closed for good. Tasks that name no iteration start while none is active.
    """


@contextlib.contextmanager
def _changing(workspace: str, *, make: bool = False) -> Iterator[tuple[IterationTable, TaskTable]]:
    with plans.changing(workspace, make=make) as (store, tasks):
        yield IterationTable(store), tasks


@command.command("list", epilog="Example: team-supervisor iterations list --json")
@options.as_json
@options.workspace
def list_(as_json: bool, workspace: str) -> None:
    """Show the iterations, with how much of each is done."""
    with plans.reading(workspace) as table:
        known, tasks = table.iterations(), table.all()
    if as_json:
        rows = [_json(each, iterations.of(each.name, tasks)) for each in known.all]
        default = iterations.of(None, tasks)
        rest = {"active": known.active is None, "tasks": _counts(default)}
        click.echo(json.dumps({"iterations": rows, DEFAULT: rest}, indent=2))
        return
    for each in known.all:
        click.echo(_line(each, iterations.of(each.name, tasks)))
    _say_default(known, iterations.of(None, tasks))


def _say_default(known: Iterations, tasks: Sequence[Task]) -> None:
    if tasks or not known.all:
        state = "active" if known.active is None else f"after {known.active.name}"
        click.echo(clean(f"   {DEFAULT} ({state}): {_done(tasks)}", 400))


def _line(each: Iteration, tasks: Sequence[Task]) -> str:
    return clean(f"{each.number:>2} {each.name} ({each.state}): {_done(tasks)}", 400)


def _done(tasks: Sequence[Task]) -> str:
    done = sum(task.state == TaskState.COMPLETED for task in tasks)
    return f"{done} of {len(tasks)} tasks completed"


def _counts(tasks: Sequence[Task]) -> dict[str, int]:
    return dict(Counter(str(task.state) for task in tasks))


def _json(each: Iteration, tasks: Sequence[Task]) -> dict[str, Any]:
    return {
        "number": each.number,
        "name": each.name,
        "state": each.state,
        "created_at": clock.stamp(each.created_at),
        "started_at": clock.stamp(each.started_at) if each.started_at else None,
        "ended_at": clock.stamp(each.ended_at) if each.ended_at else None,
        "tasks": _counts(tasks),
    }


@command.command("show", epilog="Example: team-supervisor iterations show sprint-2")
@click.argument("name")
@options.as_json
@options.workspace
def show_(name: str, as_json: bool, workspace: str) -> None:
    """Show one iteration with its tasks; `default` for those that name none."""
    with plans.reading(workspace) as table:
        known, tasks = table.iterations(), table.all()
    found = None if name == DEFAULT else _wanted(known, name)
    mine = iterations.of(found.name if found else None, tasks)
    if as_json:
        row = _json(found, mine) if found else {"name": DEFAULT, "tasks": _counts(mine)}
        click.echo(json.dumps({**row, "plan": [plans.as_json(t) for t in mine]}, indent=2))
        return
    if found:
        click.echo(_line(found, mine))
    else:
        _say_default(known, mine)
    plans.show([plans.styled(task) for task in mine])


def _wanted(known: Iterations, name: str) -> Iteration:
    try:
        return known.wanted(name)
    except iterations.IterationError as error:
        raise UsageError(str(error)) from None


@command.command("add", epilog="Example: team-supervisor iterations add sprint-2")
@click.argument("name")
@options.as_json
@options.workspace
def add_(name: str, as_json: bool, workspace: str) -> None:
    """Add an iteration, in planning: tasks may be put into it, none starts."""
    with _changing(workspace, make=True) as (table, _):
        if any(each.name == name for each in table.read().all):
            raise UsageError(f"there is an iteration {name!r} already")
        table.add(name, plans.now())
    _answer(workspace, name, as_json)


@command.command("start", epilog="Example: team-supervisor iterations start sprint-2")
@click.argument("name")
@options.as_json
@options.workspace
def start_(name: str, as_json: bool, workspace: str) -> None:
    """Make an iteration the active one: its tasks start as what they need is completed."""
    with _changing(workspace) as (table, _):
        known = table.read()
        after = iterations.started(known, name, plans.now())
        table.turn(known.wanted(name), after, plans.now())
    _answer(workspace, after.name, as_json)


@command.command("complete", epilog="Example: team-supervisor iterations complete sprint-1")
@click.argument("name")
@click.option("--force", is_flag=True, help="Also with open tasks, which stay as they are.")
@options.as_json
@options.workspace
def complete_(name: str, force: bool, as_json: bool, workspace: str) -> None:
    """Close the active iteration for good: no task of it is added, changed or tried again."""
    with _changing(workspace) as (table, tasks):
        known = table.read()
        before = known.wanted(name)
        mine = iterations.open_ones(iterations.of(before.name, tasks.all()))
        after = iterations.completed(known, name, [] if force else mine, plans.now())
        table.turn(before, after, plans.now())
    _answer(workspace, after.name, as_json)


def _answer(workspace: str, name: str, as_json: bool) -> None:
    with plans.reading(workspace) as table:
        known, tasks = table.iterations(), table.all()
    found = _wanted(known, name)
    mine = iterations.of(found.name, tasks)
    if as_json:
        click.echo(json.dumps(_json(found, mine), indent=2))
        return
    click.echo(_line(found, mine))
    if found.state == Phase.ACTIVE and (hint := plans.hint(workspace)):
        click.echo(hint)
