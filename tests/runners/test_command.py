"""How is any program run as an agent?"""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.progress import Acted
from team_supervisor.errors import TeamError
from team_supervisor.runners import RUNNERS, Start, command


def start(*argv):
    return Start(
        binary="/usr/bin/agent",
        conversation="c",
        resume=False,
        persona_file="/w/qa-1/persona-instructions.md",
        session_directory="/w/{workspace}/qa-1",
        workspace="/w",
        name="qa-1",
        extra=argv,
    )


def test_both_runners_are_listed_under_their_own_names():
    assert {name: runner.name for name, runner in RUNNERS.items()} == {
        "claude": "claude",
        "command": "command",
    }
    assert [runner.TALKS for runner in RUNNERS.values()] == [True, False]


def test_placeholders_are_filled_in_once():
    argv = ("agent", "{session}", "--about={instructions}", "{workspace}", "{other}", "{}")
    assert command.command(start(*argv)) == [
        "/usr/bin/agent",
        "/w/{workspace}/qa-1",
        "--about=/w/qa-1/persona-instructions.md",
        "/w",
        "{other}",
        "{}",
    ]


def test_no_shell_reads_the_arguments():
    line = command.command(start("agent", "$(touch /x); {workspace}"))
    printed = subprocess.run(["printf", "%s", line[1]], capture_output=True, timeout=10)
    assert printed.stdout == b"$(touch /x); /w"


def test_a_message_is_its_text_and_a_newline():
    assert command.message("u-1", "hello\nthere \ud800") == b"hello\nthere ?\n"


def test_a_line_of_output_is_what_the_program_does():
    assert command.parse(b"\x1b[1mcompiling\x1b[0m api.c\n") == (Acted("compiling api.c"),)
    assert command.parse(b"\x1b[2K \n") == ()


def test_an_enormous_line_is_cut():
    (act,) = command.parse(b"x" * 10_000_000)
    assert len(act.words) == 120


@given(st.binary())
def test_no_bytes_raise(line):
    command.parse(line)


def test_the_program_is_found_by_name_and_by_path(tmp_path):
    program = tmp_path / "agent"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert command.find("agent", {"PATH": str(tmp_path)}) == str(program)
    assert command.find(str(program), {}) == str(program)


def test_a_program_that_cannot_be_executed_is_named(tmp_path):
    (tmp_path / "agent").write_text("no program")
    with pytest.raises(TeamError, match=r"agent.*runners\.command\.argv"):
        command.find(str(tmp_path / "agent"), {})


def test_a_runner_without_a_program_says_where_to_name_one():
    with pytest.raises(TeamError, match=r"team\.yaml"):
        command.find(None, {})
