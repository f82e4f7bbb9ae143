"""What else changes when a task goes from one state to another?"""

from dataclasses import replace
from typing import Any

from team_supervisor.core.taskgraph import OVER, Task, TaskState, check
from team_supervisor.core.taskqueue import Queue

_AFRESH: dict[str, Any] = {"request": None, "session": None, "reported": "", "reason": None}


def moved(task: Task, to: TaskState, now: float, **facts: Any) -> Task:
    """The task in its new state, with these `facts` (reason, request, session, reported, tries).

    Back in the plan or the queue it has no worker any more; what it was there keeps its place.
    """
    clean = _AFRESH if to in (TaskState.PENDING, TaskState.QUEUED) else {"reason": None}
    if to in OVER:
        clean = {**clean, "reported": ""}
    ended = now if to in OVER else None
    values = {**clean, "position": None, "ended_at": ended, **facts}
    return replace(task, state=check(task, to), **values)


def queue_after(queue: Queue, task: str, to: TaskState) -> Queue:
    """A failure stops the queue, if it is to; the queue goes on once that task is tried again."""
    if to == TaskState.FAILED and queue.stop_on_failure:
        return replace(queue, stopped_by=task)
    if queue.stopped_by == task and to != TaskState.FAILED:
        return replace(queue, stopped_by=None)
    return queue
