"""Who waits for one another for ever, and can anything of the plan still start?"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from team_supervisor.core.census import Census, count
from team_supervisor.core.facts import RequestLook
from team_supervisor.core.iterations import NONE, Iterations
from team_supervisor.core.model import Doing, Session, State
from team_supervisor.core.taskgraph import AT_WORK, HOPELESS, Obstacle, Task, TaskState, states_of
from team_supervisor.core.words import stamp

# What a session in a deadlock needs a person for begins with this.
NAME = "deadlock: "
PLAN = "plan"
# What is said of a plan in one begins with this.
NO_TASK = "no task of the plan can start any more: "
_MOST = 4
_RESTS = frozenset({State.ACTIVE, State.PARKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlock:
    """`key` names the episode; `since` is when the last of them began to wait (wall seconds).

    `noted` is what a row of theirs says of it already.
    """

    key: str
    words: str
    since: float
    members: tuple[str, ...] = ()
    noted: str = ""

    @property
    def detail(self) -> str:
        """What its members need a person for; it stays the same as long as it lasts."""
        return self.noted or f"{NAME}{self.words}, since {stamp(self.since)}"


@dataclass(frozen=True, slots=True)
class AnnounceDeadlock:
    deadlock: Deadlock


@dataclass(frozen=True, slots=True)
class EndDeadlock:
    """It was announced, and is no more."""

    key: str
    words: str


DeadlockAction = AnnounceDeadlock | EndDeadlock


def wait_graph(
    live: Collection[Session], untold: Collection[str], census: Census
) -> dict[str, set[str]]:
    """Of each session that rests: on whom it waits, by id. Nobody else is in it.

    `untold` are those to whom a message is on its way. Who waits for a person, for a limit or for
    a request that is not a session yet is not in it either: that may come to an end by itself.
    """
    rest = [s for s in live if _rests(s) and s.id not in untold]
    answers = {s.id: s.requester for s in rest if s.tasks_pause == "blocked" and s.requester}
    asked: dict[str, set[str]] = {}
    for one in live:
        if one.requester and not one.ended:
            asked.setdefault(one.requester, set()).add(one.id)
    graph: dict[str, set[str]] = {}
    for one in rest:
        teammates = asked.get(one.id, set())
        if len(teammates) < len(census.asked.get(one.id, ())):
            continue
        if teammates:
            graph[one.id] = teammates
        elif one.id in answers:
            graph[one.id] = {answers[one.id] or ""}
    return graph


def _rests(one: Session) -> bool:
    if one.state not in _RESTS or one.turn_open or one.retry_wanted or one.restart_wanted:
        return False
    return one.doing == Doing.WAITING or told(one)


def told(one: Session) -> bool:
    """Its row says already that it is in a deadlock."""
    return one.doing == Doing.ATTENTION and one.doing_detail.startswith(NAME)


def closed(graph: Mapping[str, Collection[str]]) -> set[str]:
    """Those who wait only for those who wait: nobody outside can wake one of them.

    Any message wakes a session, so one teammate that is still at work is enough to go on.
    """
    left = set(graph)
    while free := {name for name in left if not left.issuperset(graph[name])}:
        left -= free
    return left


def knots(graph: Mapping[str, Collection[str]]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(members, a ring among them) of each group that is closed in itself, sorted by id."""
    left = closed(graph)
    groups: dict[str, set[str]] = {name: {name} for name in left}
    for name in left:
        for other in graph[name]:
            if groups[name] is not groups[other]:
                groups[name] |= groups[other]
                groups.update(dict.fromkeys(groups[name], groups[name]))
    distinct = sorted({tuple(sorted(group)) for group in groups.values()})
    return [(group, ring({name: graph[name] for name in group})) for group in distinct]


def ring(graph: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """One cycle, each waiting for the next, its first name last again; () without one."""
    sorter = TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)})
    try:
        sorter.prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()


def of_sessions(
    live: Collection[Session], untold: Collection[str], census: Census, now: float, after: float
) -> tuple[Deadlock, ...]:
    """Those that have lasted for `after` seconds; one that was said lasts until it is resolved."""
    if not any(one.tasks_pause == "blocked" for one in live):
        return ()
    rows = {one.id: one for one in live}
    found = []
    for members, cycle in knots(wait_graph(live, untold, census)):
        fresh = [name for name in members if not told(rows[name])]
        since = max(rows[name].doing_since or now for name in fresh or members)
        if not fresh or abs(now - since) >= after:
            words = " waits for ".join(_called(rows[name]) for name in cycle)
            said = (rows[name].doing_detail for name in members if told(rows[name]))
            noted = next((text for text in said if text.startswith(f"{NAME}{words}, ")), "")
            key = "|".join(members)
            found.append(Deadlock(key=key, words=words, since=since, members=members, noted=noted))
    return tuple(found)


def _called(one: Session) -> str:
    return f"{one.name} ({one.id})"


def misnoted(
    live: Collection[Session],
    untold: Collection[str],
    looks: Iterable[RequestLook],
    now: float,
    after: float,
) -> set[str]:
    """Of whom a row says something else of a deadlock than what is so by now."""
    if not any(told(one) or one.tasks_pause == "blocked" for one in live):
        return set()
    stuck = details(of_sessions(live, untold, count(live, looks), now, after))
    either = [one for one in live if told(one) or one.id in stuck]
    return {one.id for one in either if stuck.get(one.id) != one.doing_detail}


def details(deadlocks: Iterable[Deadlock]) -> dict[str, str]:
    """By session, what it needs a person for."""
    return {name: each.detail for each in deadlocks for name in each.members}


def of_plan(tasks: Collection[Task], iterations: Iterations = NONE) -> str | None:
    """Why nothing of the plan can ever start unless a person changes it; None when it may.

    A task that is at work, blocked or not in the queue may still bring on those behind it.
    """
    states = states_of(tasks)
    if any(t.state in AT_WORK or t.state == TaskState.BLOCKED for t in tasks):
        return None
    mine = [t for t in tasks if t.state == TaskState.QUEUED]
    queued = [t for t in mine if not iterations.waits(t.iteration)]
    if not queued:
        return None
    roots = {t.id: hopeless for t in queued if (hopeless := _hopeless(t, states))}
    never = _behind(roots, queued)
    if len(never) < len(queued):
        return None
    said = [f"{name} needs {obstacle.words}" for name, obstacle in list(roots.items())[:_MOST]]
    behind = len(never) - len(said)
    return "; ".join(said) + (f"; {behind} more wait behind" if behind else "")


def _behind(roots: Iterable[str], tasks: Iterable[Task]) -> set[str]:
    """The roots and all that need one of them, however far behind."""
    needed: dict[str, list[str]] = {}
    for task in tasks:
        for name in task.depends_on:
            needed.setdefault(name, []).append(task.id)
    found = set(roots)
    left = list(found)
    while left:
        fresh = [name for name in needed.get(left.pop(), ()) if name not in found]
        found.update(fresh)
        left += fresh
    return found


def _hopeless(task: Task, states: Mapping[str, TaskState]) -> Obstacle | None:
    for name in task.depends_on:
        if states.get(name) in HOPELESS:
            return Obstacle(name, states.get(name))
    return None
