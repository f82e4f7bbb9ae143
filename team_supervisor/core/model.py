"""Which nouns is the program made of?"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a session is in its life; `lifecycle.py` has the table of what may follow what."""

    REQUESTED = "requested"
    STARTING = "starting"
    ACTIVE = "active"
    STOPPING = "stopping"
    PARKED = "parked"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"


# Among what is kept of the team: the last event up to which every published copy is as its row.
PUBLISHED = "published"
ENDED = frozenset({State.COMPLETED, State.FAILED, State.STOPPED})


class Wanted(StrEnum):
    """What a person asked of a session; only commands write it."""

    RUN = "run"
    STOP = "stop"
    STOP_NOW = "stop-now"


class Doing(StrEnum):
    """What an active session is doing, or was doing when it was parked; not a state of its life."""

    WORKING = "working"
    WAITING = "waiting"
    VERIFYING = "verifying"
    STALLED = "stalled"
    ATTENTION = "attention"
    RATE_LIMITED = "rate-limited"
    OVER_BUDGET = "over-budget"


class Standing(StrEnum):
    """How far a session's word that its work is complete can be believed."""

    OPEN = "open"
    CLAIMED = "claimed"
    VERIFIED = "verified"
    DISPUTED = "disputed"


class RequestStatus(StrEnum):
    """Where a request directory is on its way to a session."""

    WAITING = "waiting"
    QUEUED = "queued"
    CLAIMED = "claimed"
    REJECTED = "rejected"


class DeliveryKind(StrEnum):
    """Why a text goes into a session's conversation."""

    FIRST = "first"
    INSTRUCTIONS = "instructions"
    NOTICE = "notice"
    NUDGE = "nudge"
    RESUMED = "resumed"
    DISPUTE = "dispute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of one persona for one request; times are wall-clock seconds."""

    id: str
    persona: str
    name: str
    created_at: float
    requester: str | None = None
    depth: int = 0
    state: State = State.REQUESTED
    wanted: Wanted = Wanted.RUN
    ending: State | None = None
    reason: str | None = None
    retry_wanted: int = 0
    restore_wanted: int = 0
    restored: int = 0
    restart_wanted: int = 0
    restart_reason: str = ""
    request_name: str | None = None
    request_device: int | None = None
    request_inode: int | None = None
    runner: str = "claude"
    conversation: str = ""
    resumable: int = 0
    attempt: int = 0
    failures: int = 0
    restart_at: float | None = None
    attempt_at: float | None = None
    attempt_done: int = 0
    agent_pid: int | None = None
    tasks_total: int = 0
    tasks_done: int = 0
    tasks_most: int = 0
    tasks_digest: str = ""
    tasks_problem: str | None = None
    tasks_pause: str = ""
    instructions_offset: int = 0
    nudges: int = 0
    doing: Doing = Doing.WORKING
    doing_detail: str = ""
    doing_since: float | None = None
    turn_open: int = 0
    turns: int = 0
    transcript_offset: int = 0
    last_words: str = ""
    last_activity_at: float | None = None
    rate_limited_until: float | None = None
    last_error: str | None = None
    error_status: int | None = None
    denials: str = ""
    cost_before: float = 0.0
    cost_attempt: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    exit_code: int | None = None
    exit_signal: int | None = None
    exit_reason: str | None = None
    directory: str = ""
    start_commit: str | None = None
    verify: str = "[]"
    timeout: float | None = None
    budget_usd: float | None = None
    depends_on: str = "[]"
    standing: Standing = Standing.OPEN
    claim_digest: str = ""
    verification: int = 0
    disputes: int = 0
    dispute: str = ""
    tool_calls: int = 0
    stall_rung: int = 0
    parked_at: float | None = None
    budget_warned: int = 0
    worked_before: float = 0.0
    attempt_monotonic: float | None = None
    transcript_segment: int = 0
    task: str | None = None
    overdue: float | None = None

    @property
    def cost_usd(self) -> float:
        """Dollars over all attempts."""
        return self.cost_before + self.cost_attempt

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request directory as the store knows it."""

    id: int
    name: str
    device: int
    inode: int
    persona: str
    wanted_name: str
    first_seen_at: float
    status: RequestStatus
    reason: str | None = None
    requester: str | None = None
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One text for one session's conversation; the id comes back when the agent has seen it."""

    id: str
    session: str
    kind: DeliveryKind
    text: str
    created_at: float
    sent_at: float | None = None
    sent_attempt: int | None = None
    seen_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How an attempt ended; both None: unknown, and unknown stays unknown."""

    code: int | None = None
    signal: int | None = None
    reason: str = "unknown"
    error: str | None = None
    ended_at: float = 0.0
    left_behind: int = 0


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant: `wall` in Unix seconds for people, `monotonic` in seconds for durations."""

    wall: float
    monotonic: float
