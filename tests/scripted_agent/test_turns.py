"""Does a script go on where it should, turn after turn?"""

import os
import signal
import uuid
from pathlib import Path

import pytest

from team_supervisor.scripted_agent.stage import PACE, pace_of

from .agents import ROOT, Agent, Team, open_fifo, said, tool_results


def test_a_resumed_script_goes_on_after_the_step_that_crashed(team: Team) -> None:
    team.session("qa-1", "say One.\ncost 1\ncrash\nsay Two.\nexit 7\ncost 2\nsay Three.")
    chosen = str(uuid.uuid4())
    first = team.start("qa-1", "--session-id", chosen)
    first.tell("go")
    assert first.end()[0] == -signal.SIGKILL
    second = team.start("qa-1", "--resume", chosen)
    second.tell("go on")
    assert said(second.until(lambda line: line["type"] == "assistant")) == ["Two."]
    assert second.end()[0] == 7
    lines = team.start("qa-1", "--resume", chosen).turn()
    assert said(lines) == ["Three."] and lines[-1]["total_cost_usd"] == 2


def test_another_conversation_in_the_same_session_begins_anew(team: Team) -> None:
    team.session("qa-1", "once crashed exit 3\nsay Survived.")
    first = team.start("qa-1", "--session-id", str(uuid.uuid4()))
    first.tell("go")
    assert first.end()[0] == 3
    assert said(team.start("qa-1", "--session-id", str(uuid.uuid4())).turn()) == ["Survived."]


def test_a_wait_ends_the_turn_and_any_message_goes_on(team: Team) -> None:
    folder = team.session("qa-1", "say One.\nwait\nsay Two.")
    agent = team.start("qa-1")
    assert said(agent.turn()) == ["One."]
    assert said(agent.turn()) == ["Two."]
    assert said(agent.turn()) == ["The script has ended; there is nothing left to do."]
    team.session(folder.name, "say Three.")
    assert said(agent.turn()) == ["Three."]


def test_a_message_in_the_middle_of_a_turn_comes_after_the_running_tool(team: Team) -> None:
    gate = open_fifo(team.project / "gate")
    team.session("qa-1", "bash read < gate\nsay Next.\nwait-for green\nsay Go.")
    agent = team.start("qa-1")
    agent.tell("the green light of the first message does not count")
    agent.until(lambda line: line["type"] == "assistant")
    agent.tell("green", "second")
    os.write(gate, b"open\n")
    lines = agent.rest()
    os.close(gate)
    assert [line["type"] for line in lines] == ["user", "user", "assistant", "assistant", "result"]
    assert lines[1]["uuid"] == "second" and said(lines) == ["Next.", "Go."]


def test_a_message_answers_one_wait_for(team: Team) -> None:
    team.session("qa-1", "wait-for it\nwait-for it\nsay Both.")
    agent = team.start("qa-1")
    assert said(agent.turn("it")) == ["I am waiting for it."]
    assert said(agent.turn("something else")) == ["I am waiting for it."]
    assert said(agent.turn("it")) == ["I am waiting for it."]
    assert said(agent.turn("it")) == ["Both."]


def test_errors_limits_and_denials_are_in_the_result(team: Team) -> None:
    script = "deny WebFetch\nerror 500 Broken.\nrate-limit 60\nstderr oh\nraw {not json"
    team.session("qa-1", script)
    agent = team.start("qa-1")
    denied = agent.turn()[-1]
    assert (denied["is_error"], denied["api_error_status"]) == (True, 500)
    assert [denial["tool_name"] for denial in denied["permission_denials"]] == ["WebFetch"]
    limited = agent.turn()
    event = next(line for line in limited if line["type"] == "rate_limit_event")
    assert event["rate_limit_info"]["status"] == "rejected"
    assert limited[-1]["api_error_status"] == 429 and limited[-1]["permission_denials"] == []
    agent.tell("go on")
    assert [agent.line()[:9] for _ in range(3)][-1] == b"{not json"
    assert agent.rest()[-1]["is_error"] is False
    assert agent.end() == (0, "oh\n")


def test_a_script_that_cannot_be_read_fails_the_turn_and_is_read_again(team: Team) -> None:
    folder = team.session("qa-1", "say Hello.\ndance")
    agent = team.start("qa-1")
    result = agent.turn()[-1]
    assert result["is_error"] and "line 3 of instructions.md has no known step" in result["result"]
    (folder / "instructions.md").write_text("```scripted-agent\nsay Hello.\n```\n")
    assert said(agent.turn()) == ["Hello."]


def test_a_tool_that_fails_does_not_end_the_script(team: Team) -> None:
    team.session("qa-1", "bash exit 3\nwrite /proc/no/such text\ndone Nothing\nsay Still here.")
    lines = team.start("qa-1").turn()
    assert [output["is_error"] for output in tool_results(lines)] == [True, True, True]
    assert lines[-1]["result"] == "Still here."


def test_start_and_end_are_in_the_audit(team: Team) -> None:
    team.session("qa-1", "wait")
    agent = team.start("qa-1")
    agent.turn()
    assert agent.end()[0] == 0
    start, end = (line.split() for line in team.audit.read_text().splitlines())
    assert start[:3] == ["start", "qa-1", str(agent.process.pid)]
    assert end[:3] == ["end", "qa-1", str(agent.process.pid)] and float(end[3]) > float(start[3])


def test_without_a_team_it_works_in_the_current_directory(tmp_path: Path) -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("TEAM_")}
    (tmp_path / "instructions.md").write_text("```scripted-agent\nwrite a/b.txt one\\ntwo\n```\n")
    agent = Agent(environ | {"PYTHONPATH": str(ROOT)}, tmp_path, ())
    agent.turn()
    assert agent.end()[0] == 0
    assert (tmp_path / "a" / "b.txt").read_text() == "one\ntwo"
    assert (tmp_path / ".scripted-agent.json").is_file()


@pytest.mark.parametrize(
    ("given", "seconds"), [("0", 0), ("1.5", 1.5), ("x", PACE), ("nan", PACE), ("-1", PACE)]
)
def test_the_pace_is_a_sane_number_of_seconds(given: str, seconds: float) -> None:
    assert pace_of({"TEAM_SCRIPTED_PACE": given}) == seconds
