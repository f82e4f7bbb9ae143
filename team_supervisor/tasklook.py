"""Which tasks may start, and what has become of those at work?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from team_supervisor.adapters.store import Store
from team_supervisor.adapters.tasktable import Seen, TaskTable
from team_supervisor.core.deadlock import of_plan
from team_supervisor.core.model import RequestStatus, Session, Wanted
from team_supervisor.core.projects import ProjectSettings, with_project
from team_supervisor.core.taskfacts import Work, Worker
from team_supervisor.core.taskgraph import AT_WORK, Task, TaskState, behind, in_order


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read when the tasks were in this state: it holds until somebody changes one."""

    stamp: tuple[int, int]
    work: Work


def stuck(table: TaskTable, counts: Mapping[TaskState, int]) -> str | None:
    """Why nothing of a plan in which nothing is ready can ever start."""
    if not counts.get(TaskState.QUEUED) or any(counts.get(state) for state in AT_WORK):
        return None
    return of_plan(table.all(), table.iterations())


class TaskLooker:
    """The plan is read when it changed; at every look only the tasks at work are, which are few."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._table = TaskTable(store)
        self._known: _Known | None = None
        self._project = ProjectSettings()
        self._seen: tuple[tuple[int, int], Sequence[Seen]] | None = None
        self._behind: tuple[int, Mapping[str, int]] | None = None

    def use(self, project: ProjectSettings) -> None:
        """From the next look on."""
        self._project, self._known = project, None

    def look(self, live: Sequence[Session], requests: Collection[str]) -> Work:
        """`requests` are the names of those that stand in the workspace."""
        plan = self._plan()
        if not plan.counts:
            return plan
        sessions = {session.id: session for session in live}
        return Work(
            ready=plan.ready,
            workers=tuple(self._worker(seen, sessions, requests) for seen in self._at_work()),
            queue=plan.queue,
            counts=plan.counts,
            untold=plan.untold,
            stuck=plan.stuck,
            meant=self._meant(live),
        )

    def _meant(self, live: Sequence[Session]) -> dict[str, Task]:
        about = (s for s in live if s.retry_wanted or s.restore_wanted or s.wanted != Wanted.RUN)
        found = ((s.id, self._table.get(s.task)) for s in about if s.task)
        return {session: task for session, task in found if task is not None}

    def _plan(self) -> Work:
        stamp = (self._store.task_changes, self._store.version())
        if self._known is None or self._known.stamp != stamp:
            self._known = _Known(stamp, self._read())
        return self._known.work

    def _at_work(self) -> Sequence[Seen]:
        """Read again when any row was written: sessions and requests are in it, too."""
        stamp = (self._store.changes(), self._store.version())
        if self._seen is None or self._seen[0] != stamp:
            self._seen = (stamp, self._table.at_work())
        return self._seen[1]

    def _read(self) -> Work:
        counts = self._table.counts()
        free = self._table.ready() if counts.get(TaskState.QUEUED) else []
        return Work(
            stuck=None if free else stuck(self._table, counts),
            ready=tuple(in_order(free, self._chains() if len(free) > 1 else {})),
            queue=with_project(self._table.queue(), self._project),
            counts=counts,
            untold=tuple(self._table.to_write_back()) if counts else (),
        )

    def _chains(self) -> Mapping[str, int]:
        """How much waits behind each task, as long as the plan has the same shape."""
        version = self._table.version()
        if self._behind is None or self._behind[0] != version:
            self._behind = (version, behind(self._table.open()))
        return self._behind[1]

    def _worker(self, seen: Seen, live: dict[str, Session], requests: Collection[str]) -> Worker:
        session = live.get(seen.worker or "")
        if session is None and seen.worker is not None:
            session = self._store.session(seen.worker)
        rejected = seen.status == RequestStatus.REJECTED and session is None
        return Worker(
            task=seen.task,
            session=session,
            asked=seen.task.request in requests,
            rejected=(seen.why or "refused") if rejected else None,
        )
