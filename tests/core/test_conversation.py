"""How does a transcript read for a person?"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.conversation import MAX_LINE, Entry, readable

FIXTURES = Path(__file__).parent.parent / "runners" / "fixtures"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def told(name):
    lines = (FIXTURES / f"{name}.jsonl").read_bytes().splitlines()
    return [entry for line in lines for entry in readable(line)]


def assistant(*content):
    return {"type": "assistant", "message": {"content": list(content)}}


def test_a_conversation_reads_in_its_order():
    assert told("turns") == [
        Entry("system", "turn begins with claude-opus-4-8[1m]"),
        Entry("user", "wait, then say hi"),
        Entry("tool", "Bash: sleep 2; echo hi"),
        Entry("result", "hi"),
        Entry("user", "steer during tool"),
        Entry("assistant", "done 1"),
        Entry("turn", "turn ended ($0.0150 so far, 2.3 s)"),
        Entry("system", "turn begins with claude-opus-4-8[1m]"),
        Entry("user", "third"),
        Entry("assistant", "done 1"),
        Entry("turn", "turn ended ($0.0225 so far, 0.0 s)"),
    ]


def test_a_denied_tool_is_named_where_the_turn_ends():
    entries = told("denied")
    assert entries[3].text.startswith("failed: touch in '/elsewhere/file' was blocked.")
    assert entries[4] == Entry("assistant", "line one\nline two")
    assert entries[-1] == Entry("turn", "turn ended ($0.0151 so far, 0.1 s, denied: Bash)")


def test_a_failed_turn_says_why():
    assert told("refused")[-1].text.startswith("turn failed: Credit balance is too low (")
    assert told("budget")[-1].text.startswith("turn failed: Reached maximum budget ($0.001) (")


def test_retries_are_told():
    assert told("retries")[1] == Entry("system", "retry 1 of 10: rate_limit")


def test_a_rate_limit_is_told_only_when_it_stops_the_agent():
    line = {"type": "rate_limit_event", "rate_limit_info": {"status": "allowed_warning"}}
    assert readable(line) == []
    line["rate_limit_info"]["status"] = "rejected"
    assert readable(line) == [Entry("system", "a rate limit is reached")]


def test_a_long_result_shows_its_first_lines():
    content = [{"type": "tool_result", "content": "\n".join(map(str, range(40)))}]
    (entry,) = readable({"type": "user", "message": {"content": content}})
    lines = entry.text.split("\n")
    assert (lines[0], lines[11], lines[12]) == ("0", "11", "… 28 more lines")


def test_a_result_of_several_blocks_is_one_entry():
    blocks = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    content = [{"type": "tool_result", "content": blocks}]
    assert readable({"type": "user", "message": {"content": content}}) == [Entry("result", "a\nb")]


def test_a_command_of_many_lines_is_told_whole():
    line = assistant({"type": "tool_use", "name": "Bash", "input": {"command": "cat <<E\nx\nE"}})
    assert readable(line) == [Entry("tool", "Bash: cat <<E\nx\nE")]


def test_what_is_said_cannot_command_the_terminal():
    line = assistant({"type": "text", "text": "\x1b[2Jone\r\n\ttwo\u202e\x07"})
    assert readable(line) == [Entry("assistant", "one\n\ttwo")]


def test_half_an_emoji_loses_only_itself():
    line = b'{"type":"assistant","message":{"content":[{"type":"text","text":"so \\ud83d far"}]}}'
    assert readable(line) == [Entry("assistant", "so  far")]


def test_plain_output_reads_as_it_is():
    assert readable(b"\x1b[32m3 passed\x1b[0m \xff\n") == [Entry("output", "3 passed \ufffd")]
    assert readable(b"[1, 2]\n") == [Entry("output", "[1, 2]")]
    assert readable(b"\n") == []


def test_a_torn_line_and_an_unknown_one_tell_nothing():
    assert readable(b'{"type":"assistant","mess') == []
    assert readable(b'{"type":"news"}') == []


def test_numbers_too_large_to_be_true_are_not_shown():
    line = b'{"type":"result","total_cost_usd":1%s,"duration_ms":NaN}' % (b"0" * 400)
    assert readable(line) == [Entry("turn", "turn ended ($0.0000 so far)")]


def test_a_line_of_endless_depth_is_left_alone():
    assert readable(b'{"a":' * 100_000) == []


def test_an_enormous_line_is_left_out():
    assert readable(b"x" * (MAX_LINE + 1)) == [Entry("system", "(a line of 4 MiB is left out)")]


@given(st.binary())
def test_any_bytes_can_be_read(line):
    readable(line)


@pytest.mark.parametrize("kind", ["user", "assistant", "result", "system", "rate_limit_event"])
@given(key=st.sampled_from(["message", "errors", "permission_denials", "subtype"]), value=JSON)
def test_a_field_of_any_shape_can_be_read(kind, key, value):
    line = {"type": kind, "is_error": True, "message": {"content": value}, key: value}
    readable(line)
    readable(json.dumps(line).encode())


@given(JSON)
def test_a_block_of_any_shape_can_be_read(value):
    for kind in ("text", "tool_use", "tool_result"):
        block = {"type": kind, "text": value, "name": value, "input": value, "content": value}
        readable(assistant(block))
        readable(assistant({"type": kind, "input": {"command": value, "file_path": value}}))
