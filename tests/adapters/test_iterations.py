import sqlite3
from pathlib import Path

import pytest

from team_supervisor.adapters.iterations import IterationTable
from team_supervisor.adapters.migrations import MIGRATIONS, migrate
from team_supervisor.adapters.store import Store, open_store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.core.events import IterationChanged
from team_supervisor.core.iterations import IterationError, started
from team_supervisor.core.taskgraph import TaskState
from team_supervisor.core.tasksources import Draft
from team_supervisor.tasklook import TaskLooker


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "supervisor.db")


def queued(store: Store, name: str, iteration: str | None) -> None:
    table = TaskTable(store)
    table.insert(Draft(id=name, title=name, iteration=iteration), 1.0)
    task = table.get(name)
    assert task is not None
    table.shift(task, TaskState.QUEUED, 1.0)


def start(store: Store, name: str) -> None:
    table = IterationTable(store)
    known = table.read()
    table.turn(known.wanted(name), started(known, name, 2.0), 2.0)


def test_the_database_refuses_a_second_active_iteration(tmp_path: Path) -> None:
    store = open_store(tmp_path / "supervisor.db")
    for name in ("a", "b"):
        IterationTable(store).add(name, 1.0)
    with sqlite3.connect(tmp_path / "supervisor.db") as db:
        db.execute("UPDATE iterations SET state = 'active', started_at = 1.0 WHERE name = 'a'")
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            db.execute("UPDATE iterations SET state = 'active', started_at = 1.0 WHERE name = 'b'")


def test_who_comes_second_in_a_race_hears_a_sentence(store: Store) -> None:
    table = IterationTable(store)
    for name in ("a", "b"):
        table.add(name, 1.0)
    before = table.read()
    start(store, "a")
    with pytest.raises(IterationError, match="one is at a time"):
        table.turn(before.wanted("b"), started(before, "b", 2.0), 2.0)


def test_only_tasks_of_the_active_iteration_are_ready(store: Store) -> None:
    for name, iteration in (("x", "one"), ("y", None), ("z", "default")):
        queued(store, name, iteration)
    assert IterationTable(store).know(["one", None, "default"], 1.0) == ["one"]
    looker = TaskLooker(store)
    assert [t.id for t in looker.look([], set()).ready] == ["y", "z"]
    start(store, "one")
    assert [t.id for t in looker.look([], set()).ready] == ["x"]
    assert [e for _, _, e in store.events_after(0)][-1] == IterationChanged(
        iteration="one", state="active"
    )


def test_iterations_that_older_tasks_name_are_taken_over_and_the_first_open_one_goes_on(
    tmp_path: Path,
) -> None:
    db = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    for number, step in enumerate(MIGRATIONS[:4], start=1):
        step(db)
        db.execute(f"PRAGMA user_version = {number}")
    for name, iteration, ended in (("a", "one", 1.0), ("b", "two", None), ("c", "three", None)):
        db.execute(
            "INSERT INTO tasks (id, title, spec, source, digest, priority, verify, iteration, "
            "state, created_at, ended_at) VALUES (?, '', '', '', '', 2, '[]', ?, ?, 1.0, ?)",
            (name, iteration, "completed" if ended else "queued", ended),
        )
    migrate(db)
    found = db.execute("SELECT name, state FROM iterations ORDER BY number").fetchall()
    assert found == [("one", "planning"), ("two", "active"), ("three", "planning")]
    db.close()
