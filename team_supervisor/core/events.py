"""Which facts are recorded, and with what?"""

from typing import Any

from team_supervisor.core.event import ABOUT as ABOUT
from team_supervisor.core.event import Event as Event
from team_supervisor.core.healthevents import DeadlockFound as DeadlockFound
from team_supervisor.core.healthevents import DeadlockOver as DeadlockOver
from team_supervisor.core.healthevents import SessionRestartAsked as SessionRestartAsked
from team_supervisor.core.taskevents import IterationChanged as IterationChanged
from team_supervisor.core.taskevents import ProjectChanged as ProjectChanged
from team_supervisor.core.taskevents import QueueChanged as QueueChanged
from team_supervisor.core.taskevents import TaskMoved as TaskMoved
from team_supervisor.core.taskevents import TasksImported as TasksImported


class SupervisorStarted(Event, frozen=True, kw_only=True):
    """A supervisor took the workspace."""

    kind = "supervisor_started"
    workspace: str
    pid: int
    adopted: int


class SupervisorStopped(Event, frozen=True, kw_only=True):
    """A supervisor let go of the workspace; `running` agents go on."""

    kind = "supervisor_stopped"
    running: int


class SessionClaimed(Event, frozen=True, kw_only=True):
    """A request became a session, or one without a row was `taken_up` again."""

    kind = "session_claimed"
    persona: str
    name: str
    requester: str | None = None
    taken_up: bool = False


class SessionStarted(Event, frozen=True, kw_only=True):
    """The agent's process runs."""

    kind = "session_started"
    persona: str
    name: str
    pid: int
    attempt: int
    resumed: bool = False


class SessionAdopted(Event, frozen=True, kw_only=True):
    """A running agent was picked up by a new supervisor."""

    kind = "session_adopted"
    persona: str
    name: str
    pid: int


class SessionExited(Event, frozen=True, kw_only=True):
    """The agent's process ended."""

    kind = "session_exited"
    name: str
    attempt: int
    code: int | None
    signal: int | None
    reason: str
    words: str
    left_behind: int = 0


class SessionRestarting(Event, frozen=True, kw_only=True):
    """It will be started again after `delay` seconds."""

    kind = "session_restarting"
    name: str
    words: str
    delay: float
    failures: int
    limit: int


class SessionRetried(Event, frozen=True, kw_only=True):
    """A person asked for an ended session to go on."""

    kind = "session_retried"
    name: str


class SessionRestored(Event, frozen=True, kw_only=True):
    """An archived session was taken back to work; `archive` is the name its directory had."""

    kind = "session_restored"
    name: str
    archive: str


class SessionReopened(Event, frozen=True, kw_only=True):
    """Tasks were open again when the process had ended."""

    kind = "session_reopened"
    name: str


class TasksChanged(Event, frozen=True, kw_only=True):
    """tasks.md says something new."""

    kind = "tasks_changed"
    name: str
    done: int
    total: int
    problem: str | None = None


class TasksCompleted(Event, frozen=True, kw_only=True):
    """Every task is completed and the turn is over."""

    kind = "tasks_completed"
    name: str
    total: int


class SessionArchived(Event, frozen=True, kw_only=True):
    """The directory was renamed to `archive`; nothing of it runs any more."""

    kind = "session_archived"
    persona: str
    name: str
    archive: str
    cost_usd: float
    left_behind: int = 0


class SessionFailed(Event, frozen=True, kw_only=True):
    """Given up; the directory is kept. `task` is the one of the plan that it worked on."""

    kind = "session_failed"
    name: str
    reason: str
    task: str | None = None


class SessionStopped(Event, frozen=True, kw_only=True):
    """Ended because a person asked; its directory is kept, unless it was `gone` before."""

    kind = "session_stopped"
    name: str
    reason: str
    gone: bool = False


class SessionParked(Event, frozen=True, kw_only=True):
    """It waits, and gave its process back; `doing` says what for."""

    kind = "session_parked"
    name: str
    doing: str
    detail: str


class SessionWoken(Event, frozen=True, kw_only=True):
    """A parked session gets a process again, and goes on in its conversation."""

    kind = "session_woken"
    name: str


class BudgetWarned(Event, frozen=True, kw_only=True):
    """Most of a budget, or at once all of it, is spent; `scope` is session, team or day."""

    kind = "budget_warned"
    scope: str
    words: str
    name: str | None = None


class SettingsReloaded(Event, frozen=True, kw_only=True):
    """team.yaml changed and is in force; `problem` says why it is not."""

    kind = "settings_reloaded"
    problem: str | None = None


class VerificationStarted(Event, frozen=True, kw_only=True):
    """Its list says complete: its verify commands run; their output is in `verify-<number>.log`."""

    kind = "verification_started"
    name: str
    number: int
    commands: int


class VerificationPassed(Event, frozen=True, kw_only=True):
    """All of them passed."""

    kind = "verification_passed"
    name: str
    number: int


class WorkDisputed(Event, frozen=True, kw_only=True):
    """Its work is not what its list says; the agent is told, until `limit`."""

    kind = "work_disputed"
    name: str
    what: str
    attempt: int
    limit: int


class RequestQueued(Event, frozen=True, kw_only=True):
    """A good request that cannot start yet; `place` counts from 1 in the queue."""

    kind = "request_queued"
    reason: str
    place: int = 1


class RequestRejected(Event, frozen=True, kw_only=True):
    """Refused for good; the directory is kept under `directory`."""

    kind = "request_rejected"
    reason: str
    directory: str


class Delivered(Event, frozen=True, kw_only=True):
    """A text went into the conversation."""

    kind = "delivered"
    name: str
    what: str
    id: str


class Nudged(Event, frozen=True, kw_only=True):
    """A turn ended with tasks open, and the agent was told."""

    kind = "nudged"
    name: str
    nudges: int
    limit: int


class DoingChanged(Event, frozen=True, kw_only=True):
    """What an active session is doing changed: working, waiting, attention, rate-limited."""

    kind = "doing"
    name: str
    doing: str
    detail: str


class AttentionNeeded(Event, frozen=True, kw_only=True):
    """A person should look."""

    kind = "attention"
    name: str
    reason: str
    doing: str = "attention"


class Warned(Event, frozen=True, kw_only=True):
    """Something is wrong with the machine or the settings; work goes on."""

    kind = "warning"
    reason: str


KINDS: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in list(globals().values())
    if isinstance(cls, type) and issubclass(cls, Event)
}


def revive(kind: str, session: str | None, request: str | None, details: dict[str, Any]) -> Event:
    """The event behind a stored row; unknown kinds and fields of later versions are dropped."""
    cls = KINDS.get(kind, Event)
    known = set(cls.__struct_fields__) - set(ABOUT)
    return cls(session=session, request=request, **{k: v for k, v in details.items() if k in known})
