import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from team_supervisor.cli.attach import command
from team_supervisor.core.model import RequestStatus, State
from team_supervisor.errors import TeamError, UsageError

from .example_team import ExampleTeam, spoken
from .terminals import Terminal, on_terminal, option, shown

ENDED = {"state": State.COMPLETED, "ended_at": 1_795_000_000.0}
EVIL = "\x1b]0;owned\x07\x1b[2J[bold]hi[/bold]\x9b31m\u202egnp.exe"


def attach(team: ExampleTeam, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, *option(team.place.root)])


def listed(team: ExampleTeam, *arguments: str) -> str:
    result = attach(team, "--list", *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def rows(team: ExampleTeam, *arguments: str) -> dict[str, dict[str, Any]]:
    document = json.loads(listed(team, "--json", *arguments))
    return {row["name"]: row for row in document["sessions"]}


def test_the_list_is_grouped_by_persona_with_everything_about_a_session(team: ExampleTeam) -> None:
    lines = listed(team).splitlines()
    start = lines.index("software-engineer")
    assert lines[start + 1] == "  api-developer: active"
    facts = lines[start + 2]
    assert facts.startswith("    7/12 tasks, $1.87, software-engineer-1706012345679, PID ")
    assert f"PID {os.getpid()}, started " in facts and "(51 min ago)" in facts
    assert lines[start + 3].startswith("    Bash: pytest -q tests/api --maxfail=1 · ")
    assert lines[start + 4].startswith("  database-layer: needs attention: denied: Bash (git push)")


def test_a_pipe_gets_no_colour_and_no_box(team: ExampleTeam) -> None:
    assert not set(listed(team)) & set("\x1b╭│─╰")


def test_archived_sessions_are_listed_only_when_asked_for(team: ExampleTeam) -> None:
    assert "design" not in rows(team)
    assert rows(team, "--all")["design"]["state"] == "completed"
    assert "(1 archived not shown: --all)" in listed(team)


def test_the_filter_finds_personas_and_names(team: ExampleTeam) -> None:
    engineers = {"build-rest-api", "api-developer", "database-layer"}
    assert set(rows(team, "--filter", "engineer")) == engineers
    assert set(rows(team, "--filter", "readme")) == {"readme"}
    assert "No session to show." in listed(team, "--filter", "nobody")


def test_json_has_times_in_utc_and_plain_values(team: ExampleTeam) -> None:
    document = json.loads(listed(team, "--json"))
    assert document["workspace"] == str(team.place.root)
    assert document["supervisor"].startswith("orchestrate (PID ")
    row = rows(team)["api-developer"]
    assert row["tasks"] == {"done": 7, "total": 12}
    assert (row["status"], row["running"], row["pid"]) == ("active", True, os.getpid())
    assert row["cost_usd"] == 1.87
    assert row["ended_at"] is None
    assert row["started_at"].endswith("Z") and row["started_at"][10] == "T"


def test_a_session_whose_process_is_gone_is_not_called_active(team: ExampleTeam) -> None:
    team.free(team.made["api-developer"].id)
    row = rows(team)["api-developer"]
    assert (row["status"], row["running"], row["pid"]) == ("not running", False, None)


def test_without_a_supervisor_the_list_says_so(empty_team: ExampleTeam) -> None:
    empty_team.add("intern", "readme", state=State.REQUESTED)
    assert "No supervisor is running" in listed(empty_team)
    assert "not running" in listed(empty_team)


def test_what_agents_say_can_do_nothing_to_a_terminal(empty_team: ExampleTeam) -> None:
    values: dict[str, Any] = {"state": State.FAILED, "reason": EVIL, "last_words": EVIL}
    empty_team.add("intern", "readme", **values)
    printed = listed(empty_team)
    assert "[bold]hi[/bold]" in printed and not set(printed) & set("\x1b\x9b\u202e")
    on_screen = on_terminal("attach", "--list", *option(empty_team.place.root))
    assert "]0;" not in on_screen and "\x1b[2J" not in on_screen and "\u202e" not in on_screen
    assert "[bold]hi[/bold]" in on_screen


@pytest.mark.parametrize("columns", [80, 120])
def test_boxes_fit_the_terminal(team: ExampleTeam, columns: int) -> None:
    text = on_terminal("attach", "--list", *option(team.place.root), columns=columns)
    lines = shown(text)
    boxed = [line for line in lines if line[:1] in ("╭", "│", "╰")]
    assert len(boxed) > 15
    assert {len(line) for line in boxed} == {columns}
    assert any(line.startswith("╭─ software-engineer ──") for line in lines)
    assert any("● api-developer" in line and "7/12 tasks    $1.87 │" in line for line in lines)
    assert any("denied: Bash (git push), 3 nudges" in line for line in lines)


def test_no_color_keeps_the_boxes_and_drops_the_colours(team: ExampleTeam) -> None:
    text = on_terminal("attach", "--list", *option(team.place.root), NO_COLOR="1")
    assert "╭─" in text and "\x1b[32m" not in text
    coloured = on_terminal("attach", "--list", *option(team.place.root))
    assert "\x1b[32m" in coloured


# What a plain list has no use for, each a hundredth of a second or a few of them.
UNUSED = [
    "rich",
    "psutil",
    "yaml",
    "socket",
    "subprocess",
    "shutil",
    "markdown_it",
    "team_supervisor.core.terms",
    "team_supervisor.core.events",
    "team_supervisor.core.progress",
    "team_supervisor.core.budgets",
    "team_supervisor.cli.meter",
    "team_supervisor.runners",
    "team_supervisor.adapters.processes",
]


def test_a_piped_list_loads_only_what_it_needs(team: ExampleTeam) -> None:
    code = (
        "import sys; sys.argv[1:] = ['attach', '--list', '-w', sys.argv[1]]\n"
        "from team_supervisor.cli import main\n"
        "main(standalone_mode=False)\n"
        f"print(sorted(sys.modules.keys() & set({UNUSED})), file=sys.stderr)\n"
    )
    argv = [sys.executable, "-c", code, str(team.place.root)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True)
    assert ended.stderr == "[]\n"


def test_attaching_opens_the_shell_in_the_directory_and_exit_returns(team: ExampleTeam) -> None:
    session = team.made["api-developer"]
    terminal = Terminal("attach", "api-dev", *option(team.place.root), SHELL="/bin/sh", PS1="> ")
    banner = terminal.until("to come back")
    for words in (session.id, "software-engineer", "active", "7/12 tasks", "PID ", "tasks.md"):
        assert words in banner
    assert "team-supervisor say api-developer" in banner
    terminal.send('echo "<$PWD|$TEAM_SESSION_ID|$TEAM_WORKSPACE|$TEAM_ATTACHED>"; exit 7\n')
    directory = team.place.root / session.directory
    terminal.until(f"<{directory}|{session.id}|{team.place.root}|1>")
    rest, code = terminal.end()
    assert "Back from api-developer" in rest
    assert code == 0


def test_ctrl_c_in_the_shell_does_not_end_the_attachment(team: ExampleTeam, tmp_path: Path) -> None:
    shell = tmp_path / "a-shell-in-our-process-group"
    shell.write_text("#!/bin/sh\ntrap 'echo caught' INT\necho ready\nuntil read x; do :; done\n")
    shell.chmod(0o700)
    terminal = Terminal("attach", *option(team.place.root), SHELL=str(shell))
    terminal.until("ready")
    terminal.send("\x03")
    terminal.until("caught")
    terminal.send("go on\n")
    rest, code = terminal.end()
    assert "Back from build-rest-api" in rest
    assert code == 0


def test_an_archived_session_can_be_entered_but_not_talked_to(team: ExampleTeam) -> None:
    terminal = Terminal("attach", "design", *option(team.place.root), SHELL="/bin/sh")
    banner = terminal.until("to come back")
    assert "completed" in banner and "team-supervisor say" not in banner
    terminal.send("pwd; exit\n")
    terminal.until(team.made["design"].directory)
    assert terminal.end()[1] == 0


def test_a_shell_that_does_not_exist_is_replaced(team: ExampleTeam) -> None:
    terminal = Terminal("attach", *option(team.place.root), SHELL="/no/such/shell", PS1="> ")
    terminal.until("to come back")
    terminal.send("exit\n")
    assert terminal.end()[1] == 0


def test_a_directory_that_is_gone_is_told(team: ExampleTeam) -> None:
    shutil.rmtree(team.place.root / team.made["readme"].directory)
    text, code = Terminal("attach", "readme", *option(team.place.root)).end()
    assert "the directory of intern-1706012345682 is gone" in " ".join(text.split())
    assert code == 1


def test_attaching_needs_a_terminal(team: ExampleTeam) -> None:
    with pytest.raises(TeamError, match="attach needs a terminal") as raised:
        CliRunner().invoke(command, option(team.place.root), catch_exceptions=False)
    assert raised.value.exit_code == 1


def follow(team: ExampleTeam, *arguments: str) -> Result:
    argv = ["--follow", *arguments, *option(team.place.root)]
    return CliRunner().invoke(command, argv, catch_exceptions=False)


def test_without_a_name_the_newest_living_manager_is_meant(empty_team: ExampleTeam) -> None:
    for name in ("first", "second"):
        session = empty_team.add("engineering-manager", name, runs=True)
        empty_team.say(session, spoken(f"I am the {name}"))
    empty_team.add("engineering-manager", "third", state=State.FAILED)
    terminal = Terminal("attach", "--follow", *option(empty_team.place.root))
    terminal.until("I am the second")
    terminal.send("\x03")
    assert terminal.end()[1] == 0


def test_without_a_manager_the_only_living_session_is_meant(empty_team: ExampleTeam) -> None:
    session = empty_team.add("intern", "readme", runs=True)
    empty_team.say(session, spoken("I am the only one"))
    terminal = Terminal("attach", "--follow", *option(empty_team.place.root))
    terminal.until("I am the only one")
    terminal.send("\x03")
    assert terminal.end()[1] == 0


def test_what_is_meant_is_asked_when_it_is_not_clear(empty_team: ExampleTeam) -> None:
    with pytest.raises(UsageError, match="no session is alive"):
        follow(empty_team)
    empty_team.add("intern", "one")
    empty_team.add("intern", "two")
    with pytest.raises(UsageError, match=r"name a session, such as .*\(one\), .*\(two\)"):
        follow(empty_team)
    with pytest.raises(UsageError, match="could be any of 2 sessions"):
        follow(empty_team, "intern")
    with pytest.raises(UsageError, match="there is no session 'three'"):
        follow(empty_team, "three")


def test_the_conversation_is_followed_until_the_session_ends(empty_team: ExampleTeam) -> None:
    session = empty_team.add("intern", "readme", runs=True, tasks_done=2, tasks_total=2)
    empty_team.say(session, *(spoken(f"word {n}.") for n in range(100)))
    terminal = Terminal("attach", "--follow", "readme", *option(empty_team.place.root))
    before = terminal.until("word 99.")
    assert "word 80." in before and "word 79." not in before
    empty_team.say(session, b'{"type":"assistant","message":{"content":"half a li')
    empty_team.say(session, b'ne"}}\n')
    terminal.until("half a line")
    archive = f"{session.directory}-completed"
    empty_team.say(session, spoken("my last words"))
    root = empty_team.place.root
    (root / session.directory).rename(root / archive)
    empty_team.store.update(session.id, **ENDED, directory=archive)
    terminal.until("my last words")
    rest, code = terminal.end()
    assert "has ended: completed, 2 of 2 tasks" in " ".join(rest.split())
    assert code == 0


def test_requests_do_not_disturb_the_list(team: ExampleTeam) -> None:
    team.request("qa", "more", RequestStatus.QUEUED, "later")
    assert len(rows(team)) == 6
