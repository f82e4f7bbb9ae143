"""Which facts are recorded, and with what?"""

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact that happened; `kind` names it in the store and in `--json`."""

    kind: ClassVar[str] = "event"
    session: str | None = None
    request: str | None = None

    def details(self) -> dict[str, Any]:
        """Everything but session and request, as plain values."""
        return {k: v for k, v in asdict(self).items() if k not in ("session", "request")}


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorStarted(Event):
    """A supervisor took the workspace."""

    kind = "supervisor_started"
    workspace: str
    pid: int
    adopted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorStopped(Event):
    """A supervisor let go of the workspace; `running` agents go on."""

    kind = "supervisor_stopped"
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClaimed(Event):
    """A request became a session."""

    kind = "session_claimed"
    persona: str
    name: str
    requester: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Event):
    """The agent's process runs."""

    kind = "session_started"
    persona: str
    name: str
    pid: int
    attempt: int
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAdopted(Event):
    """A running agent was picked up by a new supervisor."""

    kind = "session_adopted"
    persona: str
    name: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOrphaned(Event):
    """The host is gone, its agent is not; it is watched, never doubled."""

    kind = "session_orphaned"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionExited(Event):
    """The agent's process ended."""

    kind = "session_exited"
    name: str
    attempt: int
    code: int | None
    signal: int | None
    reason: str
    words: str
    left_behind: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRestarting(Event):
    """It will be started again after `delay` seconds."""

    kind = "session_restarting"
    name: str
    words: str
    delay: float
    failures: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRetried(Event):
    """A person asked for an ended session to go on."""

    kind = "session_retried"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReopened(Event):
    """Tasks were open again when the process had ended."""

    kind = "session_reopened"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksChanged(Event):
    """tasks.md says something new."""

    kind = "tasks_changed"
    name: str
    done: int
    total: int
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksCompleted(Event):
    """Every task is completed and the turn is over."""

    kind = "tasks_completed"
    name: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionArchived(Event):
    """The directory was renamed to `archive`; nothing of it runs any more."""

    kind = "session_archived"
    persona: str
    name: str
    archive: str
    cost_usd: float
    left_behind: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFailed(Event):
    """Given up; the directory is kept."""

    kind = "session_failed"
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStopped(Event):
    """Ended because a person asked; the directory is kept."""

    kind = "session_stopped"
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWaiting(Event):
    """A request directory without usable instructions was seen."""

    kind = "request_waiting"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestQueued(Event):
    """A good request that cannot start yet."""

    kind = "request_queued"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRejected(Event):
    """Refused for good; the directory is kept under `directory`."""

    kind = "request_rejected"
    reason: str
    directory: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered(Event):
    """A text went into the conversation."""

    kind = "delivered"
    name: str
    what: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudged(Event):
    """A turn ended with tasks open, and the agent was told."""

    kind = "nudged"
    name: str
    nudges: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DoingChanged(Event):
    """What an active session is doing changed: working, waiting, attention, rate-limited."""

    kind = "doing"
    name: str
    doing: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionNeeded(Event):
    """A person should look."""

    kind = "attention"
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
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
    known = {f.name for f in fields(cls)}
    return cls(session=session, request=request, **{k: v for k, v in details.items() if k in known})
