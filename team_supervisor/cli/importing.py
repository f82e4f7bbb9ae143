"""How are tasks read into the plan?"""

import json
import os
from dataclasses import replace
from pathlib import Path

import click

from team_supervisor.adapters.iterations import IterationTable
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import locate
from team_supervisor.cli import options, plans
from team_supervisor.core.events import TasksImported
from team_supervisor.core.iterations import Iterations, Phase
from team_supervisor.core.progress import clean
from team_supervisor.core.taskgraph import WAITING, Task, TaskState
from team_supervisor.core.taskimport import Merge
from team_supervisor.core.tasksources import Draft, SourceError, id_problem, prefixed
from team_supervisor.errors import UsageError

EPILOG = """\b
Examples:
  team-supervisor tasks import specs/
  team-supervisor tasks import openspec/changes/login/tasks.md --prefix login-
  team-supervisor tasks import beads
"""


@click.command("import", epilog=EPILOG)
@click.argument("path")
@click.option("--prefix", default="", metavar="TEXT", help="Put in front of every id.")
@click.option("--no-queue", is_flag=True, help="Into the plan only; `queue add` lets them start.")
@options.as_json
@options.workspace
def import_(path: str, prefix: str, no_queue: bool, as_json: bool, workspace: str) -> None:
    """Read tasks: a directory of <TASK-ID>-spec.md, one of them, a check list, or `beads`.

    Read again, nothing loses its state: what is new is added, what changed in the source is
    changed, a box ticked by hand completes its task. A cycle is refused, and nothing is changed.
    """
    from team_supervisor.adapters import sources
    from team_supervisor.core.taskimport import merge

    try:
        project = locate(workspace).project
        drafts, unknown = sources.read(path, os.environ, project)
        drafts = _prefixed(drafts, prefix)
    except SourceError as error:
        raise UsageError(str(error)) from None
    with plans.changing(workspace, make=True) as (store, table):
        known = table.all()
        moved = _moved(known, drafts, project)
        found = merge(drafts, known, table.digests(), moved=moved)
        event = TasksImported(
            source=path, added=len(found.add), changed=len(found.define), unchanged=found.same
        )
        store.record(event, plans.now())
        plans.refuse_frozen(table, *(draft.iteration for draft in found.add))
        found, frozen = _thawed(found, known, table.iterations())
        names = [draft.iteration for draft in (*found.add, *found.define)]
        new = IterationTable(store).know(names, plans.now())
        _write(table, found, no_queue)
    more = {"unknown_keys": unknown, "iterations_added": new, "frozen": frozen}
    _say(found, more, _nobody(drafts, workspace), (path, as_json, plans.hint(workspace)))


def _nobody(drafts: list[Draft], workspace: str) -> dict[str, str]:
    """A sentence for each task whose persona is not there; a file made later mends it."""
    from team_supervisor.adapters import personas
    from team_supervisor.core.taskimport import for_nobody

    place = locate(workspace)
    known = personas.load(personas.search_path(place.root, place.project)).by_name
    sources = {draft.id: draft.source for draft in drafts}
    return {
        name: f"{sources[name]}: there is no persona {persona!r} for {name} yet, and without one "
        f"it will fail; known are: {', '.join(known) or 'none'}"
        for name, persona in for_nobody(drafts, known).items()
    }


def _thawed(found: Merge, known: list[Task], turns: Iterations) -> tuple[Merge, list[str]]:
    """Without what changed of complete iterations, which stays as it is, and is named."""
    before = {task.id: task.iteration for task in known}
    closed = {each.name for each in turns.all if each.state == Phase.COMPLETE}
    frozen = [d for d in found.define if {before[d.id], d.iteration} & closed]
    frozen_ids = {draft.id for draft in frozen}
    left = replace(
        found,
        define=tuple(draft for draft in found.define if draft.id not in frozen_ids),
        done=tuple(name for name in found.done if before.get(name) not in closed),
    )
    return left, sorted(frozen_ids)


def _notes(more: dict[str, list[str]]) -> list[str]:
    start = "team-supervisor iterations start"
    return [
        *(
            f"Iteration {n} is in planning: `{start} '{n}'` starts it"
            for n in more["iterations_added"]
        ),
        *(f"{n} changed, but its iteration is complete: left as it is" for n in more["frozen"]),
        *(f"{key}: not known, ignored" for key in more["unknown_keys"]),
    ]


def _moved(known: list[Task], drafts: list[Draft], project: Path) -> bool:
    """What described these tasks before is no longer there: the file was moved."""
    named = {draft.id: draft.source for draft in drafts}
    olds = {t.source for t in known if t.id in named and t.source != named[t.id]}
    return not any(old in ("", "bd") or (project / old).exists() for old in olds)


def _prefixed(drafts: list[Draft], prefix: str) -> list[Draft]:
    if not prefix:
        return drafts
    found = prefixed(drafts, prefix)
    for draft in found:
        if problem := id_problem(draft.id):
            raise SourceError(problem)
    return found


def _write(table: TaskTable, found: Merge, no_queue: bool) -> None:
    at = plans.now()
    for draft in found.add:
        table.insert(draft, at)
    for draft in found.define:
        table.define(draft)
    steps = [(name, TaskState.COMPLETED) for name in found.done]
    steps += [(name, TaskState.QUEUED) for name in (() if no_queue else found.queue)]
    for name, to in steps:
        task = plans.wanted(table, name)
        if task.state in WAITING:  # the others have a session from before
            table.shift(task, to, at)


def _say(
    found: Merge,
    more: dict[str, list[str]],
    nobody: dict[str, str],
    how: tuple[str, bool, str | None],
) -> None:
    path, as_json, hint = how
    if as_json:
        row = {
            "added": [d.id for d in found.add],
            "changed": [d.id for d in found.define],
            "unchanged": found.same,
            "gone": list(found.gone),
            "missing": {name: list(needs) for name, needs in found.missing.items()},
            "for_nobody": nobody,
            **more,
        }
        click.echo(json.dumps(row, indent=2))
        return
    counts = f"{len(found.add)} added, {len(found.define)} changed, {found.same} as before"
    click.echo(clean(f"Imported {path}: {counts}", 400))
    lines = [f"{name} needs {', '.join(n)}: not there yet" for name, n in found.missing.items()]
    lines += [f"{name} is no longer in its source: kept" for name in found.gone]
    lines += _notes(more)
    for line in nobody.values():
        click.echo(clean(f"Warning: {line}", 400), err=True)
    for line in [*lines, *([hint] if hint else [])]:
        click.echo(clean(line, 400))
