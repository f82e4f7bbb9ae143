import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from team_supervisor import __version__
from team_supervisor.cli import VERBS, main
from tests.teams import BIN, Team


def test_the_help_names_every_verb() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for verb in VERBS:
        assert f"  {verb} " in result.output


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_helps(verb: str) -> None:
    result = CliRunner().invoke(main, [verb, "--help"])
    assert result.exit_code == 0, result.exception
    assert "Usage:" in result.output


@pytest.mark.parametrize("program", ["team-supervisor", "claude-wrapper"])
def test_it_has_two_names(program: str) -> None:
    done = subprocess.run([BIN / program, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"team-supervisor, version {__version__}\n")


def test_it_runs_as_a_module() -> None:
    argv = [sys.executable, "-m", "team_supervisor", "--version"]
    assert subprocess.run(argv, capture_output=True, text=True).stdout.endswith(f"{__version__}\n")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["orchestrate", "--nonsense"], 2, "No such option"),
        (["team", "start"], 2, "Missing argument 'GOAL'"),
        (["team", "start", "X", "--engineers", "-1"], 2, "is not in the range"),
        (["team", "start", " "], 1, "the goal is empty"),
        (["orchestrate"], 1, "there is no workspace at"),
        (["team", "status"], 1, "there is no workspace at"),
        (["team", "stop"], 1, "there is no workspace at"),
        (["say", "x", "y"], 1, "there is no workspace at"),
        (["retry", "x"], 1, "there is no workspace at"),
        (["request", "intern", "x"], 1, "there is no workspace at"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_an_exit_code(
    live_team: Team, words: list[str], code: int, sentence: str
) -> None:
    done = live_team.call(*words, env={"TEAM_SUPERVISOR_WORKSPACE": "nowhere"})
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not (live_team.project / "nowhere").exists()


@pytest.mark.parametrize("verb", ["team start", "orchestrate", "team status", "team stop"])
def test_a_file_in_the_way_of_the_workspace_is_one_sentence(live_team: Team, verb: str) -> None:
    (live_team.project / "file").write_text("precious")
    goal = ["X"] if verb == "team start" else []
    done = live_team.call(*verb.split(), *goal, "-w", "file")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ") and done.stderr.count("\n") == 1
    assert str(live_team.project / "file") in done.stderr
    assert (live_team.project / "file").read_text() == "precious"


@pytest.mark.parametrize("verb", ["team start X", "orchestrate"])
def test_a_broken_team_yaml_is_one_sentence_with_its_place(live_team: Team, verb: str) -> None:
    live_team.workspace.settings.write_text("limits: {sessions: many}\n")
    done = live_team.call(*verb.split())
    assert done.returncode == 2
    assert done.stderr == (
        f"Error: {live_team.workspace.settings}: `limits.sessions`: expected `int`, got `str`: "
        "correct it there\n"
    )


@pytest.mark.parametrize(
    "words", [["team", "status"], ["team", "stop"], ["say", "x", "y"], ["retry", "x"]]
)
def test_a_broken_database_is_one_sentence(live_team: Team, words: list[str]) -> None:
    live_team.workspace.database.write_bytes(b"garbage" * 1000)
    done = live_team.call(*words)
    assert done.returncode == 1
    assert "file is not a database" in done.stderr and "`orchestrate`" in done.stderr


def test_a_lock_that_cannot_be_opened_is_one_sentence(live_team: Team) -> None:
    live_team.workspace.lock.symlink_to("/etc/passwd")
    done = live_team.call("orchestrate", "--once")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"Error: {live_team.workspace.lock} cannot be opened" in done.stderr


def test_a_reader_that_has_enough_is_nothing_to_complain_about() -> None:
    for reader in (":", "head -c 1"):
        script = f"set -o pipefail; {BIN / 'team-supervisor'} personas show qa | {reader}"
        ran = subprocess.run(["bash", "-c", script], capture_output=True)
        assert (ran.returncode, ran.stderr) == (0, b"")


def test_the_log_of_a_bug_is_not_left_where_nobody_made_one(tmp_path: Path) -> None:
    argv = [BIN / "team-supervisor", "nonsense"]
    subprocess.run(argv, env={"TMPDIR": str(tmp_path), "PATH": "/bin"}, capture_output=True)
    assert list(tmp_path.iterdir()) == []
