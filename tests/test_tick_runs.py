"""Does cron alone run projects: does one tick start, end and leave alone what it should?"""

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.adapters import registry
from team_supervisor.core.projects import Project

from .receivers import receiving
from .teams import Team, lines_until, processes_under
from .test_taskgraph import states, verb, write_spec

SETTINGS = "task_persona: intern\ntask_retries: 0\nrestarts: {failures: 1}\n"


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Team, Team]]:
    with contextlib.ExitStack() as stack:
        teams = []
        for slug in ("api", "web"):
            (tmp_path / slug).mkdir()
            team = Team(tmp_path / slug / "project")
            stack.callback(team.end)
            team.write_settings(SETTINGS)
            place = {"path": str(team.project), "workspace": str(team.root)}
            registry.add(os.environ, Project(slug=slug, name=slug, added_at="", **place))
            teams.append(team)
        yield teams[0], teams[1]


def planned(team: Team, *names: str, steps: tuple[str, ...] = ("work",), front: str = "") -> None:
    for name in names:
        write_spec(team, name, (), *steps, front=front)
    verb(team, "tasks", "import", "specs")


def ticked(team: Team, *words: str) -> Any:
    """What it printed, which is JSON and nothing else."""
    done = team.call("tick", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ticked_until_idle(team: Team) -> Any:
    for _ in range(20):
        found = ticked(team, "--run")
        if found["action"] == "idle" and found["disable_cron"]:
            return found
    raise AssertionError(f"it never came to rest: {found}")


def starts(team: Team, by: Team) -> int:
    """How many agents of `team` ever began; all are started by what `by` called."""
    ours = {session.id for session in team.sessions()}
    lines = by.audit.read_text().splitlines() if by.audit.exists() else []
    return sum(line.startswith("start ") and line.split()[1] in ours for line in lines)


def sessions_of(team: Team) -> list[str]:
    return sorted(session.name for session in team.sessions())


@pytest.mark.timeout(300)
def test_ticks_alone_do_the_plans_of_two_projects_within_their_room(
    two: tuple[Team, Team],
) -> None:
    api, web = two
    gate = api.gate()
    planned(api, "T1", "T2", "T3", steps=(gate.step, "work"))
    planned(web, "W1")
    verb(api, "queue", "settings", "--max-concurrent", "2")
    first = ticked(api, "--run")
    assert [s["task"] for s in first["spawns"]] == ["T1", "T2", "W1"]
    for _ in range(3):
        gate.open()
    assert ticked_until_idle(api)["reason"] == "no-ready-tasks"
    assert states(api) == dict.fromkeys(("T1", "T2", "T3"), "completed")
    assert states(web) == {"W1": "completed"}
    assert (starts(api, api), starts(web, api)) == (3, 1)
    assert processes_under(api.root) == processes_under(web.root) == {}


@pytest.mark.timeout(300)
def test_two_ticks_at_once_start_each_task_once(two: tuple[Team, Team]) -> None:
    api, web = two
    planned(api, "T1")
    planned(web, "W1")
    both = [api.start("tick", "--run") for _ in range(2)]
    for program in both:
        out, _ = program.communicate(timeout=60)
        assert program.returncode == 0 and "ran" in json.loads(out)
    ticked_until_idle(api)
    assert (starts(api, api), starts(web, api)) == (1, 1)


@pytest.mark.timeout(300)
def test_a_session_whose_task_is_over_or_too_old_is_ended(two: tuple[Team, Team]) -> None:
    api, web = two
    planned(api, "T1", steps=(api.gate().step, "work"))
    planned(web, "W1", steps=(web.gate().step, "work"))
    ticked(api, "--run")
    api.wait_beside(lambda: [starts(team, api) for team in two] == [1, 1])
    verb(api, "tasks", "done", "T1")
    said = [{"label": "project:api:T1", "ageSeconds": 1}]
    said += [{"label": "project:web:W1", "ageSeconds": 100_000}]
    found = ticked(api, "--run", "--session-labels", json.dumps(said))
    reasons = {zombie["task"]: zombie["reason"] for zombie in found["zombies"]}
    assert reasons == {"T1": "task-closed", "W1": "timeout"}
    while processes_under(web.root) or processes_under(api.root):
        ticked(api, "--run")
    assert states(api) == {"T1": "completed"} and states(web) == {"W1": "failed"}
    shown = verb(api, "tasks", "show", "W1", "-w", web.root)
    assert "it ran longer than its limit" in shown["reason"]


@pytest.mark.timeout(300)
def test_one_worker_timeout_is_told_to_the_worker_held_and_taken_for_a_zombie(
    two: tuple[Team, Team],
) -> None:
    api, web = two
    web.write_settings(SETTINGS + "project: {worker_timeout: 1}\n")
    planned(web, "W1", "W2", steps=(web.gate().step, "work"))
    assert ticked(api)["spawns"][0]["runTimeoutSeconds"] == 1
    ticked(api, "--run")
    assert web.session("W1").timeout == 1
    assert "within 1 s of work" in (web.directory("W1") / "instructions.md").read_text()
    while not (found := ticked(api)["zombies"]):
        pass
    assert [(z["task"], z["reason"]) for z in found] == [("W1", "timeout")]
    while processes_under(web.root):
        ticked(api, "--run")
    assert states(web) == {"W1": "failed", "W2": "queued"}


@pytest.mark.timeout(300)
def test_a_spawn_that_did_not_come_about_is_not_printed_but_said_to_wait(
    two: tuple[Team, Team],
) -> None:
    api, web = two
    web.write_settings(SETTINGS + "project: {worker_timeout: 4}\n")
    planned(web, "W1", "W2", steps=(web.gate().step, "work"))
    first = ticked(api, "--run")
    assert {"label": "project:web:W1", "did": "is started"} in first["ran"]
    while not (before := ticked(api))["zombies"]:
        pass
    assert [s["task"] for s in before["spawns"]] == ["W2"]
    found = ticked(api, "--run")
    assert [zombie["task"] for zombie in found["zombies"]] == ["W1"]
    assert (found["action"], found["disable_cron"]) == ("idle", False)
    did = {each["label"]: each["did"] for each in found["ran"] if "label" in each}
    assert did["project:web:W2"].startswith("waits: ") and states(web)["W2"] == "queued"


@pytest.mark.timeout(300)
def test_what_a_tick_starts_by_what_it_finds_is_printed_as_started(two: tuple[Team, Team]) -> None:
    """Only its own look finds that A is done, so nothing decided before it knows of B."""
    api, web = two
    gate = web.gate()
    write_spec(web, "A", (), gate.step, "done all")
    write_spec(web, "B", ("A",), web.gate("second").step, "work")
    verb(web, "tasks", "import", "specs")
    assert [s["task"] for s in ticked(api, "--run")["spawns"]] == ["A"]
    quiet = ticked(api, "--run")
    assert (quiet["action"], quiet["reason"]) == ("idle", "no-ready-tasks")
    gate.open()
    while (found := ticked(api, "--run"))["action"] == "idle":
        assert states(web)["B"] == "pending"
    (spawn,) = found["spawns"]
    assert (spawn["label"], spawn["iteration"]) == ("project:web:B", "default")
    assert {"label": "project:web:B", "did": "is started"} in found["ran"]
    assert states(web) == {"A": "completed", "B": "in_progress"}


@pytest.mark.timeout(300)
def test_a_task_whose_request_is_rejected_is_not_printed_as_started(two: tuple[Team, Team]) -> None:
    api, web = two
    planned(web, "W1", front="persona: nobody-knows\n")
    assert [s["task"] for s in ticked(api)["spawns"]] == ["W1"]
    found = ticked(api, "--run")
    assert (found["action"], states(web)) == ("idle", {"W1": "failed"})
    (did,) = [each["did"] for each in found["ran"] if each.get("label") == "project:web:W1"]
    assert did.startswith("failed: its request was rejected: ")


@pytest.mark.timeout(300)
def test_a_worker_that_was_killed_goes_on_and_keeps_its_place(two: tuple[Team, Team]) -> None:
    api, web = two
    web.write_settings("task_persona: intern\ntask_retries: 0\n")
    planned(web, "W1", "W2", steps=(web.gate().step, "work"))
    ticked(api, "--run")
    for pid in processes_under(web.root):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while not (before := ticked(api))["zombies"]:
        pass
    assert [s["task"] for s in before["spawns"]] == ["W2"]
    found = ticked(api, "--run")
    did = {each["label"]: each["did"] for each in found["ran"] if "label" in each}
    assert did["project:web:W1"] == "goes on"
    assert did["project:web:W2"] == "waits: 1 may be at work at once"
    assert found["action"] == "idle" and states(web)["W2"] == "queued"


@pytest.mark.timeout(300)
def test_a_broken_database_is_said_by_a_tick_and_built_again_by_its_run(
    two: tuple[Team, Team],
) -> None:
    api, web = two
    planned(api, "T1")
    planned(web, "W1")
    for path in api.workspace.control.glob("supervisor.db-*"):
        path.unlink()
    api.workspace.database.write_bytes(b"garbage " * 1000)
    found = ticked(web)
    assert [s["task"] for s in found["spawns"]] == ["W1"]
    (problem,) = found["problems"]
    assert problem["project"] == "api" and "`orchestrate` builds a broken one again" in str(problem)
    assert {"project": "api", "did": "looked"} in ticked(web, "--run")["ran"]
    assert list(api.workspace.control.glob("supervisor.corrupt-*"))
    assert "problems" not in ticked(web)


@pytest.mark.timeout(300)
def test_a_tick_takes_up_the_sessions_of_a_database_that_is_lost(two: tuple[Team, Team]) -> None:
    api, _ = two
    planned(api, "T1", steps=(api.gate().step, "work"))
    ticked(api, "--run")
    for path in api.workspace.control.glob("supervisor.db*"):
        path.unlink()
    assert ticked(api)["disable_cron"] is False
    assert ticked(api, "--run")["ran"][0]["project"] == "api"
    assert sessions_of(api) == ["T1"] and starts(api, api) == 1
    assert ticked(api)["disable_cron"] is False


@pytest.mark.timeout(300)
def test_the_look_that_a_tick_takes_keeps_a_task_s_own_limit(two: tuple[Team, Team]) -> None:
    api, web = two
    planned(web, "W1", steps=(web.gate().step, "work"), front="timeout: 1\n")
    ticked(api, "--run")
    while processes_under(web.root):
        ticked(api, "--run")
    ticked_until_idle(api)
    assert states(web) == {"W1": "failed"}


@pytest.mark.timeout(300)
def test_a_supervisor_that_runs_is_rung_and_a_stopped_team_stays_stopped(
    two: tuple[Team, Team],
) -> None:
    api, web = two
    supervisor = api.start("orchestrate", "--json")
    lines_until(supervisor, '"supervisor_started"')
    gate = api.gate()
    planned(api, "T1", "T2", steps=(gate.step, "work"))
    lines_until(supervisor, '"in_progress"')
    planned(web, "W1", steps=(web.gate().step, "work"))
    ticked(api, "--run")
    assert len(sessions_of(web)) == 1
    assert web.call("team", "stop").returncode == 0
    verb(web, "tasks", "add", "W2", "More")
    before = starts(web, api)
    found = ticked(api, "--run")
    assert {"project": "api", "did": "rang"} in found["ran"]
    assert len(sessions_of(web)) == 1 and starts(web, api) == before
    assert states(web)["W2"] == "queued" and processes_under(web.root) == {}


@pytest.mark.timeout(300)
def test_what_an_outside_scheduler_says_runs_is_not_started_here(two: tuple[Team, Team]) -> None:
    api, web = two
    planned(api, "T1")
    planned(web, "W1")
    found = ticked(api, "--run", "--sessions", "project:api:T1")
    assert [s["label"] for s in found["spawns"]] == ["project:web:W1"]
    assert found["skipped"][0]["reason"] == "session-already-active"
    assert {"project": "api", "did": "left to who runs it"} in found["ran"]
    assert sessions_of(api) == [] and len(sessions_of(web)) == 1


@pytest.mark.timeout(300)
def test_the_schedule_rests_when_all_is_done_and_is_back_with_the_next_task(
    two: tuple[Team, Team], tmp_path: Path
) -> None:
    from .cli.test_schedule import CRONTAB

    api, _ = two
    (tmp_path / "crontab").write_text(CRONTAB.format(place=tmp_path))
    (tmp_path / "crontab").chmod(0o755)
    api.environ["PATH"] = f"{tmp_path}:{os.environ['PATH']}"
    planned(api, "T1")
    assert api.call("schedule", "on").returncode == 0
    for _ in range(20):
        assert api.call("schedule", "run").returncode == 0
        if "At rest" in api.call("schedule", "status").stdout:
            break
    assert states(api) == {"T1": "completed"}
    assert (tmp_path / "tab").read_text() == ""
    verb(api, "iterations", "add", "next")
    verb(api, "tasks", "add", "T2", "More")
    assert "schedule run" in (tmp_path / "tab").read_text()


@pytest.mark.timeout(120)
def test_verbose_posts_what_led_to_it_and_no_secret(two: tuple[Team, Team]) -> None:
    api, _ = two
    place = {"path": "/no", "workspace": "/no/where"}
    registry.add(os.environ, Project(slug="gone", name="gone", added_at="", **place))
    api.write_settings(SETTINGS + "project: {max_workers: 2, channel: 'slack://SECRET/'}\n")
    planned(api, "T1")
    with receiving() as receiver:
        assert api.call("config", "set", "notify.channel", receiver.url("SECRET")).returncode == 0
        assert api.call("config", "set", "verbose", "true").returncode == 0
        found = ticked(api, "--sessions", "project:api:T9")
        receiver.wait()
    assert found["spawns"][0]["channel"] == "slack://…" and len(receiver.messages) == 1
    said = receiver.messages[0]
    for words in (
        "session project:api:T9: running",
        "project api: iteration default, 1 ready",
        "there is no workspace at /no/where",
        "project:api:T1 is to start",
        '"action"',
    ):
        assert words in said
    assert "SECRET" not in said + json.dumps(found)


@pytest.mark.timeout(300)
def test_a_request_in_a_project_in_which_nothing_lives_is_found_by_the_next_tick(
    two: tuple[Team, Team],
) -> None:
    api, web = two
    assert ticked(api)["disable_cron"]
    web.request("by-hand", "work")
    assert not ticked(api)["disable_cron"]
    ticked_until_idle(api)
    assert sessions_of(web) == ["by-hand"] and starts(web, api) == 1
