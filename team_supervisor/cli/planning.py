"""What is in the plan, and how is it drawn?"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from team_supervisor.cli import options, plans
from team_supervisor.core import taskdrawing
from team_supervisor.core.deadlock import of_plan
from team_supervisor.core.progress import clean
from team_supervisor.core.taskgraph import PRIORITIES, Task, TaskState, cut_off, missing, waves
from team_supervisor.core.words import age
from team_supervisor.errors import TeamError, UsageError


@click.command("list", epilog="Example: team-supervisor tasks list --state failed --state blocked")
@click.option("--state", "states", multiple=True, type=click.Choice([s.value for s in TaskState]))
@options.as_json
@options.workspace
def list_(states: tuple[str, ...], as_json: bool, workspace: str) -> None:
    """Show the tasks of the plan, oldest first, and what each waits for."""
    with plans.reading(workspace) as table:
        tasks = table.all()
        waits, closed = plans.waiting(table, tasks), plans.closed(table, workspace, tasks)
    shown = [task for task in tasks if not states or task.state in states]
    if as_json:
        rows = [plans.as_json(task, waits(task)) for task in shown]
        click.echo(json.dumps({"tasks": rows, "counts": Counter(t.state for t in tasks)}, indent=2))
        return
    plans.show([plans.styled(task, waits(task)) for task in shown])
    click.echo(_sum(tasks))
    if closed:
        click.echo(closed)


def _sum(tasks: Sequence[Task]) -> str:
    counts = Counter(task.state for task in tasks)
    done = counts.pop(TaskState.COMPLETED, 0)
    rest = [f"{counts[state]} {plans.said(state)}" for state in TaskState if counts[state]]
    if not tasks:
        return "There are no tasks: `team-supervisor tasks import PATH` reads some."
    return f"{', '.join([f'{done} of {len(tasks)} completed', *rest])}"


@click.command("show", epilog="Example: team-supervisor tasks show T003")
@click.argument("name", metavar="ID")
@options.as_json
@options.workspace
def show_(name: str, as_json: bool, workspace: str) -> None:
    """Show all there is of one task: where it is, what it needs, who needs it, what it asks."""
    with plans.reading(workspace) as table:
        task = plans.wanted(table, name)
        tasks = table.all()
        waits = plans.waiting(table, tasks)(task)
    needed_by = [t.id for t in tasks if task.id in t.depends_on]
    if as_json:
        more = {"needed_by": needed_by, "spec": task.spec}
        click.echo(json.dumps(plans.as_json(task, waits) | more, indent=2))
        return
    plans.show([plans.styled(task, waits)])
    for key, value in _facts(task, needed_by):
        click.echo(clean(f"{key}: {value}", 400))
    click.echo("\n" + "\n".join(clean(each, 4000) for each in task.spec.splitlines()))


def _facts(task: Task, needed_by: Sequence[str]) -> list[tuple[str, str]]:
    found = plans.as_json(task)
    facts = [
        ("Needs", ", ".join(task.depends_on)),
        ("Needed by", ", ".join(needed_by)),
        ("Priority", PRIORITIES[task.priority]),
        ("Persona", task.persona or ""),
        ("Verify", "; ".join(found["verify"])),
        ("Timeout", age(task.timeout) if task.timeout else ""),
        ("Iteration", task.iteration or ""),
        ("Source", task.source),
        ("Tries", str(task.tries or "")),
        ("Session", task.session or task.request or ""),
    ]
    return [(key, value) for key, value in facts if value]


@click.command("plan", epilog="Example: team-supervisor tasks plan --json")
@options.as_json
@options.workspace
def plan_(as_json: bool, workspace: str) -> None:
    """Show the waves: a task of one wave needs only tasks of the waves before it.

    Those that can never start, since something they need is not there, stand apart.
    """
    with plans.reading(workspace) as table:
        tasks, turns = table.all(), table.iterations()
        waits, closed = plans.waiting(table, tasks), plans.closed(table, workspace, tasks)
    by_id, lost = {task.id: task for task in tasks}, cut_off(tasks)
    found, stuck = waves(task for task in tasks if task.id not in lost), of_plan(tasks, turns)
    if as_json:
        rows = [[plans.as_json(by_id[n], waits(by_id[n])) for n in w] for w in found]
        apart = [
            plans.as_json(by_id[n], waits(by_id[n])) | {"missing": needs}
            for n, needs in lost.items()
        ]
        click.echo(json.dumps({"waves": rows, "never": apart, "deadlock": stuck}, indent=2))
        return
    for number, wave in enumerate(found, start=1):
        done = sum(by_id[name].state == TaskState.COMPLETED for name in wave)
        click.echo(f"Wave {number}: {done} of {len(wave)} completed")
        plans.show(_branches([by_id[name] for name in wave], waits))
    if lost:
        needs = ", ".join(dict.fromkeys(need for each in lost.values() for need in each))
        click.echo(clean(f"In no wave, as long as it is not there: {needs}", 400))
        plans.show(_branches([by_id[name] for name in lost], waits))
    click.echo(_sum(tasks))
    if closed:
        click.echo(closed)
    if stuck:
        click.echo(clean(f"Deadlock, nothing of the plan can start: {stuck}", 400))


def _branches(shown: Sequence[Task], waits: plans.Waits) -> list[tuple[str, str]]:
    branches = ["├── "] * (len(shown) - 1) + ["└── "]
    return [plans.styled(t, waits(t), b) for t, b in zip(shown, branches, strict=True)]


def _draw(path: Path, picture: str) -> None:
    """A picture of ours is drawn anew; anything else that has this name stays."""
    try:
        if path.exists() and not (path.is_file() and path.read_bytes()[:4] == b"<svg"):
            raise TeamError(f"{path} is there already and is no picture: name another file")
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise TeamError(f"{path} cannot be written ({error.strerror}): name another file") from None
    click.echo(f"Wrote {path}")


@click.command("graph", epilog="Example: team-supervisor tasks graph --svg plan.svg")
@click.option("--mermaid", is_flag=True, help="For a Markdown file.")
@click.option("--dot", is_flag=True, help="For Graphviz.")
@click.option("--svg", type=click.Path(dir_okay=False), help="Write a picture to this file.")
@options.as_json
@options.workspace
def graph_(mermaid: bool, dot: bool, svg: str | None, as_json: bool, workspace: str) -> None:
    """Draw what needs what; without an option, one task a line with what it needs."""
    if sum((mermaid, dot, bool(svg), as_json)) > 1:
        raise UsageError("one of --mermaid, --dot, --svg and --json at a time")
    with plans.reading(workspace) as table:
        tasks = table.all()
    if svg:
        _draw(Path(svg), taskdrawing.svg(tasks))
    elif as_json:
        edges = [[need, task.id] for task in tasks for need in task.depends_on]
        found = {"tasks": [t.id for t in tasks], "edges": edges, "missing": list(missing(tasks))}
        click.echo(json.dumps(found, indent=2))
    elif mermaid or dot:
        click.echo(taskdrawing.mermaid(tasks) if mermaid else taskdrawing.dot(tasks))
    else:
        known = {task.id for task in tasks}
        for task in tasks:
            each = [n if n in known else f"{n} (not there)" for n in task.depends_on]
            needs = f" <- {', '.join(each)}" if each else ""
            click.echo(clean(f"{task.id}{needs}", 400))
