"""What is to be started and ended over all projects, as one decision that a script can read?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NotRequired, TypedDict

# As slagyr/braids (`braids orch-run`) prints and reads it, whose readers know it.
ZombieReason = Literal["session-ended", "task-closed", "bead-closed", "timeout"]
IdleReason = Literal["no-active-iterations", "no-ready-tasks", "no-ready-beads", "all-at-capacity"]
PRIORITIES = ("high", "normal", "low")
RUNNING = "running"
ALREADY = "session-already-active"


class Spawn(TypedDict):
    """One worker to be started; `bead` is the task again, seconds are whole."""

    project: str
    task: str
    bead: str
    iteration: str
    channel: str
    path: str
    label: str
    runTimeoutSeconds: int
    cleanup: str
    thinking: str
    agentId: NotRequired[str]
    model: NotRequired[str]


class Zombie(TypedDict):
    """A session to be ended, or to be forgotten when it has ended."""

    slug: str
    task: str
    bead: str
    label: str
    reason: ZombieReason


class Skipped(TypedDict):
    """A task that is ready and has a session already."""

    project: str
    task: str
    label: str
    reason: str


class Spawning(TypedDict):
    action: Literal["spawn"]
    spawns: list[Spawn]
    zombies: list[Zombie]
    skipped: NotRequired[list[Skipped]]


class Idle(TypedDict):
    """`disable_cron`: nothing becomes ready unless somebody does something."""

    action: Literal["idle"]
    reason: IdleReason
    disable_cron: bool
    zombies: list[Zombie]
    skipped: NotRequired[list[Skipped]]


Decision = Spawning | Idle


@dataclass(frozen=True, slots=True)
class Ready:
    """A task that could start; `timeout` is its own limit in seconds."""

    task: str
    title: str = ""
    timeout: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One project as the decision needs it.

    `iteration` is the active one, `ready` its ready tasks, the first to start first. `closed` says
    why nothing starts there. `over` are the tasks among those asked about that are over; True: a
    bead. `limits` are the own limits (seconds) of those asked about. `busy` counts the live
    sessions that do no task, and the requests that wait.
    """

    slug: str
    path: str
    status: str = "active"
    priority: str = "normal"
    max_workers: int = 1
    worker_timeout: float = 1800.0
    channel: str = ""
    cleanup: str = "keep"
    thinking: str = "low"
    agent: str | None = None
    model: str | None = None
    iteration: str | None = None
    ready: Sequence[Ready] = ()
    closed: str | None = None
    over: Mapping[str, bool] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    busy: int = 0

    @property
    def waits(self) -> str | None:
        """Why nothing starts in this project; None when it may."""
        if self.status != "active":
            return f"the project is {self.status}"
        return self.closed


@dataclass(frozen=True, slots=True)
class Session:
    """What is said to run; seconds. Without `limit` that of the task or of the project holds.

    One that `rests` waits for a person, without a process: it takes no place from others.
    """

    label: str
    status: str = RUNNING
    age: float | None = None
    limit: float | None = None
    rests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One project's part: `healthy` and `gone` are labels, `free` the tasks without a session."""

    outlook: Outlook
    healthy: frozenset[str]
    zombies: tuple[Zombie, ...]
    free: tuple[Ready, ...]
    skipped: tuple[Skipped, ...]
    resting: int = 0

    @property
    def room(self) -> int:
        return max(0, self.outlook.max_workers - len(self.healthy) + self.resting)


def label(slug: str, task: str) -> str:
    return f"project:{slug}:{task}"


def named(text: str) -> tuple[str, str] | None:
    """(slug, task) of a label; None when it is none of ours."""
    parts = text.split(":", 2)
    if len(parts) != 3 or parts[0] != "project" or not parts[1] or not parts[2]:
        return None
    return parts[1], parts[2]


def by_priority(outlooks: Iterable[Outlook]) -> list[Outlook]:
    """High before normal before low; within one as they were registered."""
    rank = {name: number for number, name in enumerate(PRIORITIES)}
    return sorted(outlooks, key=lambda o: rank.get(o.priority, rank["normal"]))


