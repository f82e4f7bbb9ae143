"""When does `orchestrate --until-done` end, and with which exit code?"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.cli.untildone import Goal
from team_supervisor.core.model import Doing, Session, State, Wanted
from team_supervisor.core.taskfacts import Work, Worker
from team_supervisor.core.taskgraph import Task, TaskState
from team_supervisor.core.taskqueue import Queue
from tests.core import worlds
from tests.teams import Team, script

READY = Task(id="T1", title="T1", state=TaskState.QUEUED)
PARKED = worlds.session(state=State.PARKED, doing=Doing.ATTENTION, doing_detail="a key is missing")
RESTS = Worker(task=Task(id="T2", title="T2", state=TaskState.IN_PROGRESS), session=PARKED)
BUSY = Worker(task=Task(id="T1", title="T1", state=TaskState.IN_PROGRESS))


def work(*states: TaskState, **facts: Any) -> Work:
    return Work(counts=dict.fromkeys(states, 1), **facts)


@pytest.mark.parametrize(
    ("found", "over"),
    [
        (work(TaskState.COMPLETED), True),
        (work(TaskState.QUEUED, ready=(READY,)), False),
        (work(TaskState.QUEUED, ready=(READY,), queue=Queue(paused=True)), False),
        (work(TaskState.QUEUED, ready=(READY,), queue=Queue(stopped_by="T9")), True),
        (work(TaskState.IN_PROGRESS, workers=(BUSY,)), False),
        (work(TaskState.BLOCKED), True),
        (work(TaskState.IN_PROGRESS, workers=(RESTS,)), True),
        (work(TaskState.IN_PROGRESS, workers=(RESTS, BUSY)), False),
        (work(TaskState.QUEUED, ready=(READY,), workers=(RESTS,)), False),
    ],
)
def test_it_ends_when_nothing_more_starts_without_a_person(found: Work, over: bool) -> None:
    assert Goal(None)(worlds.world(work=found)) is over


BOSS = Task(id="B1", title="B1", state=TaskState.QUEUED, persona="manager")
HELD = worlds.session(
    State.PARKED, id=worlds.MANAGER, persona="manager", doing=Doing.ATTENTION, doing_detail="a key"
)
ASKED = Worker(
    task=Task(id="B1", title="B1", state=TaskState.ASSIGNED, persona="manager", request="r"),
    asked=True,
)
SPENT = worlds.session(State.PARKED, doing=Doing.OVER_BUDGET, doing_detail="the team's budget of")
BROKE = Worker(task=Task(id="T2", title="T2", state=TaskState.IN_PROGRESS), session=SPENT)


@pytest.mark.parametrize(
    ("found", "lives", "over"),
    [
        (work(TaskState.QUEUED, ready=(BOSS,)), HELD, True),
        (work(TaskState.QUEUED, ready=(BOSS, READY)), HELD, False),
        (work(TaskState.ASSIGNED, workers=(ASKED,)), HELD, True),
        (work(TaskState.ASSIGNED, workers=(ASKED,)), replace(HELD, doing=Doing.WAITING), False),
        (work(TaskState.QUEUED, ready=(BOSS,)), replace(HELD, retry_wanted=True), False),
        (work(TaskState.IN_PROGRESS, workers=(BROKE,), ready=(READY,)), SPENT, True),
    ],
)
def test_it_does_not_wait_for_what_only_a_person_can_move(
    found: Work, lives: Session, over: bool
) -> None:
    assert Goal(None)(worlds.world(work=found, others=(lives,))) is over


def test_a_parked_singleton_is_named_with_the_task_that_waits_for_it(live_team: Team) -> None:
    live_team.write_settings("task_persona: intern\npark_after: 0.2\nmax_nudges: 1\n")
    personas = live_team.root / "personas"
    personas.mkdir(exist_ok=True)
    (personas / "boss.md").write_text("---\nname: boss\nsingleton: true\n---\nLead.\n")
    for name, steps in (("B1", ("say Which key?",)), ("B2", ("done all",))):
        spec = live_team.project / f"{name}.md"
        spec.write_text(script(*steps))
        words = ("tasks", "add", name, f"Do {name}", "-i", spec, "--persona", "boss")
        assert live_team.call(*words).returncode == 0
    done = live_team.call("orchestrate", "--until-done", "--timeout", "50s")
    assert done.returncode == 1
    assert "0 of 2 tasks completed" in done.stdout and "out of time" not in done.stdout
    assert "B2 Do B2 (queued: there may be only one boss, and boss-" in done.stdout
    assert "B1 goes on once somebody answers: `team-supervisor why boss-" in done.stdout


def test_who_is_parked_for_a_person_holds_no_other_task_up_and_is_named_at_the_end(
    live_team: Team,
) -> None:
    live_team.write_settings("task_persona: intern\npark_after: 0.2\nmax_nudges: 1\n")
    for name, steps in (("U1", ("say I don't know how.",)), ("U2", ("done all",))):
        spec = live_team.project / f"{name}.md"
        spec.write_text(script(*steps))
        assert live_team.call("tasks", "add", name, f"Do {name}", "-i", spec).returncode == 0
    assert live_team.call("queue", "move", "U1", "1").returncode == 0
    done = live_team.call("orchestrate", "--until-done", "--timeout", "50s")
    assert done.returncode == 1
    assert "1 of 2 tasks completed" in done.stdout and "out of time" not in done.stdout
    assert "U1 Do U1 (in progress: needs attention: " in done.stdout
    assert "`team-supervisor say intern-" in done.stdout
    assert "(in progress: needs attention: " in live_team.call("tasks", "list").stdout
    assert "0 of 1 at work" in live_team.call("queue", "list").stdout


def test_it_waits_until_the_worker_of_a_failed_task_has_ended() -> None:
    failed = work(TaskState.FAILED)
    for facts in ({"wanted": Wanted.STOP}, {"state": State.STOPPING}):
        alive = worlds.session(**facts)
        assert not Goal(None)(worlds.world(work=failed, others=(alive,)))
    ended = worlds.session(State.STOPPED, wanted=Wanted.STOP)
    assert Goal(None)(worlds.world(work=failed, others=(ended, worlds.session())))


def test_it_ends_when_its_time_is_over() -> None:
    goal, busy = Goal(60.0), worlds.world(work=work(TaskState.IN_PROGRESS, workers=(BUSY,)))
    assert not goal(busy)
    later = replace(busy.now, monotonic=busy.now.monotonic + 60.0)
    assert goal(replace(busy, now=later))


def test_it_ends_with_0_when_all_is_completed_and_with_1_when_not(live_team: Team) -> None:
    team = live_team
    team.write_settings("task_persona: intern\ntask_retries: 0\n")
    specs = team.project / "specs"
    specs.mkdir()
    (specs / "A-spec.md").write_text(f"# Do A\n\n{script('work')}")
    team.call("tasks", "import", "specs")
    done = team.call("orchestrate", "--until-done", "--json", "--timeout", "60s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "complete": True,
        "tasks": {"A": "completed"},
    }
    team.call("tasks", "add", "B", "Never", "--needs", "gone")
    left = team.call("orchestrate", "--until-done")
    assert left.returncode == 1
    assert left.stderr == "Error: no task of the plan can start: B needs gone, which is not there\n"
    assert "1 of 2 tasks completed" in left.stdout
    assert "[.] B Never (queued: needs gone, which is not there)" in left.stdout
    assert Path(team.directory("A")).name.endswith("-completed")


def test_a_plan_that_was_lost_with_its_database_is_no_success(live_team: Team) -> None:
    team = live_team
    team.write_settings("task_persona: intern\n")
    (team.project / "A-spec.md").write_text(f"# Do A\n\n{script('work')}")
    team.call("tasks", "import", "A-spec.md")
    assert team.call("orchestrate", "--until-done").returncode == 0
    for file in team.workspace.control.glob("supervisor.db*"):
        file.rename(team.project / file.name)
    after = team.call("orchestrate", "--until-done")
    assert after.returncode == 1
    assert "the plan is lost with its database (A had a worker)" in after.stderr
    team.call("tasks", "import", "A-spec.md")
    assert team.call("orchestrate", "--until-done").returncode == 0
