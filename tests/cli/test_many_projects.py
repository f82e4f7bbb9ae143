"""What becomes of projects when several commands, a hundred of them, or broken ones meet?"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.cli.test_projects import listed, make, projects
from tests.faults.mounts import read_only
from tests.teams import PROGRAM


def test_of_two_that_register_the_same_directory_at_once_one_wins() -> None:
    make("a")
    both = [
        subprocess.Popen(
            [PROGRAM, "projects", "add", "a", "--slug", slug],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for slug in ("one", "two")
    ]
    said = [each.communicate(timeout=60) for each in both]
    assert sorted(each.returncode for each in both) == [0, 2]
    (refused,) = [errors for _, errors in said if errors]
    (slug,) = listed()
    assert refused.strip().endswith(f"is registered already, as '{slug}'")
    assert refused.count("\n") == 1


def test_a_hundred_projects_are_listed_and_each_file_of_theirs_is_opened_at_most_twice() -> None:
    names = [f"p{number:03}" for number in range(100)]
    make(*(f"{name}/.database" for name in names))
    here = os.getcwd()
    entries = {
        name: {"path": f"{here}/{name}", "workspace": f"{here}/{name}/.database"} for name in names
    }
    for name in names:
        Path(f"{name}/.database/team.yaml").write_text("project: {max_workers: 7}\n")
    Path("configuration").mkdir(mode=0o700)
    Path("configuration/projects.yaml").write_text(yaml.safe_dump({"projects": entries}))
    opened = opened_by("projects", "list", "--json")
    assert len(listed()) == 100
    assert all(each["settings"]["max_workers"] == 7 for each in listed().values())
    assert {path: n for path, n in opened.items() if n > 2} == {}
    assert sum("p042" in path for path in opened) <= 3


AUDITED = """
import sys
from collections import Counter
opened = Counter()
def hook(name, arguments):
    if name == "open" and isinstance(arguments[0], (str, bytes)):
        opened[str(arguments[0])] += 1
sys.addaudithook(hook)
from team_supervisor.cli import main
try:
    main()
except SystemExit:
    pass
import json
print(json.dumps({k: n for k, n in opened.items() if "/p0" in k}), file=sys.stderr)
"""


def opened_by(*words: str) -> dict[str, int]:
    """Files of projects that a command opens, and how often."""
    import sys

    done = subprocess.run(
        [sys.executable, "-c", AUDITED, *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stderr.splitlines()[-1])
    assert found
    return found


def test_a_workspace_that_is_read_only_is_shown_and_not_started(tmp_path: Path) -> None:
    make("a/.database", "b")
    projects("add", "a")
    projects("add", "b")
    with read_only(tmp_path / "a" / ".database"):
        assert set(listed()) == {"a", "b"}
        for verb in ("start", "pause"):
            refused = projects(verb, "a", code=1)
            assert "Read-only file system" in refused
            assert len(refused.strip().splitlines()) == 1, refused
    assert listed()["a"]["status"] == "stopped"


def test_one_with_a_broken_team_yaml_is_not_started_and_leaves_the_others() -> None:
    make("a", "b")
    projects("add", "a")
    projects("add", "b")
    Path("a/.database/team.yaml").write_text("project: [")
    try:
        said = projects("start", code=2)
        assert "not valid YAML" in said
        assert "Started b" in said
        assert "broken" in projects("list")
    finally:
        projects("stop", "b")


def test_start_without_names_starts_the_active_ones_alone_and_says_which_it_left() -> None:
    make("a", "b", "c")
    for name in "abc":
        projects("add", name)
    projects("pause", "b")
    Path("c/.database/team.yaml").write_text("project: {status: blocked}\n")
    try:
        said = projects("start")
        assert "Left alone: b is paused, c is blocked" in said
        assert "Started a" in said
        found: dict[str, Any] = {slug: each["status"] for slug, each in listed().items()}
        assert found == {"a": "running", "b": "stopped", "c": "stopped"}
    finally:
        projects("stop", "a")
