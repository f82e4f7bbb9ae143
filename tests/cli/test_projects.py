import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.teams import AGENT, PROGRAM


def projects(*words: str, code: int = 0) -> str:
    done = subprocess.run(
        [PROGRAM, "projects", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "TEAM_SUPERVISOR_CLAUDE": str(AGENT)},
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def listed() -> dict[str, Any]:
    return {p["slug"]: p for p in json.loads(projects("list", "--json"))["projects"]}


def make(*names: str) -> None:
    for name in names:
        Path(name).mkdir(parents=True)


def test_a_directory_is_registered_with_a_workspace_of_its_own() -> None:
    make("My App")
    assert "my-app" in projects("add", "My App", "--priority", "high", "--max-workers", "3")
    assert os.stat("My App/.database").st_mode & 0o777 == 0o700
    assert listed()["my-app"]["settings"]["max_workers"] == 3
    written = yaml.safe_load(Path("My App/.database/team.yaml").read_text())
    assert written == {"project": {"priority": "high", "max_workers": 3}}


def test_without_a_name_the_project_of_this_directory_is_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make("a/src", "b")
    projects("add", "a")
    assert "which project? name one" in projects("stop", code=2)
    monkeypatch.chdir("a/src")
    projects("add", "../../b")
    try:
        assert "Started a" in projects("start")
        assert listed()["b"]["status"] == "stopped"
        assert "Stopped a" in projects("stop")
    finally:
        projects("stop", "a", "b")


def test_an_existing_team_yaml_keeps_its_comments() -> None:
    make("a/.database")
    Path("a/.database/team.yaml").write_text(
        "# mine\nquiet: 3 # slow\nproject:\n  max-workers: 2\n"
    )
    projects("add", "a", "--max-workers", "5", "--channel", "no")
    text = Path("a/.database/team.yaml").read_text()
    assert text == ('# mine\nquiet: 3 # slow\nproject:\n  max-workers: 5\n  channel: "no"\n')


def test_the_same_directory_is_refused_whatever_leads_to_it() -> None:
    make("a")
    projects("add", "a")
    Path("b").symlink_to("a")
    assert "registered already, as 'a'" in projects("add", "b", code=2)
    make("c")
    Path("c/.database").symlink_to("../a/.database")
    assert "registered already, as 'a'" in projects("add", "c", code=2)


def test_a_slug_is_unique_and_well_formed() -> None:
    make("x/api", "y/api", "日本")
    projects("add", "x/api")
    assert "--slug" in projects("add", "y/api", code=2)
    assert "--slug" in projects("add", "y/api", "--slug", "API", code=2)
    assert "is no slug" in projects("add", "y/api", "--slug", "a b", code=2)
    assert "--slug" in projects("add", "日本", code=2)
    projects("add", "y/api", "--slug", "no")
    assert set(listed()) == {"api", "no"}


def test_what_is_no_directory_is_refused() -> None:
    assert "not a directory" in projects("add", "nowhere", code=2)


def test_a_supervisor_is_started_detached_shown_and_stopped() -> None:
    make("a")
    projects("add", "a")
    try:
        assert "Started a" in projects("start", "a")
        assert listed()["a"]["status"] == "running"
        assert listed()["a"]["heartbeat_age"] < 30
        assert "runs already" in projects("start", "a")
        assert "first" in projects("remove", "a", code=2)
    finally:
        assert "Stopped a" in projects("stop", "a")
    assert listed()["a"]["status"] == "stopped"
    assert "has no supervisor" in projects("stop", "a")


def test_one_that_hangs_is_stale_and_started_anew() -> None:
    make("a")
    projects("add", "a")
    first = projects("start", "a")
    pid = int(first.split("PID ")[1].split()[0])
    os.kill(pid, signal.SIGSTOP)
    try:
        assert "stale" in projects("list", "--stale-after", "0.01")
        assert "hung" in projects("start", "a", "--stale-after", "0.01")
        assert f"PID {pid} " not in str(listed()["a"]["supervisor"])
    finally:
        projects("stop", "a")


def test_one_that_ends_at_once_is_said_with_its_last_words() -> None:
    make("a")
    projects("add", "a")
    Path("a/.database/.supervisor/doorbell").write_text("in the way")
    assert "doorbell" in projects("start", "a", code=1)


def test_a_pause_and_a_limit_are_written_where_they_hold() -> None:
    make("a")
    projects("add", "a", "--max-workers", "2")
    projects("pause", "a")
    assert listed()["a"]["settings"]["status"] == "paused"
    subprocess.run(
        [PROGRAM, "queue", "settings", "--max-concurrent", "4", "-w", "a/.database"], check=True
    )
    assert listed()["a"]["settings"]["max_workers"] == 4
    projects("resume", "a")
    assert listed()["a"]["settings"]["status"] == "active"


def test_what_is_broken_or_missing_is_shown_and_breaks_nothing() -> None:
    make("a", "b")
    projects("add", "a")
    projects("add", "b")
    Path("a/.database/team.yaml").write_text("project: [")
    Path("b").rename("c")
    found = listed()
    assert "not valid YAML" in found["a"]["problem"]
    assert "is missing" in found["b"]["problem"]
    assert "known are a, b" in projects("show", "x", code=2)
    projects("remove", "b")
    assert set(listed()) == {"a"}


def test_an_unknown_setting_is_said_by_every_command_that_reads_it() -> None:
    make("a/.database")
    Path("a/.database/team.yaml").write_text("nonsense: 1\nproject: {worker-timout: 5}\n")
    assert "unknown setting `nonsense`" in projects("add", "a")
    assert "unknown setting `project.worker_timout`" in projects("list")
    assert "unknown setting `nonsense`" in projects("show", "a")
    assert len(listed()["a"]["warnings"]) == 2
    for _ in range(2):
        done = subprocess.run([PROGRAM, "tick"], capture_output=True, text=True, timeout=60)
        assert len(json.loads(done.stdout)["warnings"]) == 2
        assert "unknown setting `nonsense`" in done.stderr
    assert "unknown setting `nonsense`" in projects("start", "a")
    projects("stop", "a")
    Path("a/.database/team.yaml").write_text("project: {}\n")
    assert "warnings" not in listed()["a"]
