from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core import deadlock
from team_supervisor.core.census import count
from team_supervisor.core.deadlock import AnnounceDeadlock, Deadlock, EndDeadlock
from team_supervisor.core.model import Doing, Session
from team_supervisor.core.taskgraph import Task, TaskState

from .worlds import NOW, delivery, facts, idle, planned

NAMES = "abcdef"
graphs = st.dictionaries(
    st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES), min_size=1), max_size=6
)


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    found, todo = set[str](), [start]
    while todo:
        for name in graph.get(todo.pop(), ()):
            if name not in found:
                found.add(name)
                todo.append(name)
    return found


@given(graphs)
def test_who_can_be_reached_by_nobody_that_is_free_is_in_a_deadlock(
    graph: dict[str, set[str]],
) -> None:
    expected = {name for name in graph if reached(graph, name) <= graph.keys()}
    assert deadlock.closed(graph) == expected


@given(graphs)
def test_each_group_has_a_ring_in_which_each_waits_for_the_next(
    graph: dict[str, set[str]],
) -> None:
    groups = deadlock.knots(graph)
    assert sorted(name for group, _ in groups for name in group) == sorted(deadlock.closed(graph))
    for group, ring in groups:
        assert len(ring) >= 2 and ring[0] == ring[-1] and set(ring) <= set(group)
        for one, other in pairwise(ring):
            assert other in graph[one]


def waiting(name: str, since: float = 60.0, **changes: Any) -> Session:
    plain = {"doing": Doing.WAITING, "doing_since": NOW.wall - since, "name": name}
    return idle(id=f"intern-{name}", **{**plain, **changes})


LEAD = waiting("lead")
HELPER = waiting("helper", requester=LEAD.id, tasks_pause="blocked")


def found(*live: Session, untold: frozenset[str] = frozenset()) -> tuple[Deadlock, ...]:
    return deadlock.of_sessions(live, untold, count(live, ()), NOW.wall, 5.0)


def test_who_waits_for_an_answer_of_who_waits_for_it_is_named() -> None:
    [one] = found(LEAD, HELPER)
    assert one.members == (HELPER.id, LEAD.id)
    assert one.words.count(" waits for ") == 2
    assert "lead (intern-lead)" in one.words and "helper (intern-helper)" in one.words
    assert one.since == NOW.wall - 60


def test_nobody_is_in_a_deadlock_while_one_of_them_can_go_on() -> None:
    other = waiting("other", requester=LEAD.id, doing=Doing.WORKING, turn_open=1)
    assert found(LEAD, HELPER, other) == ()
    assert found(LEAD, waiting("helper", requester=LEAD.id, tasks_pause="waiting")) == ()
    assert found(LEAD, HELPER, untold=frozenset({LEAD.id})) == ()
    assert found(LEAD, waiting("helper", 1.0, requester=LEAD.id, tasks_pause="blocked")) == ()


def test_it_is_said_once_and_that_it_is_over_once() -> None:
    pair = facts(LEAD), facts(HELPER)
    [said] = [a for a in planned(*pair) if isinstance(a, AnnounceDeadlock)]
    key, words = said.deadlock.key, said.deadlock.words
    again = planned(*pair, announced={key: words})
    assert not any(isinstance(a, AnnounceDeadlock | EndDeadlock) for a in again)
    told = facts(LEAD, unseen=(delivery(session=LEAD.id),)), facts(HELPER)
    over = [a for a in planned(*told, announced={key: words}) if isinstance(a, EndDeadlock)]
    assert over == [EndDeadlock(key, words)]


def task(name: str, *needs: str, state: TaskState = TaskState.QUEUED) -> Task:
    return Task(id=name, title=name, depends_on=needs, state=state)


def test_a_plan_behind_what_failed_or_is_missing_is_in_a_deadlock() -> None:
    failed = task("a", state=TaskState.FAILED)
    plan = [failed, task("b", "a"), task("c", "b"), task("d", "gone")]
    said = deadlock.of_plan(plan)
    assert (
        said == "b needs a, which is failed; d needs gone, which is not there; 1 more wait behind"
    )


def test_a_plan_in_which_something_may_go_on_is_not() -> None:
    failed = task("a", state=TaskState.FAILED)
    for free in (
        task("e"),
        task("e", state=TaskState.IN_PROGRESS),
        task("e", state=TaskState.BLOCKED),
    ):
        assert deadlock.of_plan([failed, task("b", "a"), free]) is None
    assert deadlock.of_plan([task("a", state=TaskState.COMPLETED)]) is None
