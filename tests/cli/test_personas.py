import json
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from team_supervisor.cli.personas import command
from team_supervisor.errors import TeamError

PROGRAM = "from team_supervisor.cli.personas import command; command()"
LONG = "Use this agent when: a review is due [bold]now[/bold]. " * 20


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    agents = tmp_path / ".claude" / "agents"
    agents.mkdir(parents=True)
    (agents / "reviewer.md").write_text(f"---\ndescription: {LONG}\ntools: Read\n---\nReview.\n")
    (tmp_path / ".database" / "personas").mkdir(parents=True)
    return tmp_path / ".database"


def run(workspace: Path, *arguments: str, columns: int = 100) -> Result:
    environ = {"TEAM_SUPERVISOR_WORKSPACE": str(workspace), "COLUMNS": str(columns)}
    return CliRunner().invoke(command, arguments, env=environ)


def on_a_terminal(workspace: Path, columns: int, **environ: str) -> str:
    """What `list` prints on a real terminal of this width."""
    ours, theirs = pty.openpty()
    plain = {key: value for key, value in os.environ.items() if not key.endswith("_COLOR")}
    environ = {**plain, "TERM": "xterm-256color", "COLUMNS": str(columns), **environ}
    argv = [sys.executable, "-c", PROGRAM, "list", "-w", str(workspace)]
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environ):
        os.close(theirs)
        shown = b"".join(iter(lambda: _chunk(ours), b""))
    os.close(ours)
    return shown.decode()


def _chunk(terminal: int) -> bytes:
    assert select.select([terminal], [], [], 60)[0], "nothing was printed for 60 seconds"
    try:
        return os.read(terminal, 65_536)
    except OSError:
        # Linux reports the end of a terminal as an input/output error.
        return b""


def test_a_piped_list_has_aligned_columns_within_the_width(workspace: Path) -> None:
    result = run(workspace, "list", columns=110)
    assert result.exit_code == 0
    heading, *rows = result.output.splitlines()
    assert all(len(line) <= 110 for line in [heading, *rows])
    column = heading.index("FROM")
    assert {row[column:] for row in rows} == {"shipped", ".claude/agents"}
    assert any(row.startswith("reviewer") and "…" in row for row in rows)
    assert "\x1b" not in result.output


def test_a_list_says_who_may_request_whom(workspace: Path) -> None:
    result = run(workspace, "list", columns=200)
    (row,) = [line for line in result.output.splitlines() if line.startswith("solutions-arch")]
    assert "software-engineer, qa" in row


@pytest.mark.parametrize("columns", [80, 120])
def test_a_list_on_a_terminal_fits_and_cuts_no_name(workspace: Path, columns: int) -> None:
    text = re.sub(r"\x1b\[[\d;]*m", "", on_a_terminal(workspace, columns))
    assert max(len(line) for line in text.splitlines()) == columns
    assert "engineering-manager" in text
    assert ".claude/agents" in text
    assert "Use this agent when: " in text


def test_colour_is_used_on_a_terminal_unless_refused(workspace: Path) -> None:
    assert "\x1b[36m" in on_a_terminal(workspace, 100)
    assert "\x1b[36m" not in on_a_terminal(workspace, 100, NO_COLOR="1")


def test_a_list_as_json_has_every_fact(workspace: Path) -> None:
    listing = json.loads(run(workspace, "list", "--json").output)
    (reviewer,) = [each for each in listing["personas"] if each["name"] == "reviewer"]
    assert reviewer["path"] == str(workspace.parent / ".claude" / "agents" / "reviewer.md")
    assert reviewer["tools"] == ["Read"]
    assert reviewer["model"] is None
    assert reviewer["singleton"] is False
    assert listing["problems"] == []


def test_a_list_names_what_is_broken_on_standard_error(workspace: Path) -> None:
    (workspace / "personas" / "odd.md").write_text("---\nmax_sessions: 0\n---\nOdd.")
    result = run(workspace, "list")
    assert result.exit_code == 0
    assert "max_sessions" in result.stderr
    assert "max_sessions" not in result.stdout


def test_show_prints_what_a_persona_may_do_and_its_instructions(workspace: Path) -> None:
    result = run(workspace, "show", "reviewer")
    assert "allowed_tools:    Read\n" in result.output
    assert result.output.endswith("\n\nReview.\n")


