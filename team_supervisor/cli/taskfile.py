"""What does a session's tasks.md say?"""

import json
import os
import stat
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from team_supervisor.cli import options
from team_supervisor.errors import AgentNotFound, TeamError, UsageError

if TYPE_CHECKING:
    from team_supervisor.core.tasklist import Task, TaskList


@click.command(hidden=True)
@click.argument("what", metavar="SESSION|FILE")
@options.as_json
@options.workspace
def command(what: str, as_json: bool, workspace: str) -> None:
    """Show the tasks of a session, or of any Markdown file, and how many are done.

    A task is a heading "Task: title" with an item "Status: completed" (or pending, in progress,
    ...) below it, or a check box "- [ ] title".
    """
    from team_supervisor.core.tasklist import parse

    tasks = parse(_text(what, Path(workspace)))
    if as_json:
        click.echo(json.dumps(_as_json(tasks), indent=2))
    elif options.rich_output() and not os.environ.get("NO_COLOR"):
        _print_in_colour(tasks)
    else:
        click.echo("\n".join([*map(_line, tasks.tasks), _sum(tasks)]))


def _text(what: str, workspace: Path) -> str:
    from team_supervisor.adapters import files

    path, whose = _path(what, workspace)
    try:
        return files.read(path).decode("utf-8", "replace")
    except files.Unreadable as error:
        problem = f"{path} {error}"
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}"
    raise TeamError(f"{problem}: {whose} a regular file of at most 1 MiB")


def _path(what: str, workspace: Path) -> tuple[Path, str]:
    """The file, and what it is to be.

    A person's own file may be a link, so it is resolved; a session's tasks.md may not.
    """
    try:
        mode = Path(what).stat().st_mode
    except (OSError, ValueError):
        mode = None
    if mode is not None and not stat.S_ISDIR(mode):
        return Path(what).resolve(), "name a session, or"
    from team_supervisor.cli.sessions import tasks_file

    try:
        return tasks_file(workspace, what), "a session's list is"
    except AgentNotFound as error:
        from difflib import get_close_matches

        from team_supervisor.cli.tasks import VERBS

        if not (near := get_close_matches(what, VERBS, 1)):
            raise
        raise UsageError(f"no such command: did you mean `tasks {near[0]}`? ({error})") from None


def _as_json(tasks: "TaskList") -> dict[str, object]:
    return {
        "total": tasks.total,
        "done": tasks.done,
        "complete": tasks.complete,
        "tasks": [asdict(task) for task in tasks.tasks],
    }


def _line(task: "Task") -> str:
    title = task.title or "(no title)"
    return f"[x] {title}" if task.done else f"[ ] {title} ({task.status})"


def _sum(tasks: "TaskList") -> str:
    return f"{tasks.done} of {tasks.total} done"


def _print_in_colour(tasks: "TaskList") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True)
    for task in tasks.tasks:
        console.print(Text(_line(task), style="green" if task.done else "yellow"))
    console.print(Text(_sum(tasks), style="bold"))
