"""Which facts are recorded of the plan and its queue?"""

from team_supervisor.core.event import Event


class TaskMoved(Event, frozen=True, kw_only=True):
    """A task of the plan is in another state; `reason` says why, if there is more to say."""

    kind = "task"
    task: str
    title: str
    state: str
    reason: str | None = None


class TasksImported(Event, frozen=True, kw_only=True):
    """A source was read into the plan."""

    kind = "tasks_imported"
    source: str
    added: int
    changed: int
    unchanged: int


class IterationChanged(Event, frozen=True, kw_only=True):
    """An iteration is in planning, active or complete."""

    kind = "iteration"
    iteration: str
    state: str


class QueueChanged(Event, frozen=True, kw_only=True):
    """The queue starts nothing more, or goes on."""

    kind = "queue"
    paused: bool
    reason: str


class ProjectChanged(Event, frozen=True, kw_only=True):
    """The project is active, paused or blocked from here on."""

    kind = "project"
    status: str
