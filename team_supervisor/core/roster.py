"""What is shown of a session, so that every face says the same?"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from team_supervisor.core.model import (
    ENDED,
    Doing,
    Request,
    RequestStatus,
    Session,
    Standing,
    State,
)
from team_supervisor.core.requests import CHANGING, STOPPED
from team_supervisor.core.words import age

# Structs, not dataclasses: made in a tenth of the time, at every start and for every session.

# An active session that gave no sign of life for this long (seconds) is shown as stale.
STALE_AFTER = 900.0


class Usage(msgspec.Struct, frozen=True):
    """Of a session's whole process tree: share of one core in percent, bytes, processes.

    `heard_at`: the last sign of life, wall-clock seconds. `tool`: its last line asks for a tool.
    """

    cpu: float
    memory: int
    processes: int
    heard_at: float | None = None
    tool: bool = False


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `attach --list` and `track`; times are wall-clock seconds."""

    id: str
    name: str
    persona: str
    requester: str | None
    state: str
    status: str
    detail: str
    running: bool
    pid: int | None
    started_at: float | None
    ended_at: float | None
    age: float
    restarts: int
    tasks_done: int
    tasks_total: int
    last_words: str
    last_activity_at: float | None
    cost_usd: float
    input_tokens: int
    output_tokens: int
    directory: str
    cpu: float | None = None
    memory: int | None = None
    processes: int | None = None
    rate_limited_until: float | None = None

    task_id: str | None = None
    doing: str = ""
    standing: str = ""
    health: str | None = None
    heartbeat: float | None = None
    unwell: str = ""

    @property
    def needs_a_person(self) -> bool:
        """Nothing goes on until somebody looks."""
        waits = not self.ended and self.doing in _WAITS_FOR_A_PERSON
        return waits or self.status in _NEEDS_A_PERSON

    @property
    def archived(self) -> bool:
        return self.state == State.COMPLETED

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class RequestView(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is not a session: waiting, queued or rejected, and why."""

    name: str
    persona: str
    status: str
    reason: str
    requester: str | None
    age: float


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `track` shows. `supervisor` says who supervises, or is None.

    `held` is why nothing more of the plan starts, or None; `stopped` that the team was stopped.
    """

    workspace: str
    supervisor: str | None
    held: str | None = None
    stopped: bool = False
    sessions: tuple[SessionView, ...]
    requests: tuple[RequestView, ...]
    rejected: tuple[RequestView, ...]

    def totals(self) -> dict[str, Any]:
        """Sums over all sessions, archived ones too."""
        return {
            "sessions": len(self.sessions),
            "running": sum(s.running for s in self.sessions),
            "completed": sum(s.state == State.COMPLETED for s in self.sessions),
            "failed": sum(s.state == State.FAILED for s in self.sessions),
            "tasks_done": sum(s.tasks_done for s in self.sessions),
            "tasks_total": sum(s.tasks_total for s in self.sessions),
            "cost_usd": round(sum(s.cost_usd for s in self.sessions), 6),
            "input_tokens": sum(s.input_tokens for s in self.sessions),
            "output_tokens": sum(s.output_tokens for s in self.sessions),
        }


def view(
    session: Session, running: bool, now: float, supervised: bool, usage: Usage | None = None
) -> SessionView:
    """`running` is the truth from the session's lock, not what the row says."""
    status, detail = status_of(session, running, now, supervised)
    return SessionView(
        id=session.id,
        name=session.name,
        persona=session.persona,
        requester=session.requester,
        state=session.state,
        status=status,
        detail=detail,
        running=running,
        pid=session.agent_pid if running else None,
        started_at=session.started_at,
        ended_at=session.ended_at,
        age=max(0.0, (session.ended_at or now) - session.created_at),
        restarts=max(0, session.attempt - 1),
        tasks_done=session.tasks_done,
        tasks_total=session.tasks_total,
        last_words=session.last_words,
        last_activity_at=session.last_activity_at,
        cost_usd=round(session.cost_usd, 6),
        input_tokens=session.input_tokens,
        output_tokens=session.output_tokens,
        directory=session.directory,
        cpu=usage.cpu if usage else None,
        memory=usage.memory if usage else None,
        processes=usage.processes if usage else None,
        rate_limited_until=session.rate_limited_until,
        task_id=session.task,
        doing=session.doing,
        standing=session.standing,
    )


def status_of(session: Session, running: bool, now: float, supervised: bool) -> tuple[str, str]:
    """(status, detail): nothing is called active that does not run."""
    match session.state:
        case State.COMPLETED:
            return "completed", _believed(session)
        case State.FAILED | State.STOPPED:
            return str(session.state), session.reason or ""
        case State.STOPPING if running or supervised:
            return "stopping", session.reason or ""
        case State.PARKED:
            return "parked", _parked(session, now)
        case State.REQUESTED | State.STARTING if not running:
            return _starting(session, now, supervised)
    if not running:
        gone = "its process is gone; "
        return "not running", gone + ("it is being looked at" if supervised else NO_SUPERVISOR)
    return _active(session, now)


UNTIL_RESUMED = f"{STOPPED}, until `orchestrate` or `team resume`"
UNSUPERVISED = "no supervisor runs"
NO_SUPERVISOR = "no supervisor is running: start one with `orchestrate`"


def _starting(session: Session, now: float, supervised: bool) -> tuple[str, str]:
    if not supervised:
        return "not running", NO_SUPERVISOR
    if session.standing == Standing.CLAIMED:
        return "verifying", CLAIMED
    if not session.attempt and (held := _resting(session, now)):
        return "starting", f"{held[0]} {held[1]}".strip()
    if session.restart_at is not None and session.restart_at > now:
        return "restarting", f"in {age(session.restart_at - now)}: {session.reason or ''}"
    return "starting", ""


def _parked(session: Session, now: float) -> str:
    """It has no process, and needs none, until what it waits for has come."""
    waits, detail = _resting(session, now) or ("waits", "")
    if session.standing == Standing.CLAIMED:
        return CLAIMED
    colon = ":" if session.doing in _WAITS_FOR_A_PERSON else ""
    return f"{waits}{colon} {detail}".strip()


def _resting(session: Session, now: float) -> tuple[str, str] | None:
    match session.doing:
        case Doing.WAITING:
            return "waiting", f"for {session.doing_detail}"
        case Doing.ATTENTION:
            return "needs attention", session.doing_detail
        case Doing.OVER_BUDGET:
            return "over budget", session.doing_detail
        case Doing.RATE_LIMITED:
            if session.rate_limited_until is None or session.rate_limited_until <= now:
                return "rate limited", "with the team"
            return "rate limited", f"for {age(session.rate_limited_until - now)} more"
    return None


def _active(session: Session, now: float) -> tuple[str, str]:
    if resting := _resting(session, now):
        return resting
    match session.doing:
        case Doing.VERIFYING:
            return "verifying", CLAIMED
        case Doing.STALLED:
            return "stalled", session.doing_detail
    last = session.last_activity_at or session.started_at or now
    if now - last > STALE_AFTER and not session.tasks_problem:
        return "stale", f"no sign of life for {age(now - last)}"
    if session.standing == Standing.DISPUTED:
        return "disputed", session.dispute
    return "active", session.tasks_problem or ""


CLAIMED = "its work is claimed to be complete"


def _believed(session: Session) -> str:
    """Without commands that passed, nobody but the agent says so."""
    passed = session.standing == Standing.VERIFIED and session.verification
    return "verified" if passed else ""


def request_view(request: Request, now: float, held: str = "") -> RequestView:
    """While the team is `held`, nobody looks whether it still changes."""
    return RequestView(
        name=request.name,
        persona=request.persona,
        status=request.status,
        reason=_held(request, held) if held else request.reason or "",
        requester=request.requester,
        age=max(0.0, now - request.first_seen_at),
    )


def _held(request: Request, held: str) -> str:
    """What it lacks is said beside it: that is for who asks to mend."""
    lacks = request.status == RequestStatus.WAITING and request.reason
    return f"{held}; it {lacks}" if lacks and lacks != CHANGING else held


def grouped(sessions: Sequence[SessionView]) -> Mapping[str, list[SessionView]]:
    """By persona, in the order in which the first of each started."""
    groups: dict[str, list[SessionView]] = {}
    for session in sessions:
        groups.setdefault(session.persona, []).append(session)
    return groups


_WAITS_FOR_A_PERSON = frozenset({Doing.ATTENTION, Doing.OVER_BUDGET})
_NEEDS_A_PERSON = frozenset({"needs attention", "failed", "not running", "stale"})


def by_urgency(sessions: Sequence[SessionView]) -> list[SessionView]:
    """Who needs a person first, then who lives, then who was stopped; the archived last."""
    return sorted(sessions, key=_urgency)


def _urgency(session: SessionView) -> tuple[int, float]:
    if session.archived:
        return 3, -(session.ended_at or 0.0)
    if session.needs_a_person:
        return 0, 0.0
    return (2 if session.ended else 1), 0.0
