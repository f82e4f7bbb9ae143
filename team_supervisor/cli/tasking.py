"""How does a person change the plan, and a worker report?"""

import os
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import click

from team_supervisor.adapters.iterations import IterationTable
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import locate
from team_supervisor.cli import options, plans
from team_supervisor.cli.request import check_persona
from team_supervisor.cli.say import read_text
from team_supervisor.core import tasksources, terms
from team_supervisor.core.model import Wanted
from team_supervisor.core.taskgraph import AT_WORK, OVER, WAITING, Task, TaskState, needs_of
from team_supervisor.core.taskimport import refuse_cycle
from team_supervisor.core.tasksources import Draft, SourceError, id_problem, names, priority
from team_supervisor.errors import UsageError

Command = Callable[..., None]


def _described(command: Command) -> Command:
    """What `add` and `edit` share."""
    several = click.option("--verify", multiple=True, metavar="CMD", help="Must pass at the end.")
    for option in (
        click.option("--needs", metavar="IDS", help="What must be completed before: T1,T2."),
        click.option("--priority", metavar="P", help="critical, high, normal, low, backlog."),
        click.option("--persona", metavar="NAME", help="Who does it."),
        several,
        click.option("--timeout", metavar="TIME", help="How long its worker may run: 45m, 2h."),
        click.option("--iteration", metavar="NAME", help="Which iteration it belongs to."),
        click.option("-i", "--spec", metavar="FILE", help="Its specification; - is stdin."),
        options.as_json,
        options.workspace,
    ):
        command = option(command)
    return command


def _given(said: Mapping[str, Any], workspace: str) -> dict[str, Any]:
    """Values as a draft has them, of the options that were given; the persona has to be there."""
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "needs": ("depends_on", names),
        "priority": ("priority", priority),
        "verify": ("verify", lambda value: terms.stored(terms.commands(list(value)))),
        "timeout": ("timeout", lambda value: options.seconds("timeout", value)),
        "persona": ("persona", tasksources.persona),
        "iteration": ("iteration", tasksources.iteration),
        "spec": ("spec", _text),
    }
    given = {key: said[key] for key in readers if said[key] or (key == "needs" and said[key] == "")}
    try:
        found = {readers[key][0]: readers[key][1](value) for key, value in given.items()}
    except (SourceError, terms.TermsError) as error:
        raise UsageError(str(error).replace(" in its front matter", "")) from None
    if "persona" in found:
        check_persona(locate(workspace), found["persona"])
    return found


def _text(source: str) -> str:
    if source == "-":
        return read_text(None)
    try:
        with open(source, encoding="utf-8") as file:
            return file.read(1 << 19)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{source} cannot be read: {error}") from None


@click.command("add", epilog="Example: team-supervisor tasks add T9 'Write the README' --needs T8")
@click.argument("name", metavar="ID")
@click.argument("title")
@click.option("--no-queue", is_flag=True, help="Into the plan only; `queue add` lets it start.")
@_described
def add_(name: str, title: str, no_queue: bool, as_json: bool, workspace: str, **said: Any) -> None:
    """Add a task to the plan, and to the queue."""
    if problem := id_problem(name):
        raise UsageError(problem)
    if not title.strip():
        raise UsageError(f"task {name} needs a title that says what is to be done")
    draft = Draft(id=name, title=tasksources.title(title), **_given(said, workspace))
    with plans.changing(workspace, make=True) as (store, table):
        if table.get(name):
            raise UsageError(f"there is a task {name} already: `tasks edit {name}` changes it")
        refuse_cycle(needs_of(table.all()) | {name: draft.depends_on})
        plans.refuse_frozen(table, draft.iteration)
        IterationTable(store).know([draft.iteration], plans.now())
        table.insert(draft, plans.now())
        task = plans.wanted(table, name)
        if task.state == TaskState.PENDING and not no_queue:
            table.shift(task, TaskState.QUEUED, plans.now())
        missing = [need for need in draft.depends_on if table.get(need) is None]
    for need in missing:
        click.echo(f"Warning: {name} needs {need}, which is not there yet", err=True)
    _answer(workspace, name, as_json)


@click.command("edit", epilog="Example: team-supervisor tasks edit T9 --priority high")
@click.argument("name", metavar="ID")
@click.option("--title", metavar="TEXT")
@_described
def edit_(name: str, title: str | None, as_json: bool, workspace: str, **said: Any) -> None:
    """Change what a task is; its worker, if it has one, goes on with what it was told."""
    given = _given(said, workspace) | ({"title": tasksources.title(title)} if title else {})
    if not given:
        raise UsageError(f"what is to change of {name}? see `team-supervisor tasks edit --help`")
    with plans.changing(workspace) as (store, table):
        task = plans.wanted(table, name)
        kept = {f.name: getattr(task, f.name) for f in fields(Draft) if hasattr(task, f.name)}
        draft = replace(Draft(**kept), **given)
        refuse_cycle(needs_of(table.all()) | {name: draft.depends_on})
        plans.refuse_frozen(table, task.iteration, draft.iteration)
        IterationTable(store).know([draft.iteration], plans.now())
        table.define(draft, keep_digest=True)
    _answer(workspace, name, as_json)


