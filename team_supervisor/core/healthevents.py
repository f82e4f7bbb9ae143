"""Which facts are recorded of restarts on request, and of those who wait for one another?"""

from team_supervisor.core.event import Event


class SessionRestartAsked(Event, frozen=True, kw_only=True):
    """A person asked for a new process, and `attempt` was ended for it; no failure is counted."""

    kind = "session_restart_asked"
    name: str
    attempt: int
    reason: str
