"""Can a team work on this machine, and what should be mended first?"""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from team_supervisor.adapters import locks, workspace
from team_supervisor.adapters.locks import Holder
from team_supervisor.adapters.store import open_store
from team_supervisor.adapters.workspace import create
from team_supervisor.cli import diagnosis, doctor, service
from team_supervisor.cli.diagnosis import Place
from team_supervisor.core.model import Session

SIGNED_IN = """case "$1" in
--version) echo "2.1.197 (Claude Code)";;
auth) echo '{"loggedIn": true, "authMethod": "api_key"}';;
esac"""


@pytest.fixture
def claude(tmp_path):
    return program(tmp_path / "claude", SIGNED_IN)


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def run(*arguments, **environ):
    unset = {"TEAM_SUPERVISOR_CLAUDE": None, "TEAM_SUPERVISOR_WORKSPACE": None}
    return CliRunner(env=unset | environ).invoke(doctor.command, [str(a) for a in arguments])


def examined(*arguments, **environ):
    result = run("--json", *arguments, **environ)
    checks = json.loads(result.stdout)["checks"]
    return result.exit_code, {check["name"]: check for check in checks}


def on_a_terminal(*arguments, **environ):
    """What a terminal shows, and the exit code."""
    ours, theirs = pty.openpty()
    code = "from team_supervisor.cli.doctor import command; command()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environ},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        pass  # Linux's word for the end of a terminal
    finally:
        os.close(ours)
    return shown.decode(), process.wait(60)


def test_a_machine_in_order_ends_with_0(tmp_path, claude):
    code, checks = examined("-w", tmp_path / ".database", "--claude", claude)
    assert code == 0
    assert checks["claude"]["detail"] == f"2.1.197 at {claude}"
    assert checks["sign-in"]["detail"] == "api key"
    assert checks["workspace"]["detail"] == f"{tmp_path / '.database'} can be made"
    assert not (tmp_path / ".database").exists()
    assert set(checks["disk"]) == {"name", "status", "detail", "advice"}


def test_a_missing_claude_ends_with_1_and_says_how_to_get_it(tmp_path):
    code, checks = examined("-w", tmp_path, PATH=str(tmp_path), HOME=str(tmp_path))
    assert (code, checks["claude"]["status"]) == (1, "fail")
    assert "npm install -g @anthropic-ai/claude-code" in checks["claude"]["detail"]
    assert "sign-in" not in checks


def test_nobody_signed_in_ends_with_1(tmp_path):
    text = SIGNED_IN.replace("true", "false")
    code, checks = examined("-w", tmp_path, "--claude", program(tmp_path / "claude", text))
    assert (code, checks["sign-in"]["status"]) == (1, "fail")
    assert "claude auth login" in checks["sign-in"]["advice"]


def test_the_program_of_the_settings_is_looked_at(tmp_path, claude):
    (tmp_path / "team.yaml").write_text(f"claude: {claude}\n")
    code, checks = examined("-w", tmp_path)
    assert (code, checks["claude"]["detail"]) == (0, f"2.1.197 at {claude}")


def test_settings_that_cannot_be_read_end_with_1(tmp_path, claude):
    (tmp_path / "team.yaml").write_text("limits: [1\n")
    code, checks = examined("-w", tmp_path, "--claude", claude)
    assert (code, checks["settings"]["status"]) == (1, "fail")
    assert "team.yaml" in checks["settings"]["detail"]


def test_a_file_in_the_way_ends_with_1(tmp_path, claude):
    (tmp_path / "file").write_text("")
    code, checks = examined("-w", tmp_path / "file", "--claude", claude)
    assert (code, checks["workspace"]["status"]) == (1, "fail")


def test_a_running_supervisor_is_named(tmp_path, claude):
    where = workspace.locate(tmp_path / ".database")
    workspace.create(where)
    lock = locks.hold(where.lock, Holder(os.getpid(), "here", "today", "orchestrate"))
    try:
        code, checks = examined("-w", where.root, "--claude", claude)
    finally:
        os.close(lock)
    assert (code, checks["supervisor"]["status"]) == (0, "ok")
    assert f"PID {os.getpid()}" in checks["supervisor"]["detail"]


def test_what_is_piped_is_aligned_and_plain(tmp_path, claude):
    result = run("-w", tmp_path, "--claude", claude)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("ok    python       3.")
    assert all(line[:4].strip() in ("ok", "warn", "fail") and line[17:19] == "  " for line in lines)
    assert "\x1b" not in result.stdout
    assert result.stderr == ""


def test_a_terminal_shows_colours_unless_told_not_to(tmp_path, claude):
    shown, code = on_a_terminal("-w", tmp_path, "--claude", claude, NO_COLOR="")
    assert code == 0 and "\x1b[32mok\x1b[0m" in shown and "2.1.197" in shown
    shown, code = on_a_terminal("-w", tmp_path, "--claude", claude, NO_COLOR="1")
    assert code == 0 and "\x1b[3" not in shown and "2.1.197" in shown


def test_a_hostile_name_does_not_command_the_terminal(tmp_path, claude):
    result = run("-w", tmp_path / "\x1b[2Jevil\nfail", "--claude", claude)
    assert "evil fail can be made" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("megabytes", "inodes", "status"),
    [
        (255, None, "fail"),
        (256, None, "warn"),
        (999, 10_000, "warn"),
        (1000, 10_000, "ok"),
        (1000, 999, "fail"),
    ],
)
def test_a_full_disk_fails_and_one_that_fills_warns(megabytes, inodes, status):
    assert diagnosis.judge_disk(megabytes * 1_000_000, inodes).status == status


