from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.taskgraph import Task, TaskState, behind, in_order, ready, states_of
from team_supervisor.core.taskqueue import Queue, listing, may_start, moved, never, waits_for

from .test_taskgraph import completed, plans, queued, task


def test_one_task_at_once_unless_something_else_is_set() -> None:
    tasks = [queued("a"), queued("b")]
    assert [t.id for t in may_start(ready(tasks), 0, Queue())] == ["a"]
    assert may_start(ready(tasks), 1, Queue()) == []
    assert len(may_start(ready(tasks), 1, Queue(max_concurrent=3))) == 2


def test_a_paused_queue_starts_nothing() -> None:
    assert not may_start([queued("a")], 0, Queue(paused=True))


def test_a_failure_stops_the_queue_unless_that_is_switched_off() -> None:
    assert not may_start([queued("a")], 0, Queue(stopped_by="T9"))
    assert may_start([queued("a")], 0, Queue(stopped_by="T9", stop_on_failure=False))


def test_the_list_says_why_each_one_waits() -> None:
    tasks = [
        queued("a", number=1),
        queued("b", number=2),
        queued("c", "f", number=3),
        task("f", state=TaskState.FAILED),
    ]
    assert [(p.task.id, p.waits) for p in listing(tasks, Queue())] == [
        ("a", None),
        ("b", "1 may be at work at once"),
        ("c", "needs f, which is failed"),
    ]


def test_what_is_hopeless_is_said_first() -> None:
    tasks = [queued("x", "a", "b", "gone"), task("a"), task("b")]
    words = waits_for(tasks[0], states_of(tasks))
    assert words == "needs gone, which is not there; a, which is pending; b, which is pending"


def test_only_what_somebody_must_mend_is_in_the_way_for_good() -> None:
    tasks = [queued("x", "a", "b"), completed("a"), task("b")]
    assert never(tasks[0], states_of(tasks)) is None
    assert never(queued("y", "gone"), {}) is not None


@given(plans(), st.data())
def test_a_moved_task_stands_where_it_was_put_and_the_others_keep_their_order(
    tasks: list[Task], data: st.DataObject
) -> None:
    order = in_order([t for t in tasks if t.state == TaskState.QUEUED], behind(tasks))
    if not order:
        return
    chosen = data.draw(st.sampled_from(order)).id
    place = data.draw(st.integers(1, len(order)))
    positions = dict(moved(order, chosen, place))
    after = in_order(
        [
            Task(id=t.id, title="", number=n, position=positions.get(t.id))
            for n, t in enumerate(order)
        ],
        {},
    )
    assert after[place - 1].id == chosen
    rest = [t.id for t in order if t.id != chosen]
    assert [t.id for t in after if t.id != chosen] == rest


@given(plans(), st.integers(0, 4), st.booleans())
def test_what_the_list_says_starts_next_is_what_starts(
    tasks: list[Task], most: int, paused: bool
) -> None:
    queue = Queue(max_concurrent=most, paused=paused)
    at_work = sum(t.state in (TaskState.ASSIGNED, TaskState.IN_PROGRESS) for t in tasks)
    shown = [p.task.id for p in listing(tasks, queue) if p.waits is None]
    assert shown == [t.id for t in may_start(ready(tasks), at_work, queue)]
