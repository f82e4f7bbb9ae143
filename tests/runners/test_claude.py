"""How is Claude Code started, spoken to and understood?"""

import json
from dataclasses import replace
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.progress import (
    Acted,
    Activity,
    RateLimited,
    Retrying,
    Seen,
    TurnEnded,
    TurnStarted,
    fold,
)
from team_supervisor.errors import TeamError
from team_supervisor.runners import Start, claude

FIXTURES = Path(__file__).parent / "fixtures"
START = Start(
    binary="/bin/claude",
    conversation="4e0c941d-46f7-4bb1-ac36-3eb96457f03f",
    resume=False,
    persona_file="/w/qa-1/persona-instructions.md",
    session_directory="/w/qa-1",
    workspace="/w",
    name="qa-1",
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    *("message", "uuid", "isReplay", "usage", "errors", "error", "result", "is_error", "tools"),
    *("rate_limit_info", "model", "attempt", "permission_denials", "total_cost_usd"),
    *("retry_delay_ms", "parent_tool_use_id"),
)


def facts(name):
    lines = (FIXTURES / f"{name}.jsonl").read_bytes().splitlines(keepends=True)
    return [fact for line in lines for fact in claude.parse(line)]


def parsed(**line):
    return claude.parse(json.dumps(line).encode())


def said(*content, **more):
    return parsed(type="assistant", message={"content": list(content)}, **more)


def test_the_command_line_of_a_new_conversation():
    assert claude.command(START) == [
        "/bin/claude",
        *("-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"),
        "--replay-user-messages",
        *("--append-system-prompt-file", "/w/qa-1/persona-instructions.md"),
        *("--session-id", "4e0c941d-46f7-4bb1-ac36-3eb96457f03f"),
        *("--add-dir", "/w", "--permission-mode", "acceptEdits"),
    ]


def test_everything_that_can_be_set_is_passed():
    line = claude.command(
        replace(
            START,
            resume=True,
            model="sonnet",
            permission_mode="plan",
            allowed_tools=("Read", "Bash(git *)"),
            tools=("Read", "Bash"),
            max_budget_usd=2.5,
            extra=("--effort", "low"),
        )
    )
    assert line[9:] == [
        "/w/qa-1/persona-instructions.md",
        *("--resume", "4e0c941d-46f7-4bb1-ac36-3eb96457f03f"),
        *("--allowedTools", "Read,Bash(git *)", "--tools", "Read,Bash"),
        *("--add-dir", "/w", "--permission-mode", "plan"),
        *("--model", "sonnet", "--max-budget-usd", "2.5", "--effort", "low"),
    ]


def test_no_option_of_several_values_stands_last():
    several = {"--allowedTools", "--tools", "--add-dir"}
    options = [word for word in claude.command(START) if word.startswith("--")]
    assert options[-1] not in several


def test_a_message_is_one_line_whatever_it_says():
    line = claude.message("u-1", 'two\nlines, "quoted" \u2028 \ud800 é')
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert json.loads(line) == {
        "type": "user",
        "uuid": "u-1",
        "message": {"role": "user", "content": 'two\nlines, "quoted" \u2028 ? é'},
    }


def test_a_real_conversation_is_understood():
    model, tools = "claude-opus-4-8[1m]", ("Task", "Bash", "CronCreate")
    uuid = "11111111-1111-4111-8111-11111111111"
    assert facts("turns") == [
        TurnStarted(model, tools),
        Seen(f"{uuid}1"),
        Acted("Bash: sleep 2; echo hi", tool=True),
        Seen(f"{uuid}2"),
        Acted("says: done 1"),
        TurnEnded(cost_usd=0.015, input_tokens=2000, output_tokens=200, text="done 1"),
        TurnStarted(model, tools),
        Seen(f"{uuid}3"),
        Acted("says: done 1"),
        TurnEnded(cost_usd=0.0225, input_tokens=1000, output_tokens=100, text="done 1"),
    ]


def test_a_real_conversation_folds_into_its_totals():
    activity = reduce(fold, facts("turns"), Activity())
    assert (activity.turns, activity.turn_open, len(activity.seen)) == (2, False, 3)
    assert (activity.cost_usd, activity.input_tokens) == (0.0225, 3000)


def test_cached_input_counts_and_denials_are_named():
    ended = facts("denied")[-1]
    assert ended.input_tokens == 2000 + 14 + 100
    assert ended.permission_denials == ("Bash",)
    assert ended.text == "line one\nline two"


def test_an_error_of_the_api_is_an_error_with_its_words():
    ended = facts("refused")[-1]
    assert (ended.is_error, ended.api_error_status) == (True, 400)
    assert ended.error == "Credit balance is too low"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("budget", "Reached maximum budget ($0.001)"),
        (
            "unknown_conversation",
            "No conversation found with session ID: c3e6164b-68b7-4ddd-ae5d-b3929d2bd27c",
        ),
    ],
)
def test_an_error_of_the_cli_is_an_error_with_its_words(name, words):
    ended = facts(name)[-1]
    assert (ended.is_error, ended.error) == (True, words)