def decide(
    outlooks: Iterable[Outlook], sessions: Iterable[Session], *, blind: bool = False
) -> Decision:
    """Zombies first, then who is to be started in the room that they leave.

    `blind`: there are projects of which nothing could be read, so something may live there.
    """
    running = by_slug(sessions)
    judged = [judge(each, running.get(each.slug, ())) for each in by_priority(outlooks)]
    spawns = [spawn for each in judged for spawn in _spawns(each)]
    zombies = [zombie for each in judged for zombie in each.zombies]
    skipped = [skip for each in judged for skip in each.skipped]
    if spawns:
        found: Decision = {"action": "spawn", "spawns": spawns, "zombies": zombies}
    else:
        found = _idle(judged, zombies, blind)
    if skipped:
        found["skipped"] = skipped
    return found


def by_slug(sessions: Iterable[Session]) -> dict[str, list[Session]]:
    """Those whose label is one of ours, by project."""
    found: dict[str, list[Session]] = {}
    for session in sessions:
        if whose := named(session.label):
            found.setdefault(whose[0], []).append(session)
    return found


def judge(outlook: Outlook, sessions: Sequence[Session]) -> Judged:
    """Which of a project's sessions count, and what is left to be started."""
    said = [(session, zombie_reason(session, outlook)) for session in sessions]
    healthy = frozenset(session.label for session, reason in said if reason is None)
    # The same label may be said twice: once of a session that ended, once of the one after it.
    zombies = {s.label: reason for s, reason in reversed(said) if reason and s.label not in healthy}
    alive = healthy | {name for name, reason in zombies.items() if reason != "session-ended"}
    open_ones = () if outlook.waits or outlook.iteration is None else outlook.ready
    return Judged(
        outlook=outlook,
        healthy=healthy,
        resting=len({s.label for s in sessions if s.rests} & healthy),
        zombies=tuple(_zombie(name, reason) for name, reason in reversed(zombies.items())),
        free=tuple(t for t in open_ones if label(outlook.slug, t.task) not in alive),
        skipped=tuple(_skip(outlook, t) for t in open_ones if label(outlook.slug, t.task) in alive),
    )


def zombie_reason(session: Session, outlook: Outlook) -> ZombieReason | None:
    """In this order: it has ended, its task is over, it is too old. A missing task counts as open.

    A status that is not said counts as running.
    """
    if session.status != RUNNING:
        return "session-ended"
    whose = named(session.label)
    if whose and whose[1] in outlook.over:
        return "bead-closed" if outlook.over[whose[1]] else "task-closed"
    own = outlook.limits.get(whose[1]) if whose and session.limit is None else session.limit
    limit = outlook.worker_timeout if own is None else own
    return "timeout" if session.age is not None and session.age > limit else None


def _zombie(name: str, reason: ZombieReason) -> Zombie:
    slug, task = named(name) or ("", "")
    return {"slug": slug, "task": task, "bead": task, "label": name, "reason": reason}


def _skip(outlook: Outlook, ready: Ready) -> Skipped:
    name = label(outlook.slug, ready.task)
    return {"project": outlook.slug, "task": ready.task, "label": name, "reason": ALREADY}


def _spawns(judged: Judged) -> list[Spawn]:
    return [spawn(judged.outlook, ready) for ready in judged.free[: judged.room]]


def spawn(outlook: Outlook, ready: Ready) -> Spawn:
    """What an outside scheduler needs to start this worker."""
    limit = outlook.worker_timeout if ready.timeout is None else ready.timeout
    found: Spawn = {
        "project": outlook.slug,
        "task": ready.task,
        "bead": ready.task,
        "iteration": outlook.iteration or "",
        "channel": outlook.channel,
        "path": outlook.path,
        "label": label(outlook.slug, ready.task),
        "runTimeoutSeconds": max(1, round(limit)),
        "cleanup": outlook.cleanup,
        "thinking": outlook.thinking,
    }
    if outlook.agent:
        found["agentId"] = outlook.agent
    if outlook.model:
        found["model"] = outlook.model
    return found


def _idle(judged: Sequence[Judged], zombies: list[Zombie], blind: bool) -> Idle:
    reason = _why_idle(judged)
    at_work = blind or zombies or any(each.healthy or each.outlook.busy for each in judged)
    return {
        "action": "idle",
        "reason": reason,
        "disable_cron": not at_work and reason != "all-at-capacity",
        "zombies": zombies,
    }


def _why_idle(judged: Sequence[Judged]) -> IdleReason:
    if any(each.free for each in judged):
        return "all-at-capacity"
    planned = (each.outlook for each in judged)
    if any(each.status == "active" and each.iteration is not None for each in planned):
        return "no-ready-tasks"
    return "no-active-iterations"
