"""Does one tick say what is to be done over all projects, and change nothing by itself?"""

import hashlib
import json
import os
import select
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from team_supervisor.adapters import registry
from team_supervisor.cli import queue, ready, tick
from team_supervisor.core.projects import Project
from team_supervisor.core.tickreading import decision
from team_supervisor.errors import UsageError

from .test_plan_verbs import run


@pytest.fixture(autouse=True)
def _projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for slug in ("a", "b"):
        (tmp_path / slug).mkdir()
        monkeypatch.chdir(tmp_path / slug)
        assert run("add", f"{slug}1", "Do it").exit_code == 0
        place = {"path": str(tmp_path / slug), "workspace": str(tmp_path / slug / ".database")}
        registry.add(os.environ, Project(slug=slug, name=slug, added_at="", **place))


def ticked(*words: str) -> Any:
    result = CliRunner().invoke(tick.command, list(words))
    assert result.exit_code == 0, result.output
    decision(result.stdout)
    return json.loads(result.stdout)


def test_what_is_ready_is_to_be_started_and_the_database_stays_as_it_was(tmp_path: Path) -> None:
    database = tmp_path / "a/.database/.supervisor/supervisor.db"
    before = hashlib.sha256(database.read_bytes()).digest()
    found = ticked()
    assert [s["label"] for s in found["spawns"]] == ["project:a:a1", "project:b:b1"]
    assert "problems" not in found
    assert hashlib.sha256(database.read_bytes()).digest() == before


def test_who_runs_elsewhere_is_not_started_again() -> None:
    found = ticked("--sessions", "project:a:a1 something:else")
    assert [s["label"] for s in found["spawns"]] == ["project:b:b1"]
    assert found["skipped"][0]["reason"] == "session-already-active"


def test_ready_says_why_nothing_starts(tmp_path: Path) -> None:
    assert CliRunner().invoke(queue.command, ["pause"]).exit_code == 0
    said = CliRunner().invoke(ready.command, []).stdout
    assert "b: nothing starts, the queue is paused" in said


def test_a_label_that_means_nothing_here_is_said() -> None:
    words = ("--sessions", "project:a:a1 junk project:zz:X")
    said = CliRunner().invoke(tick.command, list(words)).stderr
    assert "'junk' is no label of a task" in said and "no project 'zz' is registered" in said
    assert "a1" not in said


def test_a_broken_project_is_named_and_keeps_no_other_waiting(tmp_path: Path) -> None:
    (tmp_path / "a/.database/team.yaml").write_text("project: [")
    found = ticked()
    assert [s["project"] for s in found["spawns"]] == ["b"]
    assert [p["project"] for p in found["problems"]] == ["a"]


def test_a_project_that_cannot_be_read_is_said_and_never_lets_cron_rest(tmp_path: Path) -> None:
    for slug in ("a", "b"):
        assert run("fail", f"{slug}1", "-w", str(tmp_path / slug / ".database")).exit_code == 0
    assert ticked()["disable_cron"] is True
    (tmp_path / "a/.database/team.yaml").write_text("project: [")
    result = CliRunner().invoke(tick.command, [])
    found = json.loads(result.stdout)
    assert (found["action"], found["disable_cron"]) == ("idle", False)
    assert "a is left out: " in result.stderr and "team.yaml" in result.stderr


def test_labels_that_are_no_json_are_a_usage_error() -> None:
    result = CliRunner().invoke(tick.command, ["--session-labels", "{"])
    assert isinstance(result.exception, UsageError)


def test_ready_lists_what_could_start_now() -> None:
    found = json.loads(CliRunner().invoke(ready.command, ["--json"]).stdout)
    assert [r["task"] for r in found["ready"]] == ["a1", "b1"]


def test_ready_warns_of_settings_that_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "a/.database/team.yaml").write_text("project: {max_wrokers: 2}\n")
    result = CliRunner().invoke(ready.command, [])
    assert "Warning: " in result.stderr and "max_wrokers" in result.stderr
    assert "a1" in result.stdout and "Warning" not in result.stdout
    (warning,) = json.loads(CliRunner().invoke(ready.command, ["--json"]).stdout)["warnings"]
    assert "max_wrokers" in warning


def test_what_a_tick_remembers_of_a_project_is_what_it_would_read(tmp_path: Path) -> None:
    for slug in ("a", "b"):
        assert run("fail", f"{slug}1", "-w", str(tmp_path / slug / ".database")).exit_code == 0
    place = Path(os.environ["TEAM_SUPERVISOR_CONFIG"])
    first = ticked()
    files = [*tmp_path.glob("[ab]/.database/team.yaml"), *tmp_path.glob("*/.database/*/*.db*")]
    while time.time_ns() - max(f.stat().st_ctime_ns for f in files) < 2 * 10**9:
        select.select([], [], [], 0.1)
    assert ticked() == ticked() == first
    assert first["reason"] == "no-ready-tasks"
    known = json.loads((place / "cache/projects.json").read_text())["kept"]
    assert len(known) == 3
    assert run("retry", "a1", "-w", str(tmp_path / "a/.database")).exit_code == 0
    assert [s["label"] for s in ticked()["spawns"]] == ["project:a:a1"]