def test_retries_are_told_in_words():
    assert facts("retries")[2] == Retrying("retry 2 of 10 in 1 s: rate_limit (429)")
    (retry,) = parsed(type="system", subtype="api_retry", attempt=1, max_retries=10)
    assert retry == Retrying("retry 1 of 10 in 0 s: no answer")


def test_a_rate_limit_says_until_when():
    info = {"status": "rejected", "resetsAt": 1_800_000_000, "rateLimitType": "five_hour"}
    limit = parsed(type="rate_limit_event", rate_limit_info=info)
    assert limit == (RateLimited(1_800_000_000.0, "rejected"),)


def test_a_message_of_another_is_not_ours():
    assert parsed(type="user", uuid="u-1", message={"content": "x"}) == ()
    assert parsed(type="user", isReplay=True, uuid="x" * 65) == ()


def test_each_block_is_an_act():
    text = {"type": "text", "text": "I will\nlook"}
    tool = {"type": "tool_use", "name": "Edit", "input": {"file_path": "/src/api.py"}}
    thought = {"type": "thinking", "thinking": "hm"}
    assert said(thought, text, tool) == (
        Acted("says: I will look"),
        Acted("Edit: api.py", tool=True),
    )


def test_what_a_subagent_does_is_marked():
    text = {"type": "text", "text": "hello"}
    assert said(text, parent_tool_use_id="toolu_1") == (Acted("says: hello", subagent=True),)


def test_words_are_cut_to_one_short_clean_line():
    (act,) = said({"type": "text", "text": "\x1b[31m" + "word " * 1000})
    assert len(act.words) <= 120 and act.words.startswith("says: word word")


def test_one_wrong_field_costs_that_fact_alone():
    line = {
        "type": "result",
        "subtype": 7,
        "is_error": True,
        "result": ["x"],
        "errors": ["first", 2, "third"],
        "total_cost_usd": "much",
        "usage": {"input_tokens": -5, "cache_read_input_tokens": 7, "output_tokens": 1 << 70},
        "permission_denials": [{"tool_name": 1}, {"tool_name": "Bash"}, "x"],
    }
    assert parsed(**line) == (
        TurnEnded(
            is_error=True, input_tokens=7, permission_denials=("Bash",), error="first; third"
        ),
    )


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"null",
        b"[]",
        b"plain words",
        b'{"type":"assistant","message":{"cont',
        b'{"type":"news"}',
        b'{"type":3}',
        b'{"type":"user","isReplay":true,"uuid":"\\ud800"}',
        b'\xff{"type":"user"}',
        b"[" * 100_000,
        b'{"type":"assistant","message":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_a_line_that_says_nothing_is_nothing(line):
    assert claude.parse(line) == ()


def test_a_line_over_four_mebibytes_counts_only_if_it_ends_a_turn():
    filling = b"x" * claude.MAX_LINE
    act = b'{"type":"assistant","message":{"content":[{"type":"text","text":"%s"}]}}' % filling
    assert claude.parse(act) == ()
    (ended,) = claude.parse(b'{"type":"result","is_error":false,"result":"%s"}' % filling)
    assert (type(ended), len(ended.text)) == (TurnEnded, claude.MAX_TEXT)


@given(st.binary())
def test_no_bytes_raise(line):
    claude.parse(line)


@given(
    kind=st.sampled_from(["system", "user", "assistant", "result", "rate_limit_event"]),
    subtype=st.sampled_from(["init", "api_retry", "success"]),
    line=st.dictionaries(
        st.sampled_from(FIELDS),
        VALUES,
    ),
)
def test_no_field_of_a_wrong_type_raises(kind, subtype, line):
    found = claude.parse(json.dumps(line | {"type": kind, "subtype": subtype}).encode())
    assert kind != "result" or isinstance(found[0], TurnEnded)
    reduce(fold, found, Activity())


@given(VALUES)
def test_no_block_of_a_wrong_type_raises(value):
    for kind in ("text", "tool_use"):
        said({"type": kind, "text": value, "name": value, "input": value}, value)


def executable(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_the_program_is_found_on_the_path_and_then_at_home(tmp_path):
    at_home = executable(tmp_path / ".local/bin/claude")
    environ = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    assert claude.find(None, environ) == at_home
    on_path = executable(tmp_path / "bin/claude")
    assert claude.find(None, environ) == on_path


def test_the_program_that_was_named_is_taken_and_no_other(tmp_path):
    executable(tmp_path / "bin/claude")
    environ = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    named = executable(tmp_path / "other")
    assert claude.find("~/other", environ) == claude.find(named, environ) == named
    with pytest.raises(TeamError, match=r"missing.*cannot be executed"):
        claude.find("/missing", environ)


def test_a_missing_program_says_how_to_get_it(tmp_path):
    with pytest.raises(TeamError, match="npm install -g @anthropic-ai/claude-code"):
        claude.find(None, {"PATH": str(tmp_path), "HOME": str(tmp_path)})
