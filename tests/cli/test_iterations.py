"""Can a plan be divided, and does what is complete stay so?"""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from team_supervisor.adapters.store import open_store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.cli import iterations
from team_supervisor.core.taskgraph import TaskState

from .test_plan_verbs import of_queue, order, printed, refused, run, states


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def turn(*words: str) -> Result:
    return CliRunner().invoke(iterations.command, [str(word) for word in words])


def spec(name: str, iteration: str, title: str = "Do it") -> None:
    Path("specs").mkdir(exist_ok=True)
    text = f"---\ntitle: {title}\niteration: {iteration}\n---\n\nDo it.\n"
    Path(f"specs/{name}-spec.md").write_text(text)


def test_a_new_iteration_of_an_import_is_in_planning_and_says_how_it_starts() -> None:
    spec("A1", "one")
    said = run("import", "specs").output
    assert (
        "Iteration one is in planning: `team-supervisor iterations start 'one'` starts it" in said
    )
    assert "its iteration one is in planning" in of_queue("list").output
    assert "its iteration one is in planning" in run("list").output
    assert "its iteration one is in planning" in run("plan").output
    assert turn("start", "one").output.startswith("1 one (active): 0 of 1 tasks completed")
    assert "starts next" in of_queue("list").output


def test_one_is_active_at_a_time() -> None:
    for name in ("one", "two"):
        assert turn("add", name).exit_code == 0
    turn("start", "one")
    assert "one is at a time" in refused(turn("start", "two"))
    found = printed(turn("list", "--json"))
    assert [(i["number"], i["name"], i["state"]) for i in found["iterations"]] == [
        (1, "one", "active"),
        (2, "two", "planning"),
    ]
    assert found["default"] == {"active": False, "tasks": {}}


def test_open_tasks_keep_an_iteration_open_unless_that_is_overruled() -> None:
    run("add", "A1", "Do it", "--iteration", "one")
    turn("start", "one")
    assert "open tasks: A1 (queued)" in refused(turn("complete", "one"))
    assert turn("complete", "one", "--force").exit_code == 0
    assert states() == {"A1": "queued"}
    assert "its iteration one is complete" in of_queue("list").output


def test_no_verb_changes_what_was_left_open_in_a_complete_iteration(tmp_path: Path) -> None:
    run("add", "A1", "Left", "--iteration", "one")
    run("add", "A2", "Left", "--iteration", "one", "--no-queue")
    run("add", "B1", "Free")
    turn("start", "one")
    turn("complete", "one", "--force")
    before = (states(), order())
    for verb in ("done", "fail", "block", "cancel", "retry"):
        assert "iteration one is complete" in refused(run(verb, "A1"))
        assert "iteration one is complete" in refused(run(verb, "A2"))
    assert "iteration one is complete" in refused(run("edit", "A1", "--title", "Other"))
    for words in (("remove", "A1"), ("move", "A1", "1"), ("add", "A2")):
        assert "iteration one is complete" in refused(of_queue(*words))
    assert (states(), order()) == before
    assert of_queue("clear").exit_code == 0
    assert states() == {"A1": "queued", "A2": "pending", "B1": "pending"}
    assert "iteration one is complete" in refused(of_queue("clear"))


def test_a_worker_that_fails_in_a_complete_iteration_stops_no_queue(tmp_path: Path) -> None:
    run("add", "A1", "Left", "--iteration", "one")
    turn("start", "one")
    turn("complete", "one", "--force")
    store = open_store(tmp_path / ".database/.supervisor/supervisor.db")
    table = TaskTable(store)
    task = table.get("A1")
    assert task is not None and table.shift(task, TaskState.FAILED, 1.0) is not None
    assert table.queue().closed is None
    store.close()


def test_nothing_of_a_complete_iteration_is_added_changed_or_tried_again() -> None:
    spec("A1", "one")
    run("import", "specs")
    turn("start", "one")
    run("fail", "A1")
    turn("complete", "one")
    for words in (
        ("add", "A2", "More", "--iteration", "one"),
        ("edit", "A1", "--title", "Else"),
        ("edit", "A1", "--iteration", "two"),
        ("retry", "A1"),
    ):
        assert "iteration one is complete" in refused(run(*words))
    spec("A1", "one", "Something else")
    assert printed(run("import", "specs", "--json"))["frozen"] == ["A1"]
    assert printed(run("show", "A1", "--json"))["title"] == "Do it"
    spec("A2", "one")
    assert "iteration one is complete" in refused(run("import", "specs"))
    assert list(states()) == ["A1"]


def test_tasks_that_name_no_iteration_need_none() -> None:
    run("add", "B1", "Do it")
    assert "default (active): 0 of 1 tasks completed" in turn("list").output
    assert order() == ["B1"]
    assert "[.] B1 Do it" in turn("show", "default").output
    turn("add", "one")
    turn("start", "one")
    assert "iteration one comes first" in of_queue("list").output
    assert "unknown iteration" in refused(turn("show", "nine"))
