"""What is the worker of a task told?"""

from collections.abc import Sequence
from dataclasses import dataclass

from team_supervisor.core import terms
from team_supervisor.core.taskgraph import Task
from team_supervisor.core.words import age

# Longer material is named by its path: a request may have 1 MiB.
MAX_CONTEXT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Produced:
    """A task that this one needs; where its worker's files are, None when nobody worked on it."""

    task: str
    title: str
    directory: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Absolute paths; `context` is the text of project-context.md, "" without one."""

    project: str
    shared: str
    context_path: str = ""
    context: str = ""


def instructions(task: Task, setting: Setting, produced: Sequence[Produced], timeout: float) -> str:
    """The whole instructions.md of the request, its terms as front matter.

    The specification is carried over as it is: check boxes in it become the worker's first list.
    """
    limit = task.timeout or timeout
    agreed = terms.Terms(verify=terms.restored(task.verify) or None, timeout=limit, task=task.id)
    parts = [
        f"# {task.id}: {task.title}",
        f"This is task {task.id} of a plan. Do it, and only it: others do the other tasks.",
        f"## Specification\n\n{task.spec.strip() or task.title}",
        _context(setting),
        _produced(produced),
        _success(task, limit),
        _reporting(task.id),
    ]
    return terms.written(agreed) + "\n\n".join(part for part in parts if part) + "\n"


def is_for(instructions: str, task: Task) -> bool:
    """Was this request made for the task, as it is described now?"""
    try:
        named = terms.read(instructions).task
    except terms.TermsError:
        return False
    return named == task.id and (task.spec.strip() or task.title) in instructions


def _context(setting: Setting) -> str:
    where = f"The project is `{setting.project}`; what all share is in `{setting.shared}`."
    if not setting.context_path:
        return f"## Project\n\n{where}"
    if len(setting.context) > MAX_CONTEXT:
        return f"## Project\n\n{where} Read `{setting.context_path}` before you begin."
    return f"## Project\n\n{where} From `{setting.context_path}`:\n\n{_quoted(setting.context)}"


def _quoted(text: str) -> str:
    """A quote: check boxes and headings in it are not this task's."""
    return "\n".join(f"> {line}".rstrip() for line in text.strip().splitlines())


def _produced(produced: Sequence[Produced]) -> str:
    if not produced:
        return ""
    lines = [f"* {p.task} ({p.title}): {_where(p)}" for p in produced]
    return "\n".join(["## What this task builds on", "", "Completed before it:", "", *lines])


def _where(produced: Produced) -> str:
    if produced.directory is None:
        return "done without a worker, so look at the project"
    return f"its tasks.md and what its worker wrote are in `{produced.directory}`"


def _success(task: Task, limit: float) -> str:
    commands = [f"* `{command.words}` passes" for command in terms.restored(task.verify)]
    lines = ["* everything that the specification asks for is there, and committed", *commands]
    lines.append(f"* within {age(limit)} of work, after which you are ended")
    return "\n".join(["## It is done when", "", *lines])


def _reporting(task: str) -> str:
    return f"""## Report

Keep `tasks.md` up to date: when everything in it is completed the task is checked and completed. \
Besides, if you can run commands:

```sh
team-supervisor tasks done {task}
team-supervisor tasks block {task} --reason "what you need, and from whom"
team-supervisor tasks fail {task} --reason "why it cannot be done"
```

`done` after your last commit, then complete `tasks.md`. `block` if you can go on once somebody \
has answered: set the status in `tasks.md` to blocked, too, and end your turn. `fail` only if \
nobody can help: your session ends with it, so write down first what you found."""
