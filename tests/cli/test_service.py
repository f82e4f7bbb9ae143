import json
import os
import plistlib
import subprocess
from pathlib import Path

import pytest

from team_supervisor.adapters import workspace
from team_supervisor.adapters.service import Launchd
from team_supervisor.cli import service
from tests.managers import said_to, stand_in
from tests.teams import PROGRAM

WILLING = {"systemctl": "echo active", "loginctl": "echo no"}


def run(directory: Path, *words: object, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "service", *map(str, words)],
        cwd=directory,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "notes"
    workspace.create(workspace.locate(place / ".database")) if not place.mkdir() else None
    return place


def units_of(home: Path) -> list[Path]:
    return sorted((home / ".config/systemd/user").iterdir())


def test_install_writes_the_unit_starts_it_and_says_so(project: Path, tmp_path: Path) -> None:
    done = run(project, "install", **stand_in(tmp_path, **WILLING))
    (unit,) = units_of(tmp_path)
    assert unit.name.startswith("team-supervisor-notes-")
    assert f"--workspace {project}/.database\n" in unit.read_text()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"Wrote {unit}",
        "Ran systemctl --user daemon-reload",
        f"Ran systemctl --user enable {unit.name}",
        f"Ran systemctl --user restart {unit.name}",
        "It supervises from now on, and after each login",
        "To go on when you log out, agents included:  loginctl enable-linger",
    ]


def test_no_start_only_writes_it(project: Path, tmp_path: Path) -> None:
    done = run(project, "install", "--no-start", **stand_in(tmp_path, **WILLING))
    (unit,) = units_of(tmp_path)
    assert done.stdout.splitlines() == [
        f"Wrote {unit}",
        f"Start it:  systemctl --user daemon-reload && systemctl --user enable --now {unit.stem}",
    ]
    assert not (tmp_path / "said").exists()


def test_without_a_service_manager_one_sentence_says_what_to_do(
    project: Path, tmp_path: Path
) -> None:
    refusing = stand_in(tmp_path, systemctl="echo Failed to connect to bus; exit 1")
    done = run(project, "install", **refusing)
    (unit,) = units_of(tmp_path)
    assert done.returncode == 0
    wrote, sentence = done.stdout.splitlines()
    assert wrote == f"Wrote {unit}"
    assert "Nothing was started" in sentence
    assert f"systemctl --user enable --now {unit.stem}" in sentence


def test_a_refusal_of_the_manager_is_told_in_its_own_words(project: Path, tmp_path: Path) -> None:
    picky = 'case "$*" in *restart*) echo "Job failed."; exit 1;; esac'
    done = run(project, "install", **stand_in(tmp_path, systemctl=picky))
    assert done.returncode == 1
    assert "restart team-supervisor-notes-" in done.stderr and "(Job failed.)" in done.stderr
    assert "Traceback" not in done.stderr


def test_there_is_no_service_without_a_workspace(tmp_path: Path) -> None:
    done = run(tmp_path, "install", **stand_in(tmp_path, **WILLING))
    assert done.returncode == 1 and "there is no workspace" in done.stderr
    assert not (tmp_path / ".config").exists()


def test_secrets_are_not_written_and_that_is_said(project: Path, tmp_path: Path) -> None:
    environ = stand_in(tmp_path, **WILLING) | {"ANTHROPIC_API_KEY": "sk-planted"}
    done = run(project, "install", **environ)
    assert "sk-planted" not in done.stdout + units_of(tmp_path)[0].read_text()
    assert "ANTHROPIC_API_KEY is not written into it" in done.stdout


def test_what_the_agents_need_is_handed_on(project: Path, tmp_path: Path) -> None:
    environ = stand_in(tmp_path, **WILLING)
    environ |= {"PATH": f"bin::{environ['PATH']}:/bin", "TEAM_SUPERVISOR_CLAUDE": "/opt/claude"}
    run(project, "install", **environ)
    text = units_of(tmp_path)[0].read_text()
    assert f"Environment=PATH={tmp_path}/programs:/usr/bin:/bin\n" in text
    assert "Environment=TEAM_SUPERVISOR_CLAUDE=/opt/claude\n" in text


def test_uninstall_takes_only_its_own_unit_away(project: Path, tmp_path: Path) -> None:
    environ = stand_in(tmp_path, **WILLING)
    (tmp_path / "other").mkdir()
    workspace.create(workspace.locate(tmp_path / "other/.database"))
    run(project, "install", **environ)
    (unit,) = units_of(tmp_path)
    run(tmp_path / "other", "install", **environ)
    (unit.parent / "ada.service").write_text("hers")
    done = run(project, "uninstall", **environ)
    assert done.returncode == 0
    assert f"Removed {unit}" in done.stdout and "go on" in done.stdout
    assert [path.name[:20] for path in units_of(tmp_path)] == [
        "ada.service",
        "team-supervisor-othe",
    ]
    assert f"systemctl --user disable --now {unit.name}" in said_to(tmp_path)
    again = run(project, "uninstall", **environ)
    assert (again.returncode, "Nothing to uninstall" in again.stdout) == (0, True)


def test_a_changed_unit_is_kept_when_it_is_installed_again(project: Path, tmp_path: Path) -> None:
    environ = stand_in(tmp_path, **WILLING)
    run(project, "install", **environ)
    (unit,) = units_of(tmp_path)
    unit.write_text(unit.read_text() + "# hers\n")
    done = run(project, "install", **environ)
    assert f"kept as {unit}.kept-1" in done.stdout
    assert Path(f"{unit}.kept-1").read_text().endswith("# hers\n")


def test_status_says_how_it_is(project: Path, tmp_path: Path) -> None:
    environ = stand_in(tmp_path, **WILLING)
    before = run(project, "status", **environ)
    assert "Not installed" in before.stdout and "none is running" in before.stdout
    run(project, "install", **environ)
    (unit,) = units_of(tmp_path)
    unit.write_text(unit.read_text().replace("KillMode=process", "KillMode=mixed"))
    said = run(project, "status", **environ).stdout
    assert "running" in said and "KillMode" in said and "enable-linger" in said
    found = json.loads(run(project, "status", "--json", **environ).stdout)
    assert found == {
        "name": unit.stem,
        "path": str(unit),
        "installed": True,
        "different": ["KillMode"],
        "state": "running",
        "lingers": False,
        "supervisor": None,
    }


def test_status_says_where_no_service_manager_answers(project: Path, tmp_path: Path) -> None:
    environ = stand_in(tmp_path, systemctl="echo Failed to connect to bus; exit 1")
    run(project, "install", **environ)
    said = run(project, "status", **environ).stdout
    assert "State:      unknown: no service manager of this user answers here" in said


def test_on_macos_the_agent_is_given_to_launchd(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = stand_in(tmp_path, launchctl="echo state = running")
    where = workspace.locate(project / ".database")
    launchd, wanted = Launchd(environ), service.unit(where, environ)
    service._install(launchd, wanted, start=True)
    path = tmp_path / "Library/LaunchAgents" / f"{wanted.name}.plist"
    assert plistlib.loads(path.read_bytes())["AbandonProcessGroup"] is True
    assert f"launchctl bootstrap gui/{os.getuid()} {path}" in said_to(tmp_path)
    assert service.examine(launchd, where, environ).state == "running"
    service._uninstall(launchd, wanted)
    assert not path.exists()
    assert "go on" in capsys.readouterr().out
