from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from team_supervisor.adapters.store import Store, open_store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.core.events import QueueChanged, TaskMoved
from team_supervisor.core.taskgraph import OVER, Task, TaskState, ready
from team_supervisor.core.tasksources import Draft
from team_supervisor.tasklook import TaskLooker
from tests.core.test_taskgraph import plans

EACH = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "supervisor.db")


def put(store: Store, tasks: Sequence[Task]) -> TaskTable:
    """These tasks, in these states, instead of what was there."""
    table = TaskTable(store)
    with store.transaction():
        for name in ("dependencies", "tasks"):
            store.change_tasks(f"DELETE FROM {name}", {})
        for task in sorted(tasks, key=lambda each: each.number):
            add(table, task.id, *task.depends_on, priority=task.priority)
        for task in tasks:
            work = task.state in (TaskState.ASSIGNED, TaskState.IN_PROGRESS)
            values = {
                "id": task.id,
                "state": TaskState.BLOCKED if work else task.state,
                "ended": 1.0 if task.state in OVER else None,
            }
            store.change_tasks(
                "UPDATE tasks SET state = :state, ended_at = :ended WHERE id = :id", values
            )
    return table


def add(table: TaskTable, name: str, *needs: str, priority: int = 2) -> Task:
    table.insert(Draft(id=name, title=name, depends_on=needs, priority=priority), 1.0)
    task = table.get(name)
    assert task is not None
    return task


@EACH
@given(plans())
def test_what_the_database_calls_ready_is_what_the_decision_does_in_the_same_order(
    store: Store, tasks: list[Task]
) -> None:
    put(store, tasks)
    looked = TaskLooker(store).look([], set())
    assert [t.id for t in looked.ready] == [t.id for t in ready(tasks)]


def test_a_change_of_state_is_one_transaction_with_its_event_and_only_from_where_it_was(
    store: Store,
) -> None:
    table = TaskTable(store)
    task = add(table, "T1")
    assert table.shift(task, TaskState.QUEUED, 2.0) is not None
    assert table.shift(task, TaskState.CANCELLED, 3.0) is None
    events = [event for _, _, event in store.events_after(0)]
    assert events == [TaskMoved(task="T1", title="T1", state="queued")]


def test_a_failure_stops_the_queue_and_says_so(store: Store) -> None:
    table = TaskTable(store)
    failed = table.shift(add(table, "T1"), TaskState.FAILED, 2.0, reason="no key")
    assert table.queue().stopped_by == "T1"
    assert isinstance(store.events_after(0)[-1][2], QueueChanged)
    assert failed is not None
    table.shift(failed, TaskState.QUEUED, 3.0)
    assert table.queue().stopped_by is None


def test_the_plan_is_read_again_when_another_process_changed_it(store: Store) -> None:
    looker = TaskLooker(store)
    assert looker.look([], set()).ready == ()
    path = store.rows("PRAGMA database_list", {})[0]["file"]
    other = open_store(Path(path))
    table = TaskTable(other)
    table.shift(add(table, "T1"), TaskState.QUEUED, 1.0)
    other.close()
    assert [t.id for t in looker.look([], set()).ready] == ["T1"]


def test_a_request_name_is_taken_for_good(store: Store) -> None:
    table = TaskTable(store)
    queued = table.shift(add(table, "T1"), TaskState.QUEUED, 1.0)
    assert queued is not None
    table.shift(queued, TaskState.ASSIGNED, 2.0, request="qa-request-T1", tries=1)
    assert table.name_taken("qa-request-T1")
    assert not table.name_taken("qa-request-T1-2")
