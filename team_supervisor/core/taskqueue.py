"""Which task starts next, and why does another one wait?"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from team_supervisor.core.iterations import NONE, Iterations
from team_supervisor.core.singletons import NO_SINGLETONS, Singletons, startable
from team_supervisor.core.taskgraph import (
    AT_WORK,
    HOPELESS,
    Obstacle,
    Task,
    TaskState,
    behind,
    in_order,
    obstacles,
    states_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """`stopped_by` is the task whose failure stopped it, until it is tried again or `resume`.

    `held_up` is why the whole project starts nothing; it is not stored here.
    """

    paused: bool = False
    stop_on_failure: bool = True
    max_concurrent: int = 1
    stopped_by: str | None = None
    held_up: str | None = None

    @property
    def closed(self) -> str | None:
        """Why nothing more starts; None when it may."""
        if self.held_up:
            return self.held_up
        if self.paused:
            return "the queue is paused"
        if self.stopped_by and self.stop_on_failure:
            return f"{self.stopped_by} failed, which stopped the queue"
        return None


def stored(
    paused: str | None, stops: str | None, most: str | None, stopped_by: str | None
) -> Queue:
    """As its settings stand in the database, as text; None where nothing was set."""
    return Queue(
        paused=paused == "1",
        stop_on_failure=stops != "0",
        max_concurrent=int(most or Queue().max_concurrent),
        stopped_by=stopped_by or None,
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A queued task and why it does not start; None when it is the next."""

    task: Task
    waits: str | None


def may_start(
    ready: Sequence[Task], at_work: int, queue: Queue, singles: Singletons = NO_SINGLETONS
) -> Sequence[Task]:
    """The first of those that are ready, as many as there is room for."""
    if queue.closed:
        return []
    return startable(ready, singles, max(0, queue.max_concurrent - at_work))


def listing(
    tasks: Iterable[Task],
    queue: Queue,
    iterations: Iterations = NONE,
    singles: Singletons = NO_SINGLETONS,
    resting: Collection[str] = (),
) -> list[Place]:
    """Every queued task, in the order in which they would start; `resting` ones take no place."""
    found = list(tasks)
    states = states_of(found)
    room = queue.max_concurrent - sum(
        task.state in AT_WORK and task.id not in resting for task in found
    )
    places = []
    for task in in_order((t for t in found if t.state == TaskState.QUEUED), behind(found)):
        waits = waits_for(task, states, iterations) or queue.closed or singles.waits(task)
        if waits is None:
            room -= 1
            waits = None if room >= 0 else f"{queue.max_concurrent} may be at work at once"
            singles = singles.with_(task)
        places.append(Place(task, waits))
    return places


def waits_for(
    task: Task, states: Mapping[str, TaskState], iterations: Iterations = NONE
) -> str | None:
    """Its iteration, or its open dependencies in words, the hopeless ones first."""
    if not_yet := iterations.waits(task.iteration):
        return not_yet
    open_ones = sorted(obstacles(task, states), key=lambda o: o.state not in HOPELESS)
    if not open_ones:
        return None
    more = f" and {len(open_ones) - 3} more" if len(open_ones) > 3 else ""
    return f"needs {'; '.join(o.words for o in open_ones[:3])}{more}"


def never(task: Task, states: Mapping[str, TaskState]) -> Obstacle | None:
    """A dependency that somebody has to do something about before this task can start."""
    return next((o for o in obstacles(task, states) if o.state in HOPELESS), None)


def moved(order: Sequence[Task], task: str, place: int) -> list[tuple[str, int]]:
    """(id, position) so that this one stands at `place`, from 1; all before it are fixed, too."""
    names = [each.id for each in order if each.id != task]
    place = min(max(place, 1), len(names) + 1)
    names.insert(place - 1, task)
    placed = {each.id for each in order if each.position is not None}
    fixed = max([place, *(n for n, name in enumerate(names, start=1) if name in placed)])
    return [(name, number) for number, name in enumerate(names[:fixed], start=1)]
