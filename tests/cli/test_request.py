import re
from pathlib import Path

import pytest

from team_supervisor.adapters.files import MEBIBYTE
from team_supervisor.core.model import State
from team_supervisor.core.requests import requester
from team_supervisor.core.terms import read
from team_supervisor.supervisor import nothing_left
from tests.teams import Team, run_until, script

ASKER = "software-engineer-1706012345680"


def instructions(team: Team, name: str = "intern-request-docs") -> str:
    return (team.root / name / "instructions.md").read_text()


def test_a_request_becomes_a_session(live_team: Team) -> None:
    with live_team.supervised() as supervisor:
        done = live_team.call("request", "intern", "docs", input=script("done all"))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "Requested intern docs: intern-request-docs\n"
        run_until(supervisor, lambda world: live_team.sessions() and nothing_left(world))
    assert live_team.session("docs").state == State.COMPLETED
    assert live_team.session("docs").requester is None


def test_without_a_supervisor_it_says_so(live_team: Team) -> None:
    done = live_team.call("request", "intern", "docs", input="Write it.")
    assert done.returncode == 0
    assert "No supervisor is running; it starts with `team-supervisor orchestrate`." in done.stdout
    assert instructions(live_team) == "Write it."
    assert [p.name for p in live_team.root.iterdir() if p.name.startswith(".")] == [".supervisor"]


@pytest.mark.parametrize("source", ["work.md", "-"])
def test_the_instructions_come_from_a_file_or_from_standard_input(
    live_team: Team, source: str
) -> None:
    (live_team.project / "work.md").write_text("# Work é\n")
    options = {"input": "# Work é\n"} if source == "-" else {}
    done = live_team.call("request", "intern", "docs", "-i", source, **options)
    assert done.returncode == 0
    assert instructions(live_team) == "# Work é\n"


def test_a_session_that_asks_is_named_once(live_team: Team) -> None:
    env = {"TEAM_SESSION_ID": ASKER}
    live_team.call("request", "intern", "docs", input="Write it.", env=env)
    text = instructions(live_team)
    assert re.fullmatch(rf"## Instructions from {ASKER} \(\S+Z\)\n\nWrite it\.", text)
    live_team.call("request", "intern", "again", input=text, env=env)
    assert instructions(live_team, "intern-request-again") == text


@pytest.mark.parametrize(
    ("words", "text", "sentence"),
    [
        (["wizard", "x"], "Do it.", "there is no persona 'wizard'; known are: engineering-manager"),
        (["intern", "two words"], "Do it.", "the name 'two words' may have only letters"),
        (["intern", "../../x"], "Do it.", "the name '../../x' may have only letters"),
        (["intern", "x" * 65], "Do it.", "at most 64 characters"),
        (["../intern", "x"], "Do it.", "the persona '../intern' may have only letters"),
        (["intern", "x"], "", "the text is empty"),
        (["intern", "x"], "x" * (MEBIBYTE + 1), "larger than 1 MiB"),
        (["intern", "x", "-i", "nothing.md"], "", "nothing.md cannot be read: No such file"),
        (["intern", "x", "-i", "."], "", ". cannot be read: Is a directory"),
        (["intern", "x", "-i", "latin.md"], "", "latin.md is not UTF-8 text"),
        (["intern", "x", "-i", "large.md"], "", "larger than 1 MiB"),
    ],
)
def test_what_would_be_refused_is_not_even_made(
    live_team: Team, words: list[str], text: str, sentence: str
) -> None:
    (live_team.project / "latin.md").write_bytes(b"caf\xe9")
    (live_team.project / "large.md").write_text("x" * (MEBIBYTE + 1))
    before = sorted(live_team.root.iterdir())
    done = live_team.call("request", *words, input=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert sorted(live_team.root.iterdir()) == before


def test_a_request_of_that_name_is_not_replaced(live_team: Team) -> None:
    live_team.call("request", "intern", "docs", input="First.")
    done = live_team.call("request", "intern", "docs", input="Second.")
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert instructions(live_team) == "First."


def test_the_workspace_of_a_session_is_the_default(live_team: Team, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    env = {"TEAM_WORKSPACE": str(live_team.root), "TEAM_SESSION_ID": ASKER}
    done = live_team.call("request", "intern", "docs", input="x", env=env, cwd=tmp_path / "other")
    assert done.returncode == 0
    assert instructions(live_team).endswith("x")


def test_options_are_written_as_front_matter_before_the_heading(live_team: Team) -> None:
    words = ["--verify", "make test", "--verify", "true", "--timeout", "2h", "--budget-usd", "3"]
    env = {"TEAM_SESSION_ID": ASKER}
    text = "---\nverify: lint\n---\n# The work\n"
    assert live_team.call("request", "intern", "docs", *words, input=text, env=env).returncode == 0
    found = read(instructions(live_team))
    assert [c.run for c in found.verify or ()] == ["make test", "true"]
    assert (found.timeout, found.budget_usd) == (7200.0, 3.0)
    assert requester(instructions(live_team)) == ASKER


def test_terms_that_make_no_sense_are_refused_before_anything_is_made(live_team: Team) -> None:
    done = live_team.call("request", "intern", "docs", "--timeout", "soon", input="Write it.")
    assert done.returncode == 2
    assert "`timeout` must be seconds" in done.stderr
    assert not (live_team.root / "intern-request-docs").exists()
