"""What was done in some time, what did it cost, and what needs a person?"""

from collections.abc import Iterable, Sequence

import msgspec

from team_supervisor.core import events
from team_supervisor.core.roster import SessionView
from team_supervisor.core.words import age, dollars


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Each line names a session or a task, and says why where there is a reason."""

    completed: tuple[str, ...]
    tasks: tuple[str, ...]
    restarts: tuple[str, ...]
    failures: tuple[str, ...]
    needs_a_person: tuple[str, ...]
    cost_usd: float


def sum_up(
    happened: Iterable[events.Event], cost_usd: float, waiting: Sequence[SessionView]
) -> Report:
    completed, tasks, restarts, failures = (list[str]() for _ in range(4))
    for event in happened:
        match event:
            case events.SessionArchived():
                completed.append(event.name)
            case events.TaskMoved(state="completed"):
                tasks.append(f"{event.task}: {event.title}")
            case events.SessionRestarting():
                attempt = f"{event.failures} of {event.limit}"
                restarts.append(f"{event.name}: {event.words} ({attempt})")
            case events.SessionFailed():
                failures.append(f"{event.name}: {event.reason}")
    return Report(
        completed=tuple(completed),
        tasks=tuple(tasks),
        restarts=tuple(restarts),
        failures=tuple(failures),
        needs_a_person=tuple(_waiting(view) for view in waiting),
        cost_usd=round(cost_usd, 6),
    )


def _waiting(view: SessionView) -> str:
    return f"{view.name}: {view.status}{f', {view.detail}' if view.detail else ''}"


def lines(report: Report, since: float) -> list[str]:
    parts = (
        ("Completed sessions", report.completed),
        ("Completed tasks", report.tasks),
        ("Restarts", report.restarts),
        ("Failures", report.failures),
        ("Needs a person", report.needs_a_person),
    )
    said = [f"In the last {age(since)}, for {dollars(report.cost_usd)}:"]
    for title, found in parts:
        said.append(f"{title}: {len(found) or 'none'}")
        said += [f"  {line}" for line in found]
    return said
