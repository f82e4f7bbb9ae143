"""What does one line of an agent's output mean to us?"""

import unicodedata
from functools import reduce

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from team_supervisor.core.progress import (
    Acted,
    Activity,
    RateLimited,
    Retrying,
    Seen,
    TurnEnded,
    TurnStarted,
    clean,
    fold,
    plain,
    tool_words,
)

OPEN = Activity(turn_open=True)


def folded(*facts):
    return reduce(fold, facts, Activity())


def test_a_turn_is_open_from_its_start_to_its_end():
    assert folded(TurnStarted()).turn_open
    assert folded(Acted("Bash: ls")).turn_open
    assert not folded(TurnStarted(), Acted("Bash: ls"), TurnEnded()).turn_open


def test_a_background_subagent_opens_no_turn():
    activity = folded(TurnStarted(), TurnEnded(), Acted("Read: a.py", subagent=True))
    assert (activity.turn_open, activity.last_words) == (False, "Read: a.py")


def test_a_subagent_within_a_turn_leaves_it_open():
    assert folded(TurnStarted(), Acted("Read: a.py", subagent=True)).turn_open


def test_cost_replaces_and_tokens_add():
    first = TurnEnded(cost_usd=0.5, input_tokens=10, output_tokens=1)
    second = TurnEnded(cost_usd=0.7, input_tokens=20, output_tokens=2)
    activity = folded(first, second)
    assert (activity.turns, activity.cost_usd) == (2, 0.7)
    assert (activity.input_tokens, activity.output_tokens) == (30, 3)


def test_a_failed_turn_keeps_its_error_until_one_goes_well():
    failed = folded(TurnEnded(is_error=True, error="no credit", api_error_status=400))
    assert (failed.last_error, failed.error_status) == ("no credit", 400)
    well = fold(failed, TurnEnded())
    assert (well.last_error, well.error_status) == (None, None)


def test_a_retry_is_what_the_agent_does_and_why():
    activity = fold(OPEN, Retrying("retry 1 of 10"))
    assert (activity.last_words, activity.last_error) == ("retry 1 of 10", "retry 1 of 10")


def test_a_rate_limit_holds_until_a_turn_goes_well():
    limited = folded(RateLimited(900.0, "rejected"))
    assert limited.rate_limited_until == 900.0
    assert fold(limited, TurnEnded(is_error=True)).rate_limited_until == 900.0
    assert fold(limited, TurnEnded()).rate_limited_until is None


def test_only_a_rejection_is_a_rate_limit():
    assert folded(RateLimited(900.0, "allowed_warning")).rate_limited_until is None
    assert folded(RateLimited(900.0, "rejected"), RateLimited(None, "allowed")) == Activity()


def test_a_rejection_without_a_time_keeps_the_time_that_is_known():
    activity = folded(RateLimited(900.0, "rejected"), RateLimited(None, "rejected"))
    assert activity.rate_limited_until == 900.0


def test_messages_seen_and_tools_denied_are_kept_once_and_in_order():
    activity = folded(
        Seen("a"),
        Seen("b"),
        Seen("a"),
        TurnEnded(permission_denials=("Bash",)),
        TurnEnded(permission_denials=("Write", "Bash")),
    )
    assert (activity.seen, activity.denials) == (("a", "b"), ("Bash", "Write"))


def test_escape_sequences_leave_nothing_behind():
    assert clean("\x1b[31mred\x1b[0m and \x1b]0;title\x07plain\x9b2K") == "red and plain"
    assert clean("\x1bPq#0\x1b\\a\x1b]8;;http://x\x1b\\b\x1b(B") == "ab"


def test_an_unfinished_escape_hides_nothing_of_what_follows():
    assert plain("\x1b]0;never ends\nvisible") == "0;never ends\nvisible"
    assert clean("request a\x1b]0;x: its reason") == "request a0;x: its reason"
    assert clean("a\x9d0;x\x9d1;y") == "a0;x1;y"


@pytest.mark.timeout(10)
def test_a_megabyte_of_unfinished_escapes_is_read_at_once():
    assert plain("\x9d" * 1_000_000 + "\x1b]" * 1_000_000) == ""


def test_text_cannot_be_reordered_or_hidden():
    assert clean("a\u202eb\u2066c\u200bd\U000e0041e") == "abcde"


def test_letters_and_emoji_stay():
    assert clean("Grüße, 日本 👩\u200d💻") == "Grüße, 日本 👩\u200d💻"


def test_a_long_text_is_cut_and_says_so():
    assert clean("word " * 100, 20) == "word word word word…"
    assert len(clean("x" * 10_000_000)) == 120


def test_many_lines_become_one():
    assert clean("one\r\n\ttwo\u2028three") == "one two three"


def test_plain_text_keeps_its_lines():
    assert plain("one\r\ntwo\rthree\tfour\x00") == "one\ntwo\nthree\tfour"


@given(st.text())
@example("\x1b\x1b[31m[0m")
@example("\x1b]\x1b]\x1b]")
@example("\ud800")
def test_no_text_commands_a_terminal(text):
    allowed = "\n\t\u200c\u200d"
    for character in plain(text):
        kind = unicodedata.category(character)
        assert character in allowed or kind not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in ("RLO", "LRO", "RLE", "LRE", "PDF")
    assert len(clean(text).splitlines()) <= 1
    clean(text).encode()


@given(st.text(alphabet="ab c\n"), st.integers(2, 40))
def test_a_limit_is_a_limit(text, limit):
    assert len(clean(text, limit)) <= limit


def test_a_tool_use_reads_as_what_it_is_about():
    assert tool_words("Bash", {"command": "pytest -q\n", "description": "x"}) == "Bash: pytest -q"
    assert tool_words("Edit", {"file_path": "/src/api.py", "old_string": "x"}) == "Edit: api.py"
    assert tool_words("Task", {"description": "look around", "prompt": "x"}) == "Task: look around"
    assert tool_words("Stop", {"file_path": 3, "command": " "}) == "Stop"
