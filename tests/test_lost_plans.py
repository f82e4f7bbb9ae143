"""Does a plan whose database was lost go on where it was, with nothing begun twice?"""

import json

import pytest

from team_supervisor.core.events import SessionClaimed
from team_supervisor.core.taskgraph import TaskState
from team_supervisor.core.world import World

from .teams import Team, lines_until, script
from .test_taskgraph import SETTINGS, finished, imported, starts, states, tasks, verb, write_spec


def lose_the_database(team: Team) -> None:
    for path in team.workspace.control.glob("supervisor.db*"):
        path.unlink()


def read_in(team: Team) -> None:
    assert team.call("tasks", "import", "specs").returncode == 0
    verb(team, "queue", "settings", "--max-concurrent", "3", "--no-stop-on-failure")


@pytest.mark.parametrize("plan_first", [True, False])
def test_nothing_of_a_plan_starts_twice_when_its_database_is_lost_in_the_middle(
    team: Team, plan_first: bool
) -> None:
    team.write_settings(SETTINGS)
    gate = team.gate()
    write_spec(team, "A", (), "work")
    write_spec(team, "B", (), gate.step, "work")
    write_spec(team, "C", ("A", "B"), "work")
    write_spec(team, "F", (), "exit 3")
    read_in(team)
    first = team.start("orchestrate", "--json")
    team.wait_beside(
        lambda: states(team) == {"A": "completed", "B": "in_progress", "C": "queued", "F": "failed"}
    )
    first.kill()
    first.wait()
    ids = {name: task.session for name, task in tasks(team).items()}
    for name in ("A", "B"):
        assert json.loads((team.directory(name) / "session.json").read_text())["task"] == name
    lose_the_database(team)

    if plan_first:
        read_in(team)
    second = team.start("orchestrate", "--json")
    lines_until(second, '"supervisor_started"')
    if not plan_first:
        team.wait_beside(lambda: len(team.sessions()) == 3)
        read_in(team)
    team.wait_beside(lambda: states(team) == {
        "A": "completed", "B": "in_progress", "C": "queued", "F": "failed"
    })  # fmt: skip
    assert {n: t.session for n, t in tasks(team).items()} == ids
    gate.open()
    team.wait_beside(lambda: tasks(team)["C"].state == TaskState.COMPLETED)
    assert states(team)["B"] == "completed"
    assert sorted(starts(team)) == ["A", "B", "C", "F"]


def waiting(world: World) -> bool:
    return bool(world.requests)


@pytest.mark.parametrize("plan_first", [True, False])
def test_a_request_that_outlived_the_database_is_the_one_of_its_task(
    team: Team, plan_first: bool
) -> None:
    quick = team.settings.settle
    team.set(task_persona="intern", settle=600.0)
    imported(team, "A")
    team.run(waiting)
    assert tasks(team)["A"].state == TaskState.ASSIGNED
    lose_the_database(team)
    team.set(settle=quick)
    if not plan_first:
        team.run(lambda _: team.heard(SessionClaimed))
    imported(team, "A")
    team.run(finished)
    assert states(team) == {"A": "completed"}
    assert [session.request_name for session in team.sessions()] == ["intern-request-A"]
    assert starts(team) == ["A"]


@pytest.mark.parametrize("steps", [("tasks X", "done all"), ("work",)], ids=["other", "same"])
def test_a_request_counts_for_a_task_only_if_it_holds_what_the_task_says(
    team: Team, steps: tuple[str, ...]
) -> None:
    team.set(task_persona="intern")
    team.request("A", text=f"---\ntask: A\n---\n{script(*steps)}")
    imported(team, "A")
    team.run(finished)
    task = tasks(team)["A"]
    assert task.state == TaskState.COMPLETED
    same = steps == ("work",)
    assert task.request == ("intern-request-A" if same else "intern-request-A-2")
    assert len(team.sessions()) == (1 if same else 2)


def told_of(team: Team, number: int, ending: str = "", **published: object) -> str:
    """A session directory as another database left it; its id."""
    session = f"intern-{1_700_000_000_000 + number}"
    directory = team.root / (session + ending)
    directory.mkdir()
    (directory / "instructions.md").write_text(script("work"))
    (directory / "session.json").write_text(json.dumps(published))
    return session


@pytest.mark.parametrize("told", ["../../A", "--help", "A" * 49, "A\n", ""])
def test_what_cannot_be_a_task_in_a_session_json_is_none(team: Team, told: str) -> None:
    told_of(team, 1, name="x", state="stopped", task=told)
    imported(team, "A")
    team.run(finished)
    assert team.session("x").task is None
    assert team.session("A").id == tasks(team)["A"].session


def test_of_several_sessions_for_one_task_the_completed_one_counts(team: Team) -> None:
    told_of(team, 1, name="one", state="failed", task="A")
    meant = told_of(team, 2, "-completed", name="two", state="completed", task="A")
    told_of(team, 3, name="three", state="stopped", task="A")
    imported(team, "A")
    team.run(finished)
    task = tasks(team)["A"]
    assert (task.state, task.session) == (TaskState.COMPLETED, meant)
    assert not team.audit.exists()


def test_a_task_that_was_begun_is_never_given_another_session(team: Team) -> None:
    team.set(task_persona="intern")
    imported(team, "A")
    team.run(finished)
    before = tasks(team)["A"].session
    told_of(team, 1, name="late", state="stopped", task="A")
    team.run(lambda world: finished(world) and len(team.sessions()) == 2)
    assert tasks(team)["A"].session == before
