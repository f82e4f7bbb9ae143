"""What holds for every test: no team of an outer session, no workspace by accident, no leftover."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from .teams import Team, end_all

# Started in the background, as CI may be, we ignore Ctrl-C, and so would every program we start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The second pass of `make test` sets the latter.
KEPT = ("TEAM_SKIP_ACCEPTANCE", "TEAM_SUPERVISOR_FILE_EVENTS")
OUTSIDE = ("TEAM_", "CLAUDECODE", "CLAUDE_CODE_", "COLUMNS", "LINES", "NO_COLOR")


@pytest.fixture(autouse=True)
def nobody_elses_team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default workspace is `.database` where one stands: here that is nowhere of value."""
    for name in list(os.environ):
        if name.startswith(OUTSIDE) and name not in KEPT:
            monkeypatch.delenv(name)
    monkeypatch.setenv("TEAM_SUPERVISOR_CONFIG", str(tmp_path / "configuration"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def no_agent_outlives_its_test(tmp_path: Path, nobody_elses_team: None) -> Iterator[None]:
    yield
    left = end_all(tmp_path)
    assert not left, f"outlived the test, and were killed: {left}"


@pytest.fixture
def live_team(tmp_path: Path) -> Iterator[Team]:
    """A workspace whose agents are scripted; all that still runs afterwards is stopped."""
    made = Team(tmp_path / "project")
    yield made
    made.end()


@pytest.fixture
def team(live_team: Team) -> Team:
    """The same; some directories have another `team`."""
    return live_team
