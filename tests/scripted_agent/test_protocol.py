"""Does the scripted agent start, speak and end as Claude Code does?"""

import os
import select
import uuid
from pathlib import Path

import pytest

from .agents import DEADLINE, Team, kill_and_await, open_fifo, read_line, tool_results


def test_a_turn_has_the_lines_of_claude_code(team: Team) -> None:
    team.session("qa-1", "say Hello.\nbash echo out; echo err >&2\ncost 0.5\ntokens 70 7")
    chosen = str(uuid.uuid4())
    options = ["--session-id", chosen, "--permission-mode", "plan", "--allowedTools", "A,B", "C"]
    agent = team.start("qa-1", *options, "--unknown", "value")
    agent.tell("Begin.", "the-uuid")
    init, replay, text, use, output, result = agent.rest()
    assert init["subtype"] == "init" and init["tools"] == ["A", "B", "C"]
    assert init["permissionMode"] == "plan" and init["cwd"] == str(team.project)
    assert replay["uuid"] == "the-uuid" and replay["isReplay"] is True
    assert replay["message"] == {"role": "user", "content": "Begin."}
    assert text["message"]["content"] == [{"type": "text", "text": "Hello."}]
    assert use["message"]["content"][0]["input"]["command"].startswith("echo out")
    assert output["message"]["content"][0] == {
        "tool_use_id": use["message"]["content"][0]["id"],
        "type": "tool_result",
        "content": "out\nerr",
        "is_error": False,
    }
    assert (result["subtype"], result["is_error"], result["result"]) == ("success", False, "Hello.")
    assert (result["total_cost_usd"], result["num_turns"]) == (0.5, 2)
    assert (result["usage"]["input_tokens"], result["usage"]["output_tokens"]) == (70, 7)
    assert {line["session_id"] for line in (init, replay, text, use, result)} == {chosen}


def test_it_exits_with_0_at_the_end_of_its_input_after_the_turn(team: Team) -> None:
    team.session("qa-1", "sleep 0.01\nsay Last words.")
    agent = team.start("qa-1")
    agent.tell("go")
    output, _ = agent.process.communicate(timeout=DEADLINE)
    assert agent.process.returncode == 0 and b"Last words." in output.splitlines()[-1]


def test_it_says_its_version_and_its_language(team: Team) -> None:
    assert team.start("qa-1", "--version").line() == b"2.1.0 (Claude Code, scripted)"
    assert team.start("qa-1", "--help").line() == b"# The scripted agent"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--resume", "unheard-of"], "No conversation found with session ID: unheard-of"),
        (["--resume", "x", "--session-id", "x"], "Error: --session-id can only be used with"),
        (["--session-id", "no-uuid"], "Error: Invalid session ID. Must be a valid UUID."),
        (["--append-system-prompt-file", "/no/file"], "Error: Append system prompt file not found"),
    ],
)
def test_a_bad_start_is_refused_as_claude_does(
    team: Team, options: list[str], complaint: str
) -> None:
    team.session("qa-1")
    code, errors = team.start("qa-1", *options).end()
    assert code == 1 and errors.startswith(complaint)


def test_a_session_id_can_be_used_once_a_message_has_come(team: Team) -> None:
    team.session("qa-1", "say Hello.")
    options = ["--session-id", str(uuid.uuid4())]
    assert team.start("qa-1", *options).end()[0] == 0
    agent = team.start("qa-1", *options)
    agent.turn()
    assert agent.end()[0] == 0
    code, errors = team.start("qa-1", *options).end()
    assert code == 1 and errors == f"Error: Session ID {options[1]} is already in use.\n"


def test_a_line_that_is_no_json_ends_it(team: Team) -> None:
    team.session("qa-1")
    agent = team.start("qa-1")
    agent.put('[1]\n{"type":"control_request"}\n{"type":"user","message":"x"}\nnonsense')
    code, errors = agent.end()
    assert code == 1 and errors.startswith("Error parsing streaming input line: b'nonsense'")


def test_a_command_has_a_session_of_its_own_and_outlives_the_agent(team: Team) -> None:
    gate = open_fifo(team.project / "gate")
    team.session("qa-1", "bash echo $$ > gate; exec sleep 600")
    agent = team.start("qa-1")
    agent.tell("go")
    pid = int(read_line(gate))
    os.close(gate)
    agent.process.terminate()
    code, _ = agent.end()
    try:
        assert code == 143 and os.getsid(pid) == pid
    finally:
        kill_and_await(pid)


def test_a_background_process_does_not_hold_the_turn_up(team: Team) -> None:
    team.session("qa-1", "bash sleep 600 & echo $!")
    (output,) = tool_results(team.start("qa-1").turn())
    kill_and_await(int(output["content"]))


@pytest.mark.parametrize("step", ["sleep 600", "hang", "wait"])
def test_sigterm_ends_it_whatever_it_does(team: Team, step: str) -> None:
    team.session("qa-1", f"say Ready.\n{step}")
    agent = team.start("qa-1")
    agent.tell("go")
    agent.until(lambda line: line["type"] == "assistant")
    agent.process.terminate()
    assert agent.end()[0] == 143


def test_sigterm_can_be_ignored_but_not_by_its_commands(team: Team) -> None:
    team.session("qa-1", "ignore-term\nwait\nbash kill -TERM $$; echo survived")
    agent = team.start("qa-1")
    agent.turn()
    agent.process.terminate()
    (output,) = tool_results(agent.turn())
    assert output == output | {"is_error": True, "content": "Exit code -15\n"}
    assert agent.end()[0] == 0


@pytest.mark.parametrize("step", ["wait", "sleep 600", "hang"])
def test_it_uses_no_processor_time_while_it_waits(team: Team, step: str) -> None:
    team.session("qa-1", f"say Ready.\n{step}")
    agent = team.start("qa-1")
    agent.tell("go")
    agent.until(lambda line: line["type"] == ("result" if step == "wait" else "assistant"))
    before = ticks_used(agent.process.pid)
    assert agent.process.stdout is not None
    assert select.select([agent.process.stdout], [], [], 0.3) == ([], [], [])
    assert ticks_used(agent.process.pid) - before < 10


def ticks_used(pid: int) -> int:
    user, system = Path(f"/proc/{pid}/stat").read_text().split()[13:15]
    return int(user) + int(system)


def test_a_message_that_comes_twice_under_one_uuid_is_taken_once(team: Team) -> None:
    team.session("qa-1", "say One.\nwait\nsay Two.")
    agent = team.start("qa-1")
    agent.tell("Begin.", "the-uuid")
    agent.tell("Begin.", "the-uuid")
    lines = agent.rest()
    assert [line["type"] for line in lines].count("result") == 1
    assert [line["uuid"] for line in lines if line.get("isReplay")] == ["the-uuid", "the-uuid"]