@pytest.mark.parametrize(
    ("is_directory", "is_writable", "status"),
    [(True, True, "ok"), (True, False, "fail"), (False, True, "fail")],
)
def test_a_workspace_must_be_a_directory_that_can_be_written(is_directory, is_writable, status):
    place = Place(Path("/w"), Path("/w"), is_directory, is_writable)
    assert diagnosis.judge_workspace(place).status == status


def test_a_workspace_that_others_can_open_warns_and_says_how_to_close_it(tmp_path, claude):
    place = tmp_path / "work" / ".database"
    place.mkdir(parents=True)
    place.chmod(0o750)
    said = run("-w", place, "--claude", claude).output
    assert f"{place} is open to other users (mode 750); run `chmod 700 {place}`" in said
    place.chmod(0o700)
    assert "open to other users" not in run("-w", place, "--claude", claude).output


def test_a_network_file_system_warns():
    assert diagnosis.judge_filesystem("nfs4").status == "warn"
    assert diagnosis.judge_filesystem("ext4").status == "ok"


def test_low_inotify_limits_warn_and_say_what_to_run():
    low = diagnosis.judge_inotify({"max_user_watches": 100, "max_user_instances": 128})
    assert low.status == "warn"
    assert low.advice == "run `sudo sysctl fs.inotify.max_user_watches=8192`"
    enough = {"max_user_watches": 8192, "max_user_instances": 64, "max_queued_events": 1}
    assert diagnosis.judge_inotify(enough).status == "ok"
    assert diagnosis.judge_inotify(None).status == "warn"


def test_what_can_be_done_without_only_warns():
    found = (diagnosis.judge_git(None), diagnosis.judge_tmux(None), diagnosis.judge_leases(False))
    assert [check.status for check in found] == ["warn"] * 3
    assert all(check.advice for check in found)


def test_an_old_python_fails():
    assert diagnosis.judge_python((3, 10, 14)).status == "fail"
    assert diagnosis.judge_python((3, 11, 0)).status == "ok"


def test_a_claude_that_does_not_answer_as_claude_fails():
    found = diagnosis.judge_claude("/bin/true", None)
    assert (found.status, "/bin/true --version" in found.advice) == ("fail", True)


def test_a_sign_in_that_is_not_known_warns():
    assert diagnosis.judge_sign_in("unknown").status == "warn"


def test_an_unknown_setting_warns():
    assert diagnosis.judge_settings(Path("/w/team.yaml"), True, ("unknown x",)).status == "warn"


def found(**others):
    values = {
        "name": "team-supervisor-x",
        "path": "/x.service",
        "installed": True,
        "different": (),
        "state": "running",
        "lingers": True,
        "supervisor": None,
    }
    return service.Found(**values | others)


@pytest.mark.parametrize(
    ("facts", "status", "said"),
    [
        ({}, "ok", "running"),
        ({"installed": False, "state": "unknown", "lingers": False}, "ok", "service install"),
        ({"different": ("KillMode",)}, "fail", "ends agents"),
        ({"different": ("AbandonProcessGroup",)}, "fail", "ends agents"),
        ({"different": ("ExecStart",)}, "fail", "another program or workspace"),
        ({"state": "failed"}, "fail", "journalctl --user -u team-supervisor-x"),
        ({"different": ("RestartSec",)}, "warn", "RestartSec"),
        ({"state": "stopped"}, "warn", "is stopped"),
        ({"state": "unknown"}, "warn", "no service manager of this user answers"),
        ({"lingers": False}, "warn", "loginctl enable-linger"),
        ({"lingers": None}, "ok", "running"),
    ],
)
def test_a_service_is_judged_by_what_it_does_to_the_agents(facts, status, said):
    check = diagnosis.judge_service(found(**facts))
    assert check.status == status
    assert said in f"{check.detail}; {check.advice}"


def test_a_service_that_was_changed_by_a_drop_in_is_found(tmp_path, claude):
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    (tmp_path / "work" / ".database").mkdir(parents=True)
    arguments = ("-w", tmp_path / "work" / ".database")
    CliRunner(env=environ).invoke(service.command, ["install", "--no-start", *map(str, arguments)])
    _, checks = examined(*arguments, "--claude", claude, **environ)
    assert checks["service"]["status"] == "warn"
    (unit,) = (tmp_path / "config/systemd/user").iterdir()
    drop_in = unit.with_name(f"{unit.name}.d") / "override.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nKillMode=mixed\n")
    code, checks = examined(*arguments, "--claude", claude, **environ)
    assert (code, checks["service"]["status"]) == (1, "fail")
    assert "KillMode" in checks["service"]["detail"]


def test_a_deadlock_that_lasts_and_a_second_singleton_are_findings(live_team, claude):
    create(live_team.workspace)
    store = open_store(live_team.workspace.database)
    store.set_team("deadlocks", json.dumps({"plan": "B needs A, which failed"}))
    _, found = examined("-w", live_team.root, "--claude", claude)
    assert found["team"]["detail"] == "deadlock: B needs A, which failed"
    assert "tasks retry" in found["team"]["advice"] and "say" not in found["team"]["advice"]
    store.set_team("deadlocks", json.dumps({"qa-1": "qa-1 and qa-2 wait for one another"}))
    _, found = examined("-w", live_team.root, "--claude", claude)
    assert found["team"]["advice"] == "`team-supervisor say` one of them what it waits for"
    for number in (1, 2):
        plain = {"persona": "engineering-manager", "name": "m", "created_at": number}
        store.insert(Session(id=f"engineering-manager-{number}", **plain))
    store.close()
    _, found = examined("-w", live_team.root, "--claude", claude)
    assert found["team"]["status"] == "warn"
    assert "only one engineering-manager" in found["team"]["detail"]
