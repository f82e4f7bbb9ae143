"""Does one tick say what is to be done over all projects, and change nothing by itself?"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from team_supervisor.adapters import registry
from team_supervisor.cli import ready, tick
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


def test_a_broken_project_is_named_and_keeps_no_other_waiting(tmp_path: Path) -> None:
    (tmp_path / "a/.database/team.yaml").write_text("project: [")
    found = ticked()
    assert [s["project"] for s in found["spawns"]] == ["b"]
    assert [p["project"] for p in found["problems"]] == ["a"]


def test_labels_that_are_no_json_are_a_usage_error() -> None:
    result = CliRunner().invoke(tick.command, ["--session-labels", "{"])
    assert isinstance(result.exception, UsageError)


def test_ready_lists_what_could_start_now() -> None:
    found = json.loads(CliRunner().invoke(ready.command, ["--json"]).stdout)
    assert [r["task"] for r in found["ready"]] == ["a1", "b1"]
