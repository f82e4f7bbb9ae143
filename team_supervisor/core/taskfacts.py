"""What was seen of the tasks at work, and what can be done about a task?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from team_supervisor.core.model import Session
from team_supervisor.core.taskgraph import Task, TaskState
from team_supervisor.core.taskqueue import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A task that somebody was asked for. `asked`: the request still stands in the workspace."""

    task: Task
    session: Session | None = None
    asked: bool = False
    rejected: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`ready` are the queued tasks that may start, the first one first; `counts` all, by state.
    `meant`: of each session that is to stop, or ended and is wanted again, by id, its task.

    `untold`: beads and their states that bd has not heard of. `stuck`: why nothing can ever start.
    """

    ready: tuple[Task, ...] = ()
    workers: tuple[Worker, ...] = ()
    queue: Queue = Queue()
    counts: Mapping[TaskState, int] = field(default_factory=dict)
    untold: tuple[tuple[str, TaskState], ...] = ()
    stuck: str | None = None
    meant: Mapping[str, Task] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AskForWorker:
    """Make the request for a queued task, or again for one whose request never came to be."""

    task: Task


@dataclass(frozen=True, slots=True)
class MoveTask:
    """Write down what became of a task; `worker` is the id of its session."""

    task: Task
    to: TaskState
    reason: str | None = None
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class StopWorker:
    """End the session of a task, because of `reason`."""

    task: Task
    session: Session
    reason: str


@dataclass(frozen=True, slots=True)
class TellBeads:
    """Write a bead's state back to where it came from."""

    task: str
    state: TaskState


TaskAction = AskForWorker | MoveTask | StopWorker | TellBeads
