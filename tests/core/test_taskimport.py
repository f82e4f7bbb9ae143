from typing import Any

import pytest

from team_supervisor.core.taskgraph import Task, TaskState
from team_supervisor.core.taskimport import Merge, merge
from team_supervisor.core.tasksources import Draft, SourceError
from team_supervisor.errors import DependencyCycle


def draft(name: str, *needs: str, **facts: Any) -> Draft:
    return Draft(**{"id": name, "title": name, "depends_on": needs, "source": "plan.md", **facts})


def stored(of: Draft, **facts: Any) -> Task:
    return Task(id=of.id, title=of.title, depends_on=of.depends_on, source=of.source, **facts)


def merged(*drafts: Draft, known: tuple[Task, ...] = (), like: tuple[Draft, ...] = ()) -> Merge:
    return merge(drafts, known, {d.id: d.digest for d in like}, moved=False)


def test_new_tasks_are_queued_unless_they_are_done_or_optional() -> None:
    found = merged(draft("a", done=True), draft("b", "a"), draft("c", optional=True))
    assert [d.id for d in found.add] == ["a", "b", "c"]
    assert (found.done, found.queue) == (("a",), ("b",))


def test_the_same_source_again_changes_nothing() -> None:
    one = draft("a")
    found = merged(one, known=(stored(one, state=TaskState.FAILED),), like=(one,))
    assert found == Merge(same=1)


def test_what_changed_in_the_source_is_defined_again_and_nothing_else() -> None:
    one, two = draft("a"), draft("b")
    changed = draft("b", title="Other")
    found = merged(one, changed, known=(stored(one), stored(two)), like=(one, two))
    assert (found.define, found.same, found.queue) == ((changed,), 1, ())


def test_a_box_that_was_ticked_by_hand_completes_a_task_that_nobody_works_on() -> None:
    one = draft("a", done=True)
    assert merged(one, known=(stored(one, state=TaskState.QUEUED),)).done == ("a",)
    assert merged(one, known=(stored(one, state=TaskState.IN_PROGRESS),)).done == ()


def test_what_is_no_longer_in_the_source_is_named_and_kept() -> None:
    one, two = draft("a"), draft("b")
    assert merged(one, known=(stored(one), stored(two)), like=(one, two)).gone == ("b",)


def test_a_dependency_that_is_nowhere_is_named() -> None:
    assert merged(draft("a", "gone")).missing == {"a": ("gone",)}


def test_a_cycle_is_refused_with_its_name_also_through_what_is_known() -> None:
    known = (stored(draft("b", "a")),)
    ring = r"wait for one another: (a needs b needs a|b needs a)"
    with pytest.raises(DependencyCycle, match=ring):
        merged(draft("a", "b"), known=known)


def test_of_a_long_cycle_the_ends_are_named() -> None:
    ring = [draft(f"t{n}", f"t{(n + 1) % 900}") for n in range(900)]
    with pytest.raises(DependencyCycle) as raised:
        merged(*ring)
    words = str(raised.value)
    assert len(words) < 300
    assert " needs … 891 more … needs " in words


def test_a_task_of_another_source_is_not_taken_over() -> None:
    other = stored(draft("a", source="other.md"))
    with pytest.raises(SourceError, match=r"which other\.md did already: import it with `--pref"):
        merged(draft("a"), known=(other,))
    assert merge([draft("a")], [other], {}, moved=True).define


def test_two_files_that_describe_one_task_are_both_named() -> None:
    with pytest.raises(SourceError, match=r"both plan\.md and b\.md describe a task a"):
        merged(draft("a"), draft("a", source="b.md"))
