"""What was done in some time, what did it cost, and what needs a person?"""

from collections.abc import Iterable, Sequence

import msgspec

from team_supervisor.core import events
from team_supervisor.core.roster import SessionView
from team_supervisor.core.taskgraph import Task, TaskState
from team_supervisor.core.taskwork import TASK_FAILED
from team_supervisor.core.words import age, dollars


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Each line names a session or a task, and says why where there is a reason."""

    completed: tuple[str, ...]
    tasks: tuple[str, ...]
    restarts: tuple[str, ...]
    failures: tuple[str, ...]
    stopped: tuple[str, ...]
    needs_a_person: tuple[str, ...]
    cost_usd: float


def sum_up(
    happened: Iterable[events.Event],
    cost_usd: float,
    waiting: Sequence[SessionView],
    plan: Sequence[Task] = (),
    held: str | None = None,
) -> Report:
    """`plan` are the tasks as they are now; `held` is why nothing more of them starts."""
    found = list(happened)
    stuck = {t.session or t.id: t for t in plan if t.state in _STUCK}
    return Report(
        completed=tuple(e.name for e in found if isinstance(e, events.SessionArchived)),
        tasks=tuple(
            f"{e.task}: {e.title}"
            for e in found
            if isinstance(e, events.TaskMoved) and e.state == TaskState.COMPLETED
        ),
        restarts=tuple(filter(None, map(_restart, found))),
        failures=tuple(filter(None, map(_failure, found))),
        stopped=tuple(
            f"{e.name}: {e.reason}"
            for e in found
            if isinstance(e, events.SessionStopped) and not e.reason.startswith(TASK_FAILED)
        ),
        needs_a_person=(
            *(_waiting(view) for view in waiting if view.id not in stuck),
            *(_stuck(task) for task in stuck.values()),
            *([f"the plan: {held}"] if held else []),
        ),
        cost_usd=round(cost_usd, 6),
    )


def _restart(event: events.Event) -> str | None:
    match event:
        case events.SessionRestarting():
            return f"{event.name}: {event.words} ({event.failures} of {event.limit})"
        case events.SessionRestartAsked():
            why = event.reason or "no reason given"
            return f"{event.name}: {why} (asked for, after attempt {event.attempt})"
        case events.SessionRetried():
            return f"{event.name}: a person let it go on"
    return None


def _failure(event: events.Event) -> str | None:
    match event:
        case events.SessionFailed():
            return f"{event.name}: {event.reason}"
        case events.TaskMoved(state=TaskState.FAILED):
            return f"task {event.task}, {event.title}: {event.reason or 'no reason given'}"
    return None


_STUCK = (TaskState.FAILED, TaskState.BLOCKED)


def _stuck(task: Task) -> str:
    return f"task {task.id}, {task.title}: {task.state}{f', {task.reason}' if task.reason else ''}"


def _waiting(view: SessionView) -> str:
    return f"{view.name}: {view.status}{f', {view.detail}' if view.detail else ''}"


def lines(report: Report, since: float) -> list[str]:
    parts = (
        ("Completed sessions", report.completed),
        ("Completed tasks", report.tasks),
        ("Restarts", report.restarts),
        ("Failures", report.failures),
        ("Stopped", report.stopped),
        ("Needs a person", report.needs_a_person),
    )
    said = [f"In the last {age(since)}, for {dollars(report.cost_usd)}:"]
    for title, found in parts:
        said.append(f"{title}: {len(found) or 'none'}")
        said += [f"  {line}" for line in found]
    return said