def _verb(word: str, state: str, help_text: str, reason: bool = True) -> Callable[..., Any]:
    """The shape that all reports share."""

    def made(act: Callable[[Store, TaskTable, Task, str | None], None]) -> click.Command:
        def run(name: str, as_json: bool, workspace: str, reason: str | None = None) -> None:
            with plans.changing(workspace) as (store, table):
                task = plans.wanted(table, name)
                if not _is_worker(task):  # whose work began before the iteration ended
                    plans.refuse_frozen(table, task.iteration)
                act(store, table, task, reason)
            _answer(workspace, name, as_json)

        run.__doc__ = help_text
        decorated = options.workspace(options.as_json(run))
        if reason:
            decorated = click.option("-r", "--reason", metavar="TEXT", help="Why.")(decorated)
        example = f" --reason 'the API is {state}'" if word in ("fail", "block") else ""
        return click.command(word, epilog=f"Example: team-supervisor tasks {word} T003{example}")(
            click.argument("name", metavar="ID")(decorated)
        )

    return made


def _is_worker(task: Task) -> bool:
    return task.session is not None and os.environ.get("TEAM_SESSION_ID") == task.session


def _refuse_others(task: Task) -> None:
    """An agent speaks for its own task; what others do is said by them, or by a person."""
    if "TEAM_SESSION_ID" not in os.environ or _is_worker(task) or task.state in OVER:
        return
    if task.state in AT_WORK or task.session:
        who = task.session or "the worker that is to get it"
        raise UsageError(f"task {task.id} is not yours: {who} reports how it went")
    if task.verify != "[]":
        raise UsageError(f"task {task.id} has commands that verify it: a worker must pass them")


@_verb("done", "done", "Report a task done. A worker's word counts once its session has ended.")
def done_(store: Store, table: TaskTable, task: Task, reason: str | None) -> None:
    if _is_worker(task) and task.state not in OVER:
        table.report(task.id, "done")
        return
    _refuse_others(task)
    if task.state in AT_WORK:
        _stop(store, task)
    table.shift(task, TaskState.COMPLETED, plans.now(), reason=reason)


@_verb("fail", "gone", "Report that a task failed, and stop its worker.")
def fail_(store: Store, table: TaskTable, task: Task, reason: str | None) -> None:
    if task.state == TaskState.ASSIGNED:
        raise UsageError(
            f"task {task.id} is about to get its worker: wait for it, or "
            f"`team-supervisor tasks cancel {task.id}`"
        )
    _refuse_others(task)
    why = reason or ("its worker gave up" if _is_worker(task) else "a person said so")
    table.shift(task, TaskState.FAILED, plans.now(), reason=why)
    _stop(store, task)


@_verb("block", "down", "Report that a task cannot go on until somebody has done something.")
def block_(store: Store, table: TaskTable, task: Task, reason: str | None) -> None:
    why = reason or "waits for somebody"
    facts = {"reason": why, "reported": "blocked" if task.session else ""}
    table.shift(task, TaskState.BLOCKED, plans.now(), **facts)


@_verb("retry", "up", "Let a failed, blocked or cancelled task go on, or start again.", False)
def retry_(store: Store, table: TaskTable, task: Task, reason: str | None) -> None:
    """A blocked one whose worker lives goes on with it; any other gets a new worker."""
    session = store.session(task.session) if task.session else None
    if task.state == TaskState.BLOCKED and session is not None and not session.ended:
        table.shift(task, TaskState.IN_PROGRESS, plans.now(), reported="")
    elif task.state in WAITING:
        raise UsageError(f"task {task.id} is {plans.said(task.state)}: it was not tried yet")
    elif session is not None and not session.ended and session.wanted == Wanted.RUN:
        raise UsageError(f"task {task.id} has a worker, {session.id}, which is {session.state}")
    else:
        table.shift(task, TaskState.QUEUED, plans.now(), tries=0)


@_verb("cancel", "gone", "Take a task out of the plan, and stop its worker. It can be retried.")
def cancel_(store: Store, table: TaskTable, task: Task, reason: str | None) -> None:
    table.shift(task, TaskState.CANCELLED, plans.now(), reason=reason)
    _stop(store, task)


def _stop(store: Store, task: Task) -> None:
    """The session that works on it, also one that was only just claimed."""
    for session in store.live():
        if session.id == task.session or session.request_name == task.request is not None:
            store.want(session.id, Wanted.STOP)


def _answer(workspace: str, name: str, as_json: bool) -> None:
    import json

    with plans.reading(workspace) as table:
        task = plans.wanted(table, name)
        closed = plans.closed(table, workspace, [task])
    if as_json:
        click.echo(json.dumps(plans.as_json(task), indent=2))
        return
    noted = task.reported == "done" and task.state not in OVER
    plans.show([plans.styled(task, "noted; complete tasks.md to end" if noted else None)])
    if closed:
        click.echo(closed)
    elif task.state == TaskState.QUEUED and (hint := plans.hint(workspace)):
        click.echo(hint)