def test_show_gives_the_same_as_json(workspace: Path) -> None:
    found = json.loads(run(workspace, "show", "reviewer", "--json").output)
    assert (found["name"], found["allowed_tools"]) == ("reviewer", ["Read"])
    assert found["instructions"] == "Review."


def test_show_of_an_unknown_name_lists_the_known(workspace: Path) -> None:
    result = run(workspace, "show", "nobody")
    assert isinstance(result.exception, TeamError)
    assert "'nobody'" in str(result.exception)
    assert "reviewer" in str(result.exception)


def test_show_of_a_broken_persona_says_what_is_wrong(workspace: Path) -> None:
    (workspace / "personas" / "qa.md").write_text("---\nsingleton: maybe\n---\nTest.")
    result = run(workspace, "show", "qa")
    assert isinstance(result.exception, TeamError)
    assert "singleton" in str(result.exception)


def test_a_persona_cannot_command_the_terminal(workspace: Path) -> None:
    (workspace / "personas" / "evil.md").write_text(
        '---\ndescription: "\\e]0;t\\a"\n---\nA\x1b]0;t\x07B\n'
    )
    for arguments in (["list"], ["show", "evil"]):
        result = run(workspace, *arguments)
        assert result.exit_code == 0
        assert "evil" in result.output
        assert "\x1b" not in result.output


def test_check_of_a_directory_reports_each_file_as_json(workspace: Path) -> None:
    directory = workspace / "personas"
    (directory / "bad.md").write_text("---\nname: good\nmax_sessions: 0\n---\nBad.")
    (directory / "file.md").write_text("---\nname: good\n---\nGood.")
    result = run(workspace, "check", str(directory), "--json")
    assert result.exit_code == 1
    bad, good = json.loads(result.output)["personas"]
    assert bad.pop("problem").startswith(str(directory / "bad.md"))
    assert bad == {"name": "bad", "path": str(directory / "bad.md"), "ok": False}
    path = str(directory / "file.md")
    assert good == {"name": "good", "path": path, "ok": True, "problem": None}


def test_check_without_a_directory_looks_everywhere(workspace: Path) -> None:
    result = run(workspace, "check")
    assert result.exit_code == 0
    assert "reviewer.md: ok" in result.output
    assert "intern.md: ok" in result.output
    (workspace / "personas" / "bad.md").symlink_to("/dev/null")
    result = run(workspace, "check")
    assert result.exit_code == 1
    assert "bad.md is a symlink" in result.output
    assert result.output.endswith(", 1 not usable\n")


def test_check_of_a_directory_that_is_not_there_is_an_error(workspace: Path) -> None:
    result = run(workspace, "check", str(workspace / "nowhere"))
    assert isinstance(result.exception, TeamError)
    assert "nowhere" in str(result.exception)


def test_an_option_names_the_workspace_as_well(workspace: Path, tmp_path: Path) -> None:
    result = run(tmp_path / "other", "show", "reviewer", "-w", str(workspace))
    assert result.exit_code == 0


@pytest.mark.parametrize("verb", ["list", "show", "check"])
def test_each_command_has_an_example(verb: str) -> None:
    assert (
        f"team-supervisor personas {verb}" in CliRunner().invoke(command, [verb, "--help"]).output
    )


def test_importing_the_commands_loads_nothing_heavy() -> None:
    heavy = "{'yaml', 'msgspec', 'rich'} & set(sys.modules)"
    code = f"import sys, team_supervisor.cli.personas; sys.exit(str({heavy} or ''))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert done.stderr.decode().strip() == ""


def test_the_terms_of_a_persona_are_shown_as_they_are_written(workspace: Path) -> None:
    text = "---\nverify: [make test, [pytest, -q]]\ntimeout: 2h\n---\nTest."
    (workspace / "personas" / "checker.md").write_text(text)
    found = json.loads(run(workspace, "show", "checker", "--json").output)
    assert found["verify"] == ["make test", ["pytest", "-q"]]
    assert (found["timeout"], found["budget_usd"]) == (7200.0, None)
    assert (
        "verify:           make test, ['pytest', '-q']\n"
        in run(workspace, "show", "checker").output
    )
