"""Which tasks are stored, and what does each need?"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from team_supervisor.adapters import rows
from team_supervisor.adapters.iterations import IterationTable
from team_supervisor.adapters.store import Store
from team_supervisor.core.events import QueueChanged, TaskMoved
from team_supervisor.core.iterations import DEFAULT, Iterations
from team_supervisor.core.model import Session, State
from team_supervisor.core.taskgraph import AT_WORK, OVER, WAITING, Task, TaskState
from team_supervisor.core.taskmoves import moved, queue_after
from team_supervisor.core.taskqueue import Queue, stored
from team_supervisor.core.tasksources import Draft

QUERIES = rows.queries("tasks.sql")
_COLUMNS = tuple(f.name for f in fields(Task) if f.name != "depends_on")
# In the table `team`, as what else was set by a command.
_VERSION = "plan_version"
_SETTINGS = ("queue_paused", "queue_stop_on_failure", "queue_max_concurrent", "queue_stopped_by")


@dataclass(frozen=True, slots=True)
class Seen:
    """A task at work: its session's id if there is one, else what became of its request.

    Without its specification and what it needs, which matter to nobody any more.
    """

    task: Task
    worker: str | None
    status: str | None
    why: str | None


class TaskTable:
    """The tasks of one store; what belongs together is for the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def _all(self, query: str, **values: Any) -> list[dict[str, Any]]:
        return self._store.rows(QUERIES[query], values)

    def _do(self, query: str, **values: Any) -> int:
        return self._store.change_tasks(QUERIES[query], values)

    def all(self) -> list[Task]:
        return _tasks(self._all("all_tasks"), self._all("all_needs"))

    def open(self) -> list[Task]:
        """Those that are not over, oldest first."""
        return _tasks(self._all("open_tasks"), self._all("open_needs"))

    def ready(self) -> list[Task]:
        """Queued tasks whose dependencies are all completed, with what their order depends on."""
        return [Task(**row, state=TaskState.QUEUED) for row in self._all("ready_tasks")]

    def iterations(self) -> Iterations:
        return IterationTable(self._store).read()

    def version(self) -> int:
        """Grows when another task may wait behind another one than before."""
        return int(self._store.team(_VERSION) or 0)

    def _other_shape(self) -> None:
        self._store.set_team(_VERSION, str(self.version() + 1))

    def get(self, name: str) -> Task | None:
        found = _tasks(self._all("task", id=name), self._all("needs_of", task=name))
        return found[0] if found else None

    def sessions(self, tasks: Iterable[Task]) -> dict[str, Session]:
        """By task, who works on it now."""
        found = {t.id: self._store.session(t.session or "") for t in tasks if t.state in AT_WORK}
        return {name: session for name, session in found.items() if session is not None}

    def counts(self) -> dict[TaskState, int]:
        return {TaskState(row["state"]): row["tasks"] for row in self._all("task_counts")}

    def at_work(self) -> list[Seen]:
        """Tasks with a worker, or with a request for one; and those over whose worker lives."""
        found = self._all("tasks_at_work") + self._all("over_with_life")
        tasks = _tasks(found, [])
        seen = ("worker", "status", "why")
        each = zip(tasks, found, strict=True)
        return [Seen(task, **{name: row[name] for name in seen}) for task, row in each]

    def produced(self, task: str) -> list[tuple[str, str, str | None]]:
        """(id, title, directory) of each task that this one needs."""
        found = self._all("produced", task=task)
        return [(row["id"], row["title"], row["directory"]) for row in found]

    def digests(self) -> dict[str, str]:
        """What each task's source said of it when it was imported last."""
        return {row["id"]: row["digest"] for row in self._all("digests")}

    def insert(self, draft: Draft, now: float) -> None:
        self._do("insert_task", created_at=now, **_definition(draft))
        self._need(draft)
        self.take_up(draft.id, now)

    def of_request(self, name: str) -> str | None:
        """The id of the task for which this request was made."""
        found = self._all("task_of_request", name=name)
        return str(found[0]["id"]) if found else None

    def take_up(self, name: str, now: float) -> str | None:
        """Give a task that nobody began the session that was made for it before; its id.

        So a plan that was lost with its database goes on where it was. Of several, the one that is
        completed, else one that lives, else the last; what became of it follows as for any other.
        """
        task, found = self.get(name), self._all("workers_of", task=name)
        if task is None or not found or task.state not in WAITING or task.tries:
            return None
        first = found[0]
        done = first["state"] == State.COMPLETED
        request = first["request_name"] or first["id"]
        facts = {"session": first["id"], "request": request, "tries": len(found)}
        to = TaskState.COMPLETED if done else TaskState.IN_PROGRESS
        return first["id"] if self.shift(task, to, now, **facts) else None

    def define(self, draft: Draft, *, keep_digest: bool = False) -> None:
        """What it is, in place of what it was; where it is stays.

        `keep_digest`: edited by a person, while its source says what it said.
        """
        self._do("define_task", **_definition(draft), keep=keep_digest)
        self._do("forget_needs", task=draft.id)
        self._need(draft)

    def _need(self, draft: Draft) -> None:
        self._other_shape()
        for place, needs in enumerate(draft.depends_on):
            self._do("insert_need", task=draft.id, needs=needs, place=place)

    def shift(self, task: Task, to: TaskState, now: float, **facts: Any) -> Task | None:
        """Carry a change of state out, with its event and what it means for the queue.

        None when somebody else had changed the task since it was read; `facts` as in `moved`.
        """
        after = moved(task, to, now, **facts)
        with self._store.transaction():
            if not self._move(task.state, after):
                return None
            if task.state not in AT_WORK and (to in OVER or task.state in OVER):
                self._other_shape()
            queue = self.queue()
            # What was left in a complete iteration holds nothing up that comes after it.
            frozen = to == TaskState.FAILED and self.iterations().frozen(task.iteration)
            then = queue if frozen else queue_after(queue, task.id, to)
            if then != queue:
                self.set_queue(then)
            event = TaskMoved(
                session=after.session,
                request=after.request,
                task=task.id,
                title=task.title,
                state=to,
                reason=after.reason,
            )
            self._store.record(event, now)
            if then.closed and not queue.closed:
                self._store.record(QueueChanged(paused=True, reason=then.closed), now)
        return after

    def _move(self, before: TaskState, task: Task) -> bool:
        names = (
            "id", "state", "reason", "position", "tries", "request", "session", "reported",
            "ended_at",
        )  # fmt: skip
        values = {name: getattr(task, name) for name in names}
        return self._do("move_task", before=before, **values) > 0

    def place(self, positions: Iterable[tuple[str, int | None]]) -> None:
        for name, position in positions:
            self._do("place_task", id=name, position=position)

    def report(self, task: str, said: str) -> None:
        self._do("report_task", id=task, reported=said)

    def to_write_back(self) -> list[tuple[str, TaskState]]:
        """(id, state) of beads whose state bd has not heard."""
        return [(row["id"], TaskState(row["state"])) for row in self._all("to_write_back")]

    def written_back(self, task: str, state: str) -> None:
        self._do("written_back", id=task, state=state)

    def name_taken(self, request: str) -> bool:
        """Did a request ever have this name?"""
        return bool(next(iter(self._all("name_taken", name=request)[0].values())))

    def queue(self) -> Queue:
        return stored(*(self._store.team(name) for name in _SETTINGS))

    def set_queue(self, queue: Queue) -> None:
        values = (queue.paused, queue.stop_on_failure, queue.max_concurrent, queue.stopped_by)
        for name, value in zip(_SETTINGS, values, strict=True):
            self._store.set_team(name, str(int(value)) if isinstance(value, int) else value or "")


def _tasks(found: list[dict[str, Any]], needs: list[dict[str, Any]]) -> list[Task]:
    by_task: dict[str, list[str]] = {}
    for row in needs:
        by_task.setdefault(row["task"], []).append(row["needs"])
    return [
        Task(
            **{name: row[name] for name in _COLUMNS if name != "state"},
            state=TaskState(row["state"]),
            depends_on=tuple(by_task.get(row["id"], ())),
        )
        for row in found
    ]


def _definition(draft: Draft) -> dict[str, Any]:
    names = [f.name for f in fields(Draft) if f.name not in ("depends_on", "done", "optional")]
    iteration = None if draft.iteration == DEFAULT else draft.iteration
    more = {"digest": draft.digest, "iteration": iteration}
    return {name: getattr(draft, name) for name in names} | more
