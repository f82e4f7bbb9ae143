import json
import os
import signal
from datetime import datetime
from typing import Any

import pytest
from click.testing import CliRunner

from team_supervisor.adapters import processes
from team_supervisor.adapters.store import open_reader
from team_supervisor.cli.columns import Frame
from team_supervisor.cli.dashboard import render
from team_supervisor.cli.meter import Meter
from team_supervisor.cli.sessions import board
from team_supervisor.cli.show import cells, due, plain, short_age
from team_supervisor.cli.track import command
from team_supervisor.core.model import RequestStatus, State

from .example_team import ExampleTeam
from .terminals import Terminal, on_terminal, option, shown

ALTERNATE, BACK = "\x1b[?1049h", "\x1b[?1049l"


def once(team: ExampleTeam, *arguments: str) -> str:
    argv = ["--once", *arguments, *option(team.place.root)]
    result = CliRunner().invoke(command, argv)
    assert result.exit_code == 0, result.output
    return result.output


def document(team: ExampleTeam) -> Any:
    return json.loads(once(team, "--json"))


def painted(team: ExampleTeam, **frame: Any) -> list[str]:
    now = board(team.place, open_reader(team.place.database))
    return [plain(line) for line in render(now, Frame(**{"now": team.now, **frame}))]


def test_everything_about_a_session_is_on_its_two_lines(team: ExampleTeam) -> None:
    lines = once(team).splitlines()
    first = next(i for i, line in enumerate(lines) if "api-developer" in line)
    mark, name, state, tasks, counted, age, restarts, cpu, memory, tokens, cost = lines[
        first
    ].split()
    assert (mark, name, state, counted, age) == ("●", "api-developer", "active", "7/12", "51m")
    assert tasks.strip("█░") == "" and tasks.count("█") == len(tasks) * 7 // 12
    assert (restarts, tokens, cost) == ("2", "1.0M", "$1.87")
    assert cpu.endswith("%") and memory.endswith("M")
    assert lines[first + 1].split()[0] == "software-engineer"
    assert "Bash: pytest -q tests/api --maxfail=1 · " in lines[first + 1]


def test_each_state_is_said(team: ExampleTeam) -> None:
    text = once(team)
    for words in (
        "waiting for 2 sessions",
        "needs attention",
        "denied: Bash (git push), 3 nudges without a change in tasks.md",
        "rate limited until ",
        "no sign of life for 20 min",
        "failed",
        "5 failures in a row: code 1",
        "completed",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (12.2, "10:00:13"),
        (599, "10:09:59"),
        (601, "10:11"),
        (1800, "10:30"),
        (86400, "Jan 07 10:00"),
    ],
)
def test_the_end_of_a_limit_is_never_shown_as_a_time_that_is_over(
    seconds: float, words: str
) -> None:
    now = datetime(2026, 1, 6, 10, 0).timestamp()
    assert due(now + seconds, now) == words


def test_two_requests_whose_names_are_no_text_are_told_apart(team: ExampleTeam) -> None:
    for byte in "\udcff\udcfe":
        team.request("qa", byte, RequestStatus.REJECTED, "no such persona")
    text = once(team)
    assert r"qa-request-\xff" in text and r"qa-request-\xfe" in text


def test_who_needs_a_person_comes_first_and_the_archived_last(team: ExampleTeam) -> None:
    lines = once(team).splitlines()
    names = [line.split()[1] for line in lines if line[:1] in tuple("●◐▲◆✗✓")]
    assert set(names[:3]) == {"changelog", "readme", "database-layer"}
    assert names[6] == "design"


def test_requests_are_shown_with_why(team: ExampleTeam) -> None:
    for number in range(5):
        team.request("devops", f"deploy-{number}", RequestStatus.REJECTED, "no such persona")
    text = once(team)
    assert "qa-request-load-test" in text
    assert "queued: 8 sessions are at work, the most allowed" in text
    assert text.count("rejected: ") == 3 and "devops-request-deploy-4" in text
    assert once(team, "--all").count("rejected: ") == 6


def test_only_the_newest_archived_sessions_are_shown(team: ExampleTeam) -> None:
    for number in range(5):
        team.add("qa", f"old-{number}", state=State.COMPLETED, ended_at=team.now - 100 + number)
    text = once(team)
    assert "… 3 more archived (--all)" in text
    assert "old-4" in text and "old-1" not in text
    assert "old-1" in once(team, "--all")


def test_a_supervisor_that_is_gone_is_told_in_red(team: ExampleTeam) -> None:
    assert "supervised by orchestrate (PID " in once(team)
    team.free("supervisor")
    assert "no supervisor is running" in once(team)
    assert "\x1b[1;31m ✗ no supervisor" in on_terminal("track", "--once", *option(team.place.root))


def test_a_workspace_without_sessions_is_no_error(empty_team: ExampleTeam) -> None:
    assert "No session yet." in once(empty_team)
    assert document(empty_team)["sessions"] == []


def test_json_is_one_document_with_totals_and_utc_times(team: ExampleTeam) -> None:
    found = document(team)
    assert found["totals"]["running"] == 5
    assert found["totals"]["cost_usd"] == pytest.approx(3.69)
    rows = {row["name"]: row for row in found["sessions"]}
    assert rows["api-developer"]["memory"] > 1 << 20
    assert rows["api-developer"]["processes"] >= 1
    assert rows["design"]["ended_at"].endswith("Z")
    assert found["requests"][0]["status"] == "queued"
    assert found["rejected"][0]["reason"] == "there is no persona devops"


