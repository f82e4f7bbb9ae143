"""What is a project, what was set for it, and is its supervisor alive?"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from team_supervisor.core.taskqueue import Queue

LONGEST_SLUG = 48
# What an outside scheduler gives its workers where `worker_timeout` says nothing (seconds).
OUTSIDE = 1800.0
_SLUG = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")


class Priority(StrEnum):
    """Of a project among the others; in the order in which they are served."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 is served first."""
        return list(Priority).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSettings:
    """`project:` in team.yaml; `worker_timeout` in seconds: None leaves it to `task_timeout`.

    `max_workers` is the queue's `max_concurrent`: None leaves it to what the queue was told.
    """

    priority: Priority = Priority.NORMAL
    max_workers: int | None = None
    worker_timeout: float | None = None
    status: Literal["active", "paused", "blocked"] = "active"
    channel: str | None = None
    agent: str | None = None
    model: str | None = None
    thinking: str | None = None
    cleanup: str | None = None

    @property
    def outside_timeout(self) -> float:
        """Seconds that the worker of an outside scheduler may run."""
        return OUTSIDE if self.worker_timeout is None else self.worker_timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """An entry of the registry; both paths are absolute, `added_at` is UTC in ISO 8601."""

    slug: str
    name: str
    path: str
    workspace: str
    added_at: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """An entry of the registry that is no project, and why."""

    slug: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`workers` are tasks at work, `tasks` all that are not cancelled, `waves` those left."""

    sessions: int = 0
    workers: int = 0
    done: int = 0
    tasks: int = 0
    waves: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """`session` names the supervisor, `at` is in wall seconds."""

    session: str
    at: float
    summary: Summary


class Liveness(StrEnum):
    """Of a project's supervisor."""

    RUNNING = "running"
    STALE = "stale"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds without a heartbeat."""

    stale: float = 600.0
    stopped: float = 3600.0


def liveness(held: bool, silent: float, limits: Limits = Limits()) -> Liveness:
    """`held`: a living process has the workspace's lock; `silent`: seconds since its last sign.

    A dead process is never running, however fresh its row is. One that holds the lock in silence
    hangs.
    """
    if not held or silent > limits.stopped:
        return Liveness.STOPPED
    return Liveness.STALE if silent > limits.stale else Liveness.RUNNING


def silent_for(now: float, held_since: float, beat: float | None) -> float:
    """Seconds since the holder of the lock took it, or since its own last heartbeat."""
    return max(0.0, now - max(held_since, beat or 0.0))


def slug_of(directory: str) -> str:
    """A slug made of a directory's name; "" when there is no letter or digit in it."""
    plain = unicodedata.normalize("NFKD", directory).encode("ascii", "ignore").decode().lower()
    return (
        re.sub(r"[^a-z0-9]+", "-", plain)[: LONGEST_SLUG + 1].strip("-")[:LONGEST_SLUG].strip("-")
    )


def is_slug(text: str) -> bool:
    return len(text) <= LONGEST_SLUG and _SLUG.fullmatch(text) is not None


def with_project(queue: "Queue", settings: ProjectSettings) -> "Queue":
    """What holds for the queue once team.yaml has had its say."""
    held_up = None if settings.status == "active" else f"the project is {settings.status}"
    most = settings.max_workers or queue.max_concurrent
    return replace(queue, max_concurrent=most, held_up=held_up)


def read(entries: object) -> tuple[list[Project], list[Unusable]]:
    """What a registry's `projects:` holds, and which entries are none; never an exception."""
    if entries is None:
        return [], []
    if not isinstance(entries, Mapping):
        return [], [Unusable("projects", "it must hold `slug:` entries, not a list or a text")]
    found: list[Project] = []
    broken: list[Unusable] = []
    for slug, values in entries.items():
        problem = _problem(str(slug), values)
        if problem:
            broken.append(Unusable(str(slug), problem))
        else:
            found.append(_project(str(slug), values))
    return found, broken


def _problem(slug: str, values: object) -> str | None:
    if not is_slug(slug):
        return "its slug may have letters, digits and dashes alone"
    if not isinstance(values, Mapping):
        return "it must have `path:` and `workspace:`"
    for key in ("path", "workspace"):
        value = values.get(key)
        if not isinstance(value, str) or not value.startswith("/") or "\0" in value:
            return f"its `{key}` must be an absolute path"
    return None


def _project(slug: str, values: Mapping[str, Any]) -> Project:
    texts = {f.name: values.get(f.name) for f in fields(Project) if f.name != "slug"}
    name = str(texts["name"] or slug)
    said = {key: str(value or "") for key, value in texts.items()}
    return Project(slug=slug, **{**said, "name": name})


def in_priority(
    projects: Iterable[tuple[Project, ProjectSettings]],
) -> list[tuple[Project, ProjectSettings]]:
    """High before normal before low, first come within."""
    return sorted(projects, key=lambda pair: pair[1].priority.rank)
