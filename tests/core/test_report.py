"""What was done in some time, what did it cost, and what needs a person?"""

from typing import Any

from team_supervisor.core import events
from team_supervisor.core.report import lines, sum_up
from team_supervisor.core.taskgraph import Task, TaskState

HAPPENED = (
    events.SessionArchived(session="a", persona="p", name="api", archive="x", cost_usd=1.0),
    events.SessionRestarting(session="b", name="qa", words="code 1", delay=1, failures=2, limit=5),
    events.SessionFailed(session="b", name="qa", reason="5 failures in a row"),
)


def task(name: str, state: TaskState, **facts: Any) -> Task:
    return Task(id=name, title=f"Do {name}", state=state, **facts)


def test_failed_and_blocked_tasks_and_restarts_that_were_asked_for_are_in_it() -> None:
    happened = (
        events.TaskMoved(task="T1", title="Do T1", state="failed", reason="no such function"),
        events.TaskMoved(task="T2", title="Do T2", state="completed"),
        events.SessionRestartAsked(session="a", name="api", attempt=2, reason="it goes in circles"),
        events.SessionStopped(session="c", name="qa", reason="killed by a person"),
    )
    plan = [
        task("T1", TaskState.FAILED, reason="no such function"),
        task("T3", TaskState.BLOCKED, reason="which colour?"),
        task("T4", TaskState.QUEUED),
    ]
    found = sum_up(happened, 0.0, [], plan, "T1 failed, which stopped the queue")
    assert found.failures == ("task T1, Do T1: no such function",)
    assert found.stopped == ("qa: killed by a person",)
    assert found.restarts == ("api: it goes in circles (asked for, after attempt 2)",)
    assert found.needs_a_person == (
        "task T1, Do T1: failed, no such function",
        "task T3, Do T3: blocked, which colour?",
        "the plan: T1 failed, which stopped the queue",
    )


def test_what_was_done_is_said_with_reasons_and_its_cost() -> None:
    said = "\n".join(lines(sum_up(HAPPENED, 1.25, []), 3600))
    for words in (
        "In the last 1 h, for $1.25:",
        "Completed sessions: 1\n  api",
        "Restarts: 1\n  qa: code 1 (2 of 5)",
        "Failures: 1\n  qa: 5 failures in a row",
        "Needs a person: none",
    ):
        assert words in said
