"""What becomes of a project whose supervisor runs, when it is paused, set otherwise or started?"""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from team_supervisor.adapters import detached
from tests.teams import Team, lines_until, script

TASKS = "task_persona: intern\n"


@pytest.fixture
def team(live_team: Team) -> Team:
    return live_team


def planned(team: Team, *names: str, steps: tuple[str, ...] = ("work",)) -> None:
    team.write_settings(TASKS)
    specs = team.project / "specs"
    specs.mkdir(exist_ok=True)
    for name in names:
        (specs / f"{name}-spec.md").write_text(f"# Do {name}\n\n{script(*steps)}")
    assert team.call("tasks", "import", "specs").returncode == 0


def verb(team: Team, *words: object) -> Any:
    done = team.call(*words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def said(team: Team, *words: object) -> str:
    done = team.call(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_pause_is_taken_up_and_shown_everywhere_until_resume_goes_on(team: Team) -> None:
    planned(team, "A")
    verb(team, "projects", "add", team.project, "--slug", "api")
    verb(team, "projects", "pause", "api")
    running = team.start("orchestrate", "--until-done", "--timeout", "60s")
    lines_until(running, "The project is paused: nothing new of the plan starts")
    assert "‖ the project is paused: nothing more" in said(team, "track", "--once")
    assert verb(team, "track", "--once")["held"] == "the project is paused"
    assert "`team-supervisor projects resume api` goes on" in said(team, "queue", "list")
    assert "running, paused" in said(team, "projects", "list")
    verb(team, "projects", "resume", "api")
    lines_until(running, "The project is active: its plan goes on")
    lines_until(running, "1 of 1 tasks completed")
    assert running.wait() == 0
    assert verb(team, "track", "--once")["held"] is None


def test_what_is_at_work_goes_on_through_a_pause_and_nothing_else_starts(team: Team) -> None:
    gate = team.gate()
    planned(team, "A", "B", steps=(gate.step, "work"))
    verb(team, "projects", "add", team.project, "--slug", "api", "--max-workers", "1")
    running = team.start("orchestrate")
    lines_until(running, "Spawning intern: ")
    verb(team, "projects", "pause", "api")
    lines_until(running, "The project is paused")
    gate.open()
    lines_until(running, "is completed")
    assert len(team.sessions()) == 1
    verb(team, "projects", "resume", "api")
    lines_until(running, "Spawning intern: ")
    gate.open()


def spawned(team: Team) -> int:
    return len(json.loads(said(team, "tick"))["spawns"])


def numbers(team: Team) -> set[int]:
    """Everywhere where the limit is shown."""
    shown = verb(team, "projects", "list")["projects"][0]
    line = said(team, "projects", "list").splitlines()[1].split()[3]
    return {
        shown["settings"]["max_workers"],
        verb(team, "queue", "settings")["max_concurrent"],
        int(line.split("/")[1]),
    }


def test_max_workers_and_max_concurrent_are_one_value_whichever_was_set_first(team: Team) -> None:
    planned(team, "A", "B", "C", "D", "E")
    verb(team, "projects", "add", team.project, "--slug", "api")
    assert numbers(team) == {1}
    verb(team, "queue", "settings", "--max-concurrent", "3")
    assert numbers(team) == {3}
    assert spawned(team) == 3
    verb(team, "projects", "set", "api", "--max-workers", "2")
    assert numbers(team) == {2}
    assert spawned(team) == 2
    verb(team, "queue", "settings", "--max-concurrent", "4")
    assert numbers(team) == {4}
    assert spawned(team) == 4
    assert yaml.safe_load(team.workspace.settings.read_text())["project"] == {"max_workers": 4}


def test_the_heartbeat_says_which_supervisor_when_and_what_of_the_project(team: Team) -> None:
    planned(team, "A")
    verb(team, "projects", "add", team.project, "--slug", "api")
    verb(team, "projects", "pause", "api")
    verb(team, "projects", "start", "api")
    try:
        shown = verb(team, "projects", "show", "api")
    finally:
        verb(team, "projects", "stop", "api")
    beat = shown["heartbeat"]
    assert beat["session"] == shown["supervisor"].split(", since")[0] + ")"
    assert beat["at"].endswith("Z")
    assert shown["heartbeats"][0] == beat
    assert beat["summary"] == {
        "sessions": 0,
        "workers": 0,
        "done": 0,
        "tasks": 1,
        "waves": 1,
        "cost_usd": 0.0,
    }


def started(team: Team) -> int:
    return int(verb(team, "projects", "start", "api")["api"].split("PID ")[1].split()[0])


def test_agents_are_adopted_when_a_supervisor_that_hangs_is_replaced(team: Team) -> None:
    gate = team.gate()
    planned(team, "A", steps=(gate.step, "work"))
    verb(team, "projects", "add", team.project, "--slug", "api")
    first = started(team)
    try:
        team.wait_beside(lambda: any(s.state == "active" for s in team.sessions()))
        agent = team.session("A").agent_pid
        os.kill(first, signal.SIGSTOP)
        words = verb(team, "projects", "start", "api", "--stale-after", "0.01")["api"]
        assert "hung and was ended" in words
        assert (team.session("A").agent_pid, team.starts("A")) == (agent, 1)
        gate.open()
        team.wait_beside(lambda: team.session("A").state == "completed")
        assert team.starts("A") == 1
    finally:
        said(team, "projects", "stop", "api")


def test_one_that_was_killed_is_stopped_at_once_however_fresh_its_heartbeat(team: Team) -> None:
    verb(team, "projects", "add", team.project, "--slug", "api")
    os.kill(started(team), signal.SIGKILL)
    shown = verb(team, "projects", "show", "api")
    assert (shown["status"], shown["supervisor"]) == ("stopped", None)
    assert shown["heartbeat_age"] < 30


def test_stop_with_team_ends_the_agents_and_keeps_their_directories(team: Team) -> None:
    planned(team, "A", steps=(team.gate().step,))
    verb(team, "projects", "add", team.project, "--slug", "api")
    started(team)
    team.wait_beside(lambda: any(s.state == "active" for s in team.sessions()))
    assert "Stopped api" in said(team, "projects", "stop", "api", "--team")
    assert team.session("A").state == "stopped"
    assert (team.directory("A") / "instructions.md").exists()
    assert "no supervisor" in said(team, "projects", "stop", "api")


def test_a_log_that_is_full_is_put_aside_by_the_supervisor_that_writes_it(team: Team) -> None:
    verb(team, "projects", "add", team.project, "--slug", "api")
    log = detached.log_of(team.workspace)
    log.write_bytes(b"old\n" * (detached.LIMIT // 4))
    pid = started(team)
    try:
        old = Path(f"{log}.1")
        assert old.stat().st_size == detached.LIMIT
        assert "supervisor started" in log.read_text()
        with log.open("ab") as file:
            file.write(b"more\n" * (detached.LIMIT // 5 + 1))
        verb(team, "projects", "pause", "api")
        verb(team, "projects", "list")
        team.wait_beside(lambda: old.read_bytes().endswith(b"\n") and b"more" in old.read_bytes())
        assert os.readlink(f"/proc/{pid}/fd/1") == str(log)
    finally:
        said(team, "projects", "stop", "api")


def test_a_paused_project_queues_what_its_agents_ask_for_and_tells_them_why(team: Team) -> None:
    gate = team.gate()
    verb(team, "projects", "add", team.project, "--slug", "api")
    asks = (gate.step, "request intern helper Help.")
    team.request("asks", *asks, persona="software-engineer")
    running = team.start("orchestrate")
    lines_until(running, "Spawning software-engineer: asks")
    shown = verb(team, "projects", "set", "api", "--status", "blocked")
    assert shown["settings"]["status"] == "blocked"
    lines_until(running, "The project is blocked")
    gate.open()
    lines_until(running, "Queued intern-request-helper at place 1: the project is blocked")
    assert len(team.sessions()) == 1
    assert "project     the project is blocked" in said(team, "why", "asks")
    verb(team, "projects", "set", "api", "--status", "active")
    lines_until(running, "Spawning intern: helper")
