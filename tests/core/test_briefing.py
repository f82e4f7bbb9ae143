import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core import messages
from team_supervisor.core.briefing import Briefing, persona_instructions
from team_supervisor.core.persona import Persona

PIPE_BUF = 4_096
ANY_TEXT = st.text(max_size=3_000) | st.text(st.sampled_from("😀é\n\x00 "), max_size=3_000)
PATH = "/home/someone/a project/.database/qa-1706012345680/instructions.md"
# Stands where the program will be on an agent's PATH, and keeps what it was told.
STAND_IN = '#!/bin/sh\nprintf "%s\\n" "$@" > "$KEPT/arguments"\ncat > "$KEPT/input"\n'


def persona(**changes: object) -> Persona:
    plain = Persona(name="lead", description="", instructions="Lead well.\n", source="lead.md")
    return replace(plain, **changes)  # type: ignore[arg-type]


def briefing(**changes: object) -> Briefing:
    plain = Briefing(
        session_id="lead-1706012345680",
        name="all-of-it",
        persona=persona(),
        requester="boss-1706012345000",
        workspace="/home/someone/my project/.database",
        session_directory="/home/someone/my project/.database/lead-1706012345680",
        working_directory="/home/someone/my project",
        may_request=(("qa", "Verifies."), ("intern", "Helps. <example>" + "long " * 900)),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def line_bytes(content: str) -> int:
    message = {"type": "user", "message": {"role": "user", "content": content}}
    return len(json.dumps(message)) + 1


def examples(text: str) -> list[str]:
    return re.findall(r"```bash\n(.*?)```", text, re.DOTALL)


def test_the_persona_speaks_first_and_the_place_is_named_in_absolute_paths() -> None:
    text = persona_instructions(briefing())
    assert text.startswith("Lead well.\n")
    for fact in (
        "`lead-1706012345680`",
        '(lead, "all-of-it")',
        "`boss-1706012345000`",
        "`/home/someone/my project`",
        "`/home/someone/my project/.database`",
        "`/home/someone/my project/.database/lead-1706012345680/tasks.md`",
    ):
        assert fact in text


def test_what_is_added_to_a_persona_stays_compact() -> None:
    added = persona_instructions(briefing()).removeprefix("Lead well.\n")
    assert added.count("\n") < 80
    assert len(added) < 5_500


def test_teammates_are_described_in_a_line_without_their_examples() -> None:
    text = persona_instructions(briefing())
    assert "- `qa`: Verifies.\n- `intern`: Helps.\n" in text


def test_who_may_request_nobody_is_told_so_and_shown_no_request() -> None:
    text = persona_instructions(briefing(may_request=()))
    assert "You cannot request teammates" in text
    assert "team-supervisor request" not in text


def test_help_is_asked_of_the_requester() -> None:
    assert "team-supervisor say boss-1706012345000" in persona_instructions(briefing())


def test_who_was_requested_by_a_person_asks_in_its_task_list() -> None:
    text = persona_instructions(briefing(requester=None))
    assert "A person requested you." in text
    assert "write your question below it" in text


@pytest.mark.parametrize(
    "without", [{"allowed_tools": ("Read", "Write")}, {"tools": ("Read", "Write")}]
)
def test_an_agent_without_a_shell_is_shown_no_shell_commands(without: dict[str, object]) -> None:
    text = persona_instructions(briefing(persona=persona(**without)))
    assert "```bash" not in text
    assert "team-supervisor" not in text
    assert "/.database/qa-request-login-form/instructions.md`" in text
    assert "## Instructions from lead-1706012345680 (" in text


def test_bypassed_permissions_leave_the_shell() -> None:
    bypassed = persona(allowed_tools=(), permission_mode="bypassPermissions")
    assert "team-supervisor request" in persona_instructions(briefing(persona=bypassed))


def test_an_agent_that_works_in_its_session_is_told_where_the_project_is() -> None:
    text = persona_instructions(briefing(persona=persona(works_in="session")))
    assert "The project is `/home/someone/my project`" in text
    assert "git add" not in text


def run(script: str, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "team-supervisor"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    environ = {"PATH": f"{program.parent}:/usr/bin:/bin", "KEPT": str(tmp_path)}
    subprocess.run(["bash", "-eu", "-c", script], env=environ, check=True, timeout=20)


def test_the_request_example_works_when_pasted(tmp_path: Path) -> None:
    command, _ = examples(persona_instructions(briefing()))
    run(command, tmp_path)
    assert (tmp_path / "arguments").read_text().split() == [
        "request",
        "qa",
        "login-form",
        "-i",
        "-",
    ]
    first = (tmp_path / "input").read_text().splitlines()[0]
    assert re.fullmatch(r"## Instructions from lead-1706012345680 \(\d{4}-.*Z\)", first)


@pytest.mark.parametrize("name", ["plain", "two words", "it's $HOME; `x` & <y>"])
def test_the_example_by_hand_works_when_pasted(tmp_path: Path, name: str) -> None:
    workspace = tmp_path / name / ".database"
    workspace.mkdir(parents=True)
    _, by_hand = examples(persona_instructions(briefing(workspace=str(workspace))))
    run(by_hand, tmp_path)
    assert [path.name for path in workspace.iterdir()] == ["qa-request-login-form"]
    instructions = (workspace / "qa-request-login-form" / "instructions.md").read_text()
    assert instructions.startswith("## Instructions from lead-1706012345680 (")
    assert instructions.endswith("\n\nWhat to do.\n")


def test_short_instructions_are_in_the_first_message() -> None:
    message = messages.first_message("qa-1", PATH, "## Instructions from a-1 (now)\n\nTest it.\n")
    assert "qa-1" in message
    assert PATH in message
    assert message.endswith("## Instructions from a-1 (now)\n\nTest it.")


@pytest.mark.parametrize("text", ["x" * 2_000, "é" * 1_900])
def test_long_instructions_are_left_in_their_file(text: str) -> None:
    for message in (
        messages.first_message("qa-1", PATH, text),
        messages.new_instructions(text, PATH),
    ):
        assert text not in message
        assert PATH in message


def test_instructions_of_just_under_the_limit_are_inline() -> None:
    assert "x" * 1_999 in messages.first_message("qa-1", PATH, "x" * 1_999)
    assert "x" * 1_999 in messages.new_instructions("x" * 1_999, PATH)


@given(ANY_TEXT, st.lists(st.text(max_size=400) | ANY_TEXT, max_size=15))
def test_every_message_fits_into_one_atomic_write(text: str, tasks: list[str]) -> None:
    for message in (
        messages.first_message("qa-1", PATH, text),
        messages.new_instructions(text, PATH),
        messages.nudge(tasks, PATH),
        messages.resumed(PATH),
        messages.teammate_ended("qa-1", text, text, PATH),
        messages.request_rejected(text, text, PATH),
    ):
        assert line_bytes(message) < PIPE_BUF


def test_a_nudge_names_the_open_tasks() -> None:
    message = messages.nudge(["Write the parser", "Commit"], PATH)
    assert "- Write the parser\n- Commit\n" in message
    assert "more" not in message


def test_a_nudge_about_many_tasks_names_the_first_and_counts_the_rest() -> None:
    message = messages.nudge([f"Task {number}" for number in range(14)], PATH)
    assert "- Task 9\n- and 4 more\n" in message
    assert "Task 10" not in message


def test_a_teammate_that_ended_is_named_with_how_and_where() -> None:
    message = messages.teammate_ended("qa-1", "login", "completed", "/w/qa-1-completed")
    assert "qa-1 (login) has ended: completed. " in message
    assert "/w/qa-1-completed" in message


def test_a_rejection_gives_the_reason_and_the_place() -> None:
    message = messages.request_rejected("x-request-y", "There is no x.", "/w/x-request-y-rejected")
    assert "x-request-y was rejected: There is no x. Everything" in message
    assert "/w/x-request-y-rejected" in message


def test_an_interrupted_session_is_sent_to_its_task_list() -> None:
    assert PATH in messages.resumed(PATH)
