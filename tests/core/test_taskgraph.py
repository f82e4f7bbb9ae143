from dataclasses import replace
from graphlib import TopologicalSorter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.taskgraph import (
    FOLLOWS,
    OVER,
    IllegalChange,
    Task,
    TaskState,
    behind,
    check,
    cut_off,
    cycle,
    in_order,
    needs_of,
    obstacles,
    ready,
    states_of,
    waves,
)


def task(name: str, *needs: str, **facts: object) -> Task:
    return Task(**{"id": name, "title": name, "depends_on": needs, **facts})  # type: ignore[arg-type]


def queued(name: str, *needs: str, **facts: object) -> Task:
    return task(name, *needs, **{"state": TaskState.QUEUED, **facts})


def completed(name: str) -> Task:
    return task(name, state=TaskState.COMPLETED)


@st.composite
def plans(draw: st.DrawFn) -> list[Task]:
    """Plans without a cycle, in any state, with some dependencies that are not there."""
    count = draw(st.integers(0, 12))
    made: list[Task] = []
    for number in range(count):
        earlier = [t.id for t in made] + ["gone"]
        needs = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=4))
        state = draw(st.sampled_from(TaskState))
        priority = draw(st.integers(0, 4))
        made.append(task(f"T{number}", *needs, state=state, priority=priority, number=number))
    return draw(st.permutations(made))


@given(plans())
def test_every_task_stands_in_one_wave_after_all_that_it_needs(tasks: list[Task]) -> None:
    found = waves(tasks)
    place = {name: number for number, wave in enumerate(found) for name in wave}
    assert sorted(name for wave in found for name in wave) == sorted(t.id for t in tasks)
    for each in tasks:
        before = [place[n] for n in each.depends_on if n in place]
        assert place[each.id] == max(before, default=-1) + 1


@given(plans())
def test_only_a_queued_task_whose_dependencies_are_all_completed_is_ready(
    tasks: list[Task],
) -> None:
    states = states_of(tasks)
    expected = {
        t.id
        for t in tasks
        if t.state == TaskState.QUEUED
        and all(states.get(n) == TaskState.COMPLETED for n in t.depends_on)
    }
    assert {t.id for t in ready(tasks)} == expected


@given(plans())
def test_the_chain_behind_a_task_is_one_longer_than_the_longest_of_those_that_need_it(
    tasks: list[Task],
) -> None:
    chains = behind(tasks)
    for each in tasks:
        if each.state in OVER:
            assert each.id not in chains
            continue
        after = [chains[t.id] for t in tasks if each.id in t.depends_on and t.id in chains]
        assert chains[each.id] == max(after, default=-1) + 1


@given(plans(), st.randoms())
def test_the_order_does_not_depend_on_how_the_tasks_were_read(
    tasks: list[Task], chance: object
) -> None:
    mixed = list(tasks)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    chains = behind(tasks)
    assert in_order(tasks, chains) == in_order(mixed, chains)


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"))))
def test_a_cycle_is_found_if_there_is_one_and_each_of_it_needs_the_next(
    needs: dict[str, list[str]],
) -> None:
    found = cycle(needs)
    if found is None:
        assert list(TopologicalSorter(needs).static_order()) is not None
        return
    assert found[0] == found[-1]
    for one, next_one in pairwise(found):
        assert next_one in needs[one]


def test_a_task_that_needs_itself_is_a_cycle() -> None:
    assert cycle({"a": ["a"]}) == ("a", "a")


def test_no_cycle_in_a_plan() -> None:
    assert cycle(needs_of([task("a"), task("b", "a")])) is None


@pytest.mark.parametrize("state", sorted(set(TaskState) - {TaskState.COMPLETED}))
def test_what_is_not_completed_satisfies_nothing(state: TaskState) -> None:
    tasks = [task("a", state=state), queued("b", "a")]
    assert [t.id for t in ready(tasks) if t.id == "b"] == []
    (obstacle,) = obstacles(tasks[1], states_of(tasks))
    assert obstacle.words == f"a, which is {state.replace('_', ' ')}"


def test_a_dependency_that_is_not_there_is_said() -> None:
    (obstacle,) = obstacles(queued("b", "a"), {})
    assert obstacle.words == "a, which is not there"


def test_what_waits_for_what_is_not_there_is_cut_off_with_all_that_waits_behind_it() -> None:
    late, more = queued("late", "gone"), queued("more", "late", "lost", "first")
    begun = task("begun", "gone", state=TaskState.IN_PROGRESS)
    found = cut_off([more, late, queued("first"), begun, queued("after", "begun")])
    assert found == {"late": ("gone",), "more": ("gone", "lost")}


@given(plans())
def test_nothing_that_is_cut_off_is_ready_when_all_others_are_completed(tasks: list[Task]) -> None:
    lost = cut_off(tasks)
    after = [t if t.id in lost else replace(t, state=TaskState.COMPLETED) for t in tasks]
    states = states_of(after)
    assert all(obstacles(t, states) for t in after if t.id in lost)


def test_priority_comes_before_the_critical_path_and_that_before_age() -> None:
    tasks = [
        queued("old", number=1),
        queued("long", number=2),
        queued("urgent", number=3, priority=0),
        task("x", "long"),
        task("y", "x"),
    ]
    assert [t.id for t in ready(tasks)] == ["urgent", "long", "old"]


def test_what_a_person_placed_comes_first() -> None:
    tasks = [queued("urgent", priority=0), queued("b", position=2), queued("a", position=1)]
    assert [t.id for t in ready(tasks)] == ["a", "b", "urgent"]


def test_the_table_names_every_state_and_completed_is_the_end() -> None:
    assert set(FOLLOWS) == set(TaskState)
    assert FOLLOWS[TaskState.COMPLETED] == frozenset()


@given(st.sampled_from(TaskState), st.sampled_from(TaskState))
def test_only_what_the_table_allows_may_follow(before: TaskState, after: TaskState) -> None:
    one = task("T1", state=before)
    if after == before or after in FOLLOWS[before]:
        assert check(one, after) == after
    else:
        with pytest.raises(IllegalChange, match="task T1 is"):
            check(one, after)
