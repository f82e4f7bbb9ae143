import json
import re
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner, Result

from team_supervisor.cli.logs import command
from team_supervisor.cli.voices import MARKS
from team_supervisor.core.conversation import Kind
from team_supervisor.core.model import Session, State
from team_supervisor.errors import UsageError

from .example_team import ExampleTeam, spoken, used
from .terminals import Terminal, on_terminal, option, shown


def logs(team: ExampleTeam, *arguments: str) -> Result:
    result = CliRunner().invoke(command, [*arguments, *option(team.place.root)])
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def session(empty_team: ExampleTeam) -> Session:
    made = empty_team.add("intern", "readme", runs=True)
    empty_team.say(
        made,
        {"type": "user", "message": {"content": "Please begin."}},
        {"type": "system", "subtype": "hook_started"},
        spoken("I begin.\nWith two lines."),
        used("Bash", command="ls [bold]"),
        {"type": "result", "is_error": False, "total_cost_usd": 0.01},
    )
    return made


def test_the_conversation_reads_as_who_said_what(empty_team: ExampleTeam, session: Session) -> None:
    assert logs(empty_team, "readme").stdout.splitlines() == [
        "user: Please begin.",
        "assistant: I begin.",
        "           With two lines.",
        "tool: Bash: ls [bold]",
        "turn: turn ended ($0.0100 so far)",
    ]


def test_every_kind_of_line_has_its_mark_on_a_terminal() -> None:
    assert set(MARKS) == set(get_args(Kind))


def test_only_the_last_entries_when_asked(empty_team: ExampleTeam, session: Session) -> None:
    assert logs(empty_team, "readme", "-n", "2").stdout.startswith("tool: Bash")
    assert logs(empty_team, "readme", "-n", "0").stdout == ""
    assert len(logs(empty_team, "readme", "-n", "900").stdout.splitlines()) == 5


def test_the_last_of_a_huge_transcript_are_found(empty_team: ExampleTeam, session: Session) -> None:
    empty_team.say(session, *({"type": "noise", "n": "x" * 50_000} for _ in range(100)))
    empty_team.say(session, spoken("at last"))
    assert logs(empty_team, "readme", "-n", "2").stdout.splitlines() == [
        "turn: turn ended ($0.0100 so far)",
        "assistant: at last",
    ]
    assert "user: Please begin." in logs(empty_team, "readme").stdout


def test_raw_gives_the_file_as_it_is(empty_team: ExampleTeam, session: Session) -> None:
    path = empty_team.place.root / session.directory / "transcript.jsonl"
    with path.open("ab") as file:
        file.write(b"\xff\x1b[2J not even JSON\n")
    assert logs(empty_team, "readme", "--raw").stdout_bytes == path.read_bytes()
    assert json.loads(logs(empty_team, "readme", "--raw", "-n2").stdout_bytes.split(b"\n")[0])


def test_raw_does_nothing_to_a_terminal(empty_team: ExampleTeam, session: Session) -> None:
    empty_team.say(session, b"\x1b]0;owned\x07\x1b[2Jthe rest\n")
    text = on_terminal("logs", "readme", "--raw", *option(empty_team.place.root))
    assert "the rest" in text and "\x1b" not in text


def test_a_terminal_shows_it_in_colour_without_markup(
    empty_team: ExampleTeam, session: Session
) -> None:
    empty_team.say(session, spoken("\x1b[2J" + "many words " * 30))
    text = on_terminal("logs", "readme", *option(empty_team.place.root), columns=60)
    lines = shown(text)
    assert "→ Bash: ls [bold]" in lines
    assert "❯ Please begin." in lines
    assert "\x1b[2J" not in text and "\x1b[" in text
    many = [line for line in lines if "many words" in line]
    assert len(many) > 4
    assert all(re.match(r"[● ] (many|words)", line) and len(line) <= 60 for line in many)


def test_following_shows_what_comes_until_ctrl_c(empty_team: ExampleTeam, session: Session) -> None:
    terminal = Terminal("logs", "readme", "-f", *option(empty_team.place.root))
    terminal.until("so far)")
    empty_team.say(session, spoken("something new"))
    terminal.until("something new")
    terminal.send("\x03")
    assert terminal.end()[1] == 0


def test_following_waits_for_a_transcript_that_is_not_there_yet(empty_team: ExampleTeam) -> None:
    made = empty_team.add("intern", "slow")
    terminal = Terminal("logs", "slow", "-f", *option(empty_team.place.root))
    terminal.until("It is not running now")
    empty_team.say(made, spoken("here I am"))
    terminal.until("here I am")
    terminal.send("\x03")
    assert terminal.end()[1] == 0


def test_following_begins_anew_when_the_file_was_cut(
    empty_team: ExampleTeam, session: Session
) -> None:
    terminal = Terminal("logs", "readme", "-f", *option(empty_team.place.root))
    terminal.until("so far)")
    path = empty_team.place.root / session.directory / "transcript.jsonl"
    path.write_text(json.dumps(spoken("short")) + "\n")
    terminal.until("short")
    terminal.send("\x03")
    assert terminal.end()[1] == 0


def test_following_an_ended_session_ends_by_itself(
    empty_team: ExampleTeam, session: Session
) -> None:
    empty_team.store.update(
        session.id, state=State.STOPPED, ended_at=1.0, reason="asked by a person"
    )
    result = logs(empty_team, "readme", "-f")
    assert "user: Please begin." in result.stdout
    assert "has ended: stopped, asked by a person" in result.stderr


def test_an_unfinished_last_line_is_shown(empty_team: ExampleTeam, session: Session) -> None:
    empty_team.say(session, b"killed in the mid")
    assert logs(empty_team, "readme").stdout.endswith("output: killed in the mid\n")


def test_a_failed_session_points_at_its_complaints(
    empty_team: ExampleTeam, session: Session
) -> None:
    log = empty_team.place.root / session.directory / "stderr.log"
    log.write_text("Traceback\n\x1b[31mno such model\n")
    assert logs(empty_team, "readme").stderr == ""
    empty_team.store.update(session.id, state=State.FAILED, ended_at=1.0)
    hint = logs(empty_team, "readme", "--raw").stderr
    assert f"{log} ends with:" in hint
    assert hint.endswith("no such model\n") and "\x1b" not in hint


def test_a_transcript_that_is_a_link_is_not_followed(
    empty_team: ExampleTeam, tmp_path: Path
) -> None:
    made = empty_team.add("intern", "sly")
    secret = tmp_path / "secret"
    secret.write_text("password\n")
    (empty_team.place.root / made.directory / "transcript.jsonl").symlink_to(secret)
    result = logs(empty_team, "sly")
    assert result.stdout == "" and "Nothing has been said yet." in result.stderr


def test_a_session_whose_directory_is_gone_has_not_said_nothing(
    empty_team: ExampleTeam, session: Session
) -> None:
    directory = empty_team.place.root / session.directory
    directory.rename(directory.with_name("elsewhere"))
    result = logs(empty_team, "readme")
    assert result.stdout == ""
    assert f"the directory of {session.id} is gone: put {directory} back" in result.stderr


def test_an_unknown_session_is_a_sentence(empty_team: ExampleTeam) -> None:
    with pytest.raises(UsageError, match="there is no session 'nobody'"):
        CliRunner().invoke(
            command, ["nobody", *option(empty_team.place.root)], catch_exceptions=False
        )
