"""Which tasks does a plan hold, what does each wait for, and in which order may they start?"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}")
NORMAL = 2
PRIORITIES = ("critical", "high", "normal", "low", "backlog")


class TaskState(StrEnum):
    """Where a task is: in the plan, in the queue, with a worker, or over."""

    PENDING = "pending"
    QUEUED = "queued"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


WAITING = frozenset({TaskState.PENDING, TaskState.QUEUED})
AT_WORK = frozenset({TaskState.ASSIGNED, TaskState.IN_PROGRESS})
OVER = frozenset({TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELLED})
# What a dependency in one of these will not become by itself: somebody has to act.
HOPELESS = frozenset({TaskState.FAILED, TaskState.CANCELLED, None})

_P, _Q, _A, _I = TaskState.PENDING, TaskState.QUEUED, TaskState.ASSIGNED, TaskState.IN_PROGRESS
_D, _F, _B, _C = TaskState.COMPLETED, TaskState.FAILED, TaskState.BLOCKED, TaskState.CANCELLED
# Everything that says which change is allowed lives in this table.
FOLLOWS: dict[TaskState, frozenset[TaskState]] = {
    _P: frozenset({_Q, _I, _D, _F, _B, _C}),
    _Q: frozenset({_P, _A, _I, _D, _F, _B, _C}),
    _A: frozenset({_I, _Q, _D, _F, _B, _C}),
    _I: frozenset({_Q, _D, _F, _B, _C}),
    _B: frozenset({_Q, _I, _D, _F, _C}),
    _F: frozenset({_Q, _I, _D, _C}),
    _C: frozenset({_Q}),
    _D: frozenset(),
}


class IllegalChange(ValueError):
    """A state was to follow another that it cannot follow; the message says it to a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work. `priority` 0 is the most urgent; `number` grows with age's other end.

    `verify` is JSON as in a session's row, `timeout` seconds, `reported` what its worker said.
    """

    id: str
    title: str
    spec: str = ""
    source: str = ""
    depends_on: tuple[str, ...] = ()
    priority: int = NORMAL
    persona: str | None = None
    verify: str = "[]"
    timeout: float | None = None
    iteration: str | None = None
    number: int = 0
    state: TaskState = TaskState.PENDING
    reason: str | None = None
    position: int | None = None
    tries: int = 0
    request: str | None = None
    session: str | None = None
    reported: str = ""
    created_at: float = 0.0
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A dependency that is not completed; its state, None when there is no such task."""

    needs: str
    state: TaskState | None

    @property
    def words(self) -> str:
        if self.state is None:
            return f"{self.needs}, which is not there"
        return f"{self.needs}, which is {self.state.replace('_', ' ')}"


def check(task: Task, after: TaskState) -> TaskState:
    """`after`, or IllegalChange when it cannot follow; staying is allowed."""
    if after != task.state and after not in FOLLOWS[task.state]:
        raise IllegalChange(
            f"task {task.id} is {_said(task.state)}: it cannot become {_said(after)}"
        )
    return after


def _said(state: TaskState) -> str:
    return state.replace("_", " ")


def obstacles(task: Task, states: Mapping[str, TaskState]) -> tuple[Obstacle, ...]:
    """The dependencies that are not satisfied: only *completed* satisfies one."""
    unmet = (name for name in task.depends_on if states.get(name) != TaskState.COMPLETED)
    return tuple(Obstacle(name, states.get(name)) for name in unmet)


def states_of(tasks: Iterable[Task]) -> dict[str, TaskState]:
    return {task.id: task.state for task in tasks}


def cycle(needs: Mapping[str, Iterable[str]]) -> tuple[str, ...] | None:
    """A cycle, as `a` needs `b` needs `a`; None when there is none."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name in sorted(needs):
        sorter.add(name, *sorted(needs[name]))
    try:
        sorter.prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return None


def needs_of(tasks: Iterable[Task]) -> dict[str, tuple[str, ...]]:
    return {task.id: task.depends_on for task in tasks}


def waves(tasks: Iterable[Task]) -> tuple[tuple[str, ...], ...]:
    """Ids by wave: each needs only what earlier waves hold (or what is not there).

    Within a wave in the order given. CycleError when there is a cycle: none is ever stored.
    """
    place = {task.id: task for task in tasks}
    sorter: TopologicalSorter[str] = TopologicalSorter(
        {task.id: [n for n in task.depends_on if n in place] for task in place.values()}
    )
    sorter.prepare()
    rank = {name: number for number, name in enumerate(place)}
    return tuple(_rounds(sorter, rank))


def _rounds(sorter: TopologicalSorter[str], rank: Mapping[str, int]) -> Iterator[tuple[str, ...]]:
    while sorter.is_active():
        wave = sorted(sorter.get_ready(), key=rank.__getitem__)
        sorter.done(*wave)
        yield tuple(wave)


def missing(tasks: Iterable[Task]) -> dict[str, list[str]]:
    """By what is needed and not there, who needs it."""
    known, found = list(tasks), dict[str, list[str]]()
    names = {task.id for task in known}
    for task in known:
        for need in task.depends_on:
            if need not in names:
                found.setdefault(need, []).append(task.id)
    return found


def cut_off(tasks: Iterable[Task]) -> dict[str, tuple[str, ...]]:
    """The waiting tasks that can never become ready: for what is not there each waits in the end.

    Theirs, or that of a task which they need.
    """
    found: dict[str, tuple[str, ...]] = {}
    place = {task.id: task for task in tasks}
    for name in (name for wave in waves(place.values()) for name in wave):
        if place[name].state in WAITING:
            lost = dict.fromkeys(
                lost
                for need in place[name].depends_on
                for lost in (found.get(need, ()) if need in place else (need,))
            )
            found |= {name: tuple(lost)} if lost else {}
    return found


def behind(tasks: Iterable[Task]) -> dict[str, int]:
    """How many tasks the longest chain holds that waits behind each one (its critical path)."""
    open_tasks = [task for task in tasks if task.state not in OVER]
    names = {task.id for task in open_tasks}
    needs = {task.id: [n for n in task.depends_on if n in names] for task in open_tasks}
    longest = dict.fromkeys(names, 0)
    for name in reversed(list(TopologicalSorter(needs).static_order())):
        for need in needs[name]:
            longest[need] = max(longest[need], longest[name] + 1)
    return longest


def in_order(tasks: Iterable[Task], chains: Mapping[str, int]) -> list[Task]:
    """What a person placed first, in that order; then by priority, critical path and age."""

    def key(task: Task) -> tuple[bool, int, int, int, int]:
        placed = task.position is None, task.position or 0
        return (*placed, task.priority, -chains.get(task.id, 0), task.number)

    return sorted(tasks, key=key)


def ready(tasks: Iterable[Task]) -> list[Task]:
    """The queued tasks whose dependencies are completed, the first to start first."""
    found = list(tasks)
    states = states_of(found)
    free = [t for t in found if t.state == TaskState.QUEUED and not obstacles(t, states)]
    return in_order(free, behind(found))
