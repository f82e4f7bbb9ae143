import json
import os
from pathlib import Path

import pytest

from tests.teams import Team

CRONTAB = """#!/bin/sh
test -e {place}/broken && {{ echo "you are not allowed" >&2; exit 1; }}
case "$1" in
-l) test -e {place}/tab || {{ echo "no crontab for you" >&2; exit 1; }}; cat {place}/tab;;
-) cat > {place}/tab;;
esac
"""
MINE = b"# mine\nMAILTO=me\n*/7 * * * * /bin/true  # comment\n"


@pytest.fixture
def tab(live_team: Team, tmp_path: Path) -> Path:
    """The crontab of a stand-in for crontab(1), which stores a file."""
    place = tmp_path / "cron"
    place.mkdir()
    (place / "crontab").write_text(CRONTAB.format(place=place))
    (place / "crontab").chmod(0o755)
    live_team.environ["PATH"] = f"{place}:{os.environ['PATH']}"
    (place / "tab").write_bytes(MINE)
    live_team.environ["XDG_CONFIG_HOME"] = str(place)
    return place / "tab"


def test_on_twice_is_one_entry_and_off_gives_the_crontab_back(live_team: Team, tab: Path) -> None:
    assert live_team.call("schedule", "on").returncode == 0
    assert live_team.call("schedule", "on", "--every", "10m").returncode == 0
    text = tab.read_bytes()
    assert text.startswith(MINE) and text.count(b"schedule run") == 1 and b"*/10 " in text
    assert b"PATH=" in text and b"TEAM_SUPERVISOR_CONFIG=" in text
    assert live_team.call("schedule", "status").stdout.startswith("On: */10")
    assert live_team.call("schedule", "off").stdout == "Off\n"
    assert tab.read_bytes() == MINE


def test_what_is_added_while_it_is_on_is_said_to_wait_for_the_next_tick(
    live_team: Team, tab: Path
) -> None:
    def added(name: str) -> str:
        done = live_team.call("tasks", "add", name, "Do it")
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1]

    assert live_team.call("schedule", "on", "--every", "10m").returncode == 0
    none = "No supervisor is running; it starts with `team-supervisor orchestrate`."
    assert added("T1") == none  # no tick looks at what is not registered
    assert live_team.call("projects", "add", live_team.project).returncode == 0
    assert added("T2") == "The next scheduled tick takes it up (every 10 min)."
    assert live_team.call("schedule", "off").returncode == 0
    assert added("T3") == none


def test_an_interval_that_cron_does_not_know_changes_nothing(live_team: Team, tab: Path) -> None:
    done = live_team.call("schedule", "on", "--every", "7m")
    assert done.returncode == 2 and "6m or 10m" in done.stderr
    assert tab.read_bytes() == MINE


def test_a_crontab_that_cannot_be_read_is_never_replaced(live_team: Team, tab: Path) -> None:
    (tab.parent / "broken").touch()
    done = live_team.call("schedule", "on")
    assert done.returncode == 1 and "not allowed" in done.stderr
    assert tab.read_bytes() == MINE


def test_where_there_is_no_cron_it_is_not_wanted_and_status_and_off_say_so(
    live_team: Team, tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    live_team.environ["XDG_CONFIG_HOME"] = str(tmp_path / "nothing")
    live_team.environ["PATH"] = str(tmp_path / "nothing")
    done = live_team.call("schedule", "on")
    assert done.returncode == 1 and "install cron" in done.stderr
    shown = live_team.call("schedule", "status", "--json")
    assert shown.returncode == 0 and json.loads(shown.stdout)["wanted"] is False
    assert live_team.call("schedule", "status").stdout == "Off\n"
    done = live_team.call("schedule", "off")
    assert (done.returncode, done.stdout) == (0, "Off\n")


def test_what_cannot_be_turned_on_stays_as_it_was(live_team: Team, tab: Path) -> None:
    live_team.call("schedule", "on", "--every", "2m")
    (tab.parent / "broken").touch()
    assert live_team.call("schedule", "on", "--every", "10m").returncode == 1
    (tab.parent / "broken").unlink()
    shown = json.loads(live_team.call("schedule", "status", "--json").stdout)
    assert (shown["wanted"], shown["every"]) == (True, 120)


def test_at_rest_it_is_on_again_with_the_next_change_of_the_plan(
    live_team: Team, tab: Path
) -> None:
    live_team.call("schedule", "on", "--every", "2m")
    place = Path(os.environ["TEAM_SUPERVISOR_CONFIG"]) / "schedule.yaml"
    live_team.call("schedule", "off")
    place.write_text("wanted: true\nasleep: true\nevery: 120\n")
    assert "At rest" in live_team.call("schedule", "status").stdout
    assert live_team.call("tasks", "add", "T1", "Write the parser").returncode == 0
    assert b"*/2 * * * *" in tab.read_bytes()
    assert json.loads(live_team.call("schedule", "status", "--json").stdout)["asleep"] is False
