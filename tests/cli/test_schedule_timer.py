"""Does a timer of systemd run the tick, and does nothing of it stay?"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import managers
from tests.teams import Team

NAMES = ["team-supervisor-schedule.service", "team-supervisor-schedule.timer"]
TIMER = NAMES[1]
ON = [f"systemctl --user {words}" for words in ("daemon-reload", f"enable {TIMER}")]
ON.append(f"systemctl --user restart {TIMER}")
# Whether the timer is on is a file; everything else is answered by "active".
SYSTEMCTL = """case "$*" in
*disable*) rm -f {place}/on;;
*restart*) : > {place}/on;;
*ActiveState*) test -e {place}/on || {{ echo inactive; exit; }};;
esac
echo active"""
CRONTAB = """case "$1" in -l) cat {place}/tab;; -) cat > {place}/tab;; esac"""
MINE = "# mine\n"


@pytest.fixture
def units(live_team: Team, tmp_path: Path) -> Path:
    """Where units are, with stand-ins for systemctl and crontab, and nothing else in PATH."""
    place = tmp_path / "machine"
    place.mkdir()
    (place / "tab").write_text(MINE)
    programs = {"systemctl": SYSTEMCTL.format(place=place), "loginctl": "echo yes"}
    live_team.environ |= managers.stand_in(place, **programs, crontab=CRONTAB.format(place=place))
    return place / ".config/systemd/user"


def written(units: Path) -> list[str]:
    return sorted(path.name for path in units.iterdir()) if units.exists() else []


def asked(units: Path) -> list[str]:
    """What systemd was told to do since the last time; not what it was asked."""
    said = units.parents[2] / "said"
    found = [line for line in said.read_text().splitlines() if line.startswith("systemctl")]
    said.write_text("")
    return [line for line in found if " show " not in line]


def test_on_starts_a_timer_and_off_takes_away_what_was_written(
    live_team: Team, units: Path
) -> None:
    units.mkdir(parents=True)
    (units / "mine.timer").write_text("[Timer]\n")
    done = live_team.call("schedule", "on", "--with", "systemd", "--every", "7m")
    assert done.stdout == f"On: {units / TIMER}\n"
    assert written(units) == ["mine.timer", *NAMES] and asked(units) == ON
    assert "OnUnitActiveSec=420s\n" in (units / TIMER).read_text()
    assert "TEAM_SUPERVISOR_CONFIG=" in (units / NAMES[0]).read_text()
    shown = json.loads(live_team.call("schedule", "status", "--json").stdout)
    assert (shown["wanted"], shown["with"], shown["entry"]) == (
        True,
        "systemd",
        str(units / TIMER),
    )
    assert "on (systemd)" in live_team.call("doctor").stdout
    assert live_team.call("schedule", "off").stdout == "Off\n"
    assert written(units) == ["mine.timer"]
    assert asked(units) == [
        f"systemctl --user disable --now {TIMER}",
        "systemctl --user daemon-reload",
    ]
    assert (units.parents[2] / "tab").read_text() == MINE


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_itself_has_nothing_to_say_against_the_pair(live_team: Team, units: Path) -> None:
    live_team.environ["CLAUDE_CONFIG_DIR"] = '/tmp/a %h $HOME "b" \\n'
    assert live_team.call("schedule", "on", "--with", "systemd").returncode == 0
    environ = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(units), "HOME": str(units)}
    checked = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", units / TIMER],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    ours = [line for line in checked.stderr.splitlines() if "team-supervisor" in line]
    assert (checked.returncode, ours) == (0, [])


def test_where_there_is_no_cron_it_is_the_timer(live_team: Team, units: Path) -> None:
    programs = units.parents[2] / "programs"
    assert live_team.call("schedule", "on").returncode == 0
    assert written(units) == []
    assert live_team.call("schedule", "off").returncode == 0
    (programs / "crontab").unlink()
    live_team.environ["PATH"] = str(programs)
    assert live_team.call("schedule", "on").returncode == 0
    assert written(units) == NAMES


def test_another_way_takes_the_place_of_the_one_before(live_team: Team, units: Path) -> None:
    tab = units.parents[2] / "tab"
    live_team.call("schedule", "on", "--with", "cron")
    assert "schedule run" in tab.read_text()
    live_team.call("schedule", "on", "--with", "systemd")
    assert tab.read_text() == MINE and written(units) == NAMES
    live_team.call("schedule", "on", "--every", "10m")
    assert tab.read_text() == MINE and "=600s" in (units / TIMER).read_text()
    live_team.call("schedule", "on", "--with", "cron")
    assert "schedule run" in tab.read_text() and written(units) == []


def test_at_rest_the_timer_is_on_again_with_the_next_change_of_the_plan(
    live_team: Team, units: Path
) -> None:
    live_team.call("schedule", "on", "--with", "systemd")
    asked(units)
    assert live_team.call("schedule", "run").returncode == 0
    assert asked(units) == [f"systemctl --user disable --now {TIMER}"]
    assert "At rest" in live_team.call("schedule", "status").stdout
    assert "at rest (systemd)" in live_team.call("doctor").stdout
    assert live_team.call("tasks", "add", "T1", "Write the parser").returncode == 0
    assert asked(units) == ON
    assert live_team.call("schedule", "off").returncode == 0
    assert written(units) == []


def test_a_unit_that_somebody_changed_is_kept_aside(live_team: Team, units: Path) -> None:
    live_team.call("schedule", "on", "--with", "systemd")
    (units / TIMER).write_text("[Timer]\nOnCalendar=daily\n")
    done = live_team.call("schedule", "off")
    assert f"it is kept as {units / TIMER}.kept-1" in done.stdout
    assert written(units) == [f"{TIMER}.kept-1"]


def test_where_systemd_does_not_answer_nothing_is_written(live_team: Team, units: Path) -> None:
    (units.parents[2] / "programs" / "systemctl").write_text("#!/bin/sh\nexit 1\n")
    done = live_team.call("schedule", "on", "--with", "systemd")
    assert done.returncode == 1 and "systemd does not answer" in done.stderr
    assert written(units) == []
    assert live_team.call("schedule", "status").stdout == "Off\n"


def test_a_timer_that_is_gone_is_said(live_team: Team, units: Path) -> None:
    live_team.call("schedule", "on", "--with", "systemd")
    (units / TIMER).unlink()
    assert "its timer is not on" in live_team.call("schedule", "status").stdout
    assert "it is to be on, and systemd has it not" in live_team.call("doctor").stdout


WITHOUT = managers.why_no_systemd()


@pytest.mark.skipif(WITHOUT is not None, reason=str(WITHOUT))
def test_a_real_timer_runs_the_tick_and_agents_survive_its_end(live_team: Team) -> None:
    team = live_team
    team.write_settings()
    gate = team.gate()
    assert team.call("projects", "add", str(team.project)).returncode == 0
    script = f"# Work\n\n```scripted-agent\n{gate.step}\ndone all\n```\n"
    (team.project / "T1-spec.md").write_text(f"---\nid: T1\ntitle: Work\n---\n{script}")
    assert team.call("tasks", "import", str(team.project / "T1-spec.md")).returncode == 0
    with managers.systemd(team.environ["PATH"]) as environ:
        team.environ |= environ
        done = team.call("schedule", "on", "--with", "systemd")
        assert done.returncode == 0, done.stderr
        log = Path(team.environ["TEAM_SUPERVISOR_CONFIG"]) / "schedule.log"
        team.wait_beside(lambda: log.exists() and "ended with 0" in log.read_text())
        team.wait_beside(lambda: state(team, NAMES[0]) == "inactive")
        agent = team.sessions()[0].agent_pid
        assert agent is not None and os.path.exists(f"/proc/{agent}")
        assert team.call("schedule", "off").returncode == 0
        assert state(team, TIMER) == "inactive"
        assert os.path.exists(f"/proc/{agent}")
        gate.open()
        team.run()


def state(team: Team, unit: str) -> str:
    argv = ["systemctl", "--user", "show", "--property=ActiveState", "--value", unit]
    return subprocess.run(argv, env=team.environ, capture_output=True, text=True).stdout.strip()