def test_json_without_once_is_one_document_a_line(team: ExampleTeam) -> None:
    terminal = Terminal("track", "--json", "--interval", "0.2", *option(team.place.root))
    lines = [terminal.until("\n") for _ in range(2)]
    terminal.send("\x03")
    assert terminal.end()[1] == 0
    assert [set(json.loads(line)) >= {"at", "totals"} for line in lines] == [True, True]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_nothing_is_wider_than_the_terminal(team: ExampleTeam, width: int) -> None:
    team.add("software-engineer", "x" * 60, last_words="日本語 " * 40, runs=True)
    lines = painted(team, width=width)
    assert max(map(cells, lines)) <= width
    assert any("databas" in line for line in lines)


def test_at_80_columns_restarts_and_tokens_move_to_the_second_line(team: ExampleTeam) -> None:
    lines = painted(team, width=80)
    first = next(i for i, line in enumerate(lines) if line.startswith("● api-developer"))
    assert lines[first + 1].endswith("2 restarts, 1.0M tokens")
    assert " · 3 s ago" in lines[first + 1]


def test_what_does_not_fit_into_the_window_is_counted(team: ExampleTeam) -> None:
    for number in range(30):
        team.add("intern", f"busy-{number}", runs=True, last_activity_at=team.now)
    lines = painted(team, width=80, height=24)
    assert len(lines) == 24 or len(lines) == 23
    assert any("more: make the window taller" in line for line in lines)
    assert any("37 sessions" in line for line in lines)
    assert any("database-layer" in line for line in lines)


@pytest.mark.parametrize("width", [80, 120])
def test_how_many_there_are_is_said_in_full_where_all_names_are_short(
    empty_team: ExampleTeam, width: int
) -> None:
    for number in range(3):
        empty_team.add("qa", f"q{number}", runs=True, last_activity_at=empty_team.now)
    assert any("3 sessions" in line for line in painted(empty_team, width=width))


def test_the_dashboard_is_refreshed_in_place_and_q_ends_it(team: ExampleTeam) -> None:
    terminal = Terminal("track", "--interval", "0.2", *option(team.place.root))
    assert ALTERNATE in terminal.until("7/12")
    team.store.update(team.made["api-developer"].id, tasks_done=8)
    between = terminal.until("8/12")
    assert "\x1b[2J" not in between and ALTERNATE not in between
    terminal.send("q")
    rest, code = terminal.end()
    assert rest.rstrip().endswith("\x1b[?25h") or BACK in rest
    assert code == 0


def test_a_resized_window_is_painted_anew_at_once(team: ExampleTeam) -> None:
    terminal = Terminal("track", "--interval", "3600", *option(team.place.root))
    assert "RESTARTS" not in terminal.until("REQUESTS")
    terminal.resize(130, 30)
    terminal.until("RESTARTS")
    terminal.send("q")
    assert terminal.end()[1] == 0


@pytest.mark.parametrize("keys", ["\x03", "q", "\x04"])
def test_keys_that_end_it_leave_the_terminal_as_it_was(team: ExampleTeam, keys: str) -> None:
    terminal = Terminal("track", "--interval", "3600", *option(team.place.root))
    terminal.until("REQUESTS")
    terminal.send(keys)
    text, code = terminal.end()
    assert BACK in text and "\x1b[?25h" in text
    assert code == 0


def test_a_terminating_signal_leaves_the_terminal_as_it_was(team: ExampleTeam) -> None:
    terminal = Terminal("track", "--interval", "3600", *option(team.place.root))
    terminal.until("REQUESTS")
    os.kill(terminal.pid, signal.SIGTERM)
    text, code = terminal.end()
    assert BACK in text and code == 0


def test_ctrl_z_gives_the_terminal_back_and_continues_later(team: ExampleTeam) -> None:
    terminal = Terminal("track", "--interval", "3600", *option(team.place.root))
    terminal.until("REQUESTS")
    os.kill(terminal.pid, signal.SIGTSTP)
    terminal.until(BACK)
    _, status = os.waitpid(terminal.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.until("REQUESTS")
    terminal.send("q")
    assert terminal.end()[1] == 0


def test_without_a_terminal_it_is_printed_once(team: ExampleTeam) -> None:
    result = CliRunner().invoke(command, option(team.place.root))
    assert result.exit_code == 0 and "\x1b" not in result.output
    assert "7 sessions" in result.output


def test_what_agents_say_can_do_nothing_to_a_terminal(empty_team: ExampleTeam) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J[red]markup[/red]\nnext"
    empty_team.add("intern", "readme", runs=True, last_words=evil, doing_detail=evil)
    empty_team.request("qa", "x", RequestStatus.REJECTED, evil)
    assert "\x1b" not in once(empty_team)
    text = on_terminal("track", "--once", *option(empty_team.place.root), columns=120)
    assert "owned" not in text and "\x1b[2J" not in text
    assert any("[red]markup[/red] next" in line for line in shown(text))


def test_processor_time_is_of_the_time_between_two_looks(team: ExampleTeam) -> None:
    """We are the host of every example session, so burning time here is seen there."""
    meter = Meter(team.place, open_reader(team.place.database))
    session, begun = team.made["api-developer"].id, os.times().elapsed
    assert meter.sample()[session].cpu < 100
    before = os.times()
    while os.times().user - before.user < 0.5:
        sum(range(1000))
    measured = meter.sample()[session].cpu
    # The looks are no further apart than this, and the half second lies between them.
    share = 100 * 0.5 / (os.times().elapsed - begun)
    assert 0.9 * share < measured < 400
    assert processes.identify(os.getpid()) is not None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0s"), (59, "59s"), (60, "1m"), (3600, "1h00"), (86399, "23h59"), (86400, "1d")],
)
def test_ages_are_short(seconds: float, words: str) -> None:
    assert short_age(seconds) == words
