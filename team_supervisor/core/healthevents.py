"""Which facts are recorded of restarts on request, and of those who wait for one another?"""

from team_supervisor.core.event import Event


class SessionRestartAsked(Event, frozen=True, kw_only=True):
    """A person asked for a new process, and `attempt` was ended for it; no failure is counted."""

    kind = "session_restart_asked"
    name: str
    attempt: int
    reason: str


class DeadlockFound(Event, frozen=True, kw_only=True):
    """These sessions wait for one another, or (without members) nothing of the plan can start."""

    kind = "deadlock"
    members: list[str]
    words: str
    since: str


class DeadlockOver(Event, frozen=True, kw_only=True):
    """Somebody was told something, or the plan was changed: it can go on."""

    kind = "deadlock_over"
    members: list[str]
    words: str
