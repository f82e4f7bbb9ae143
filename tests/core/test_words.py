"""How is a fact said to a person, in a few words?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.model import Exit, State
from team_supervisor.core.words import (
    age,
    dollars,
    file_name,
    how_it_ended,
    how_it_exited,
    processes,
    tokens,
)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (Exit(code=0), "code 0"),
        (Exit(code=1), "code 1"),
        (Exit(signal=9), "SIGKILL"),
        (Exit(signal=15), "SIGTERM"),
        (Exit(signal=34), "signal 34"),
        (Exit(), "exit unknown"),
        (Exit(reason="spawn-error", error="no such file"), "could not start: no such file"),
        (Exit(reason="spawn-error", code=127), "could not start: unknown error"),
    ],
)
def test_an_exit_is_a_code_a_signal_or_unknown(end: Exit, words: str) -> None:
    assert how_it_exited(end) == words


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        (State.COMPLETED, "all tasks are completed", "completed"),
        (State.FAILED, "code 1", "failed, code 1"),
        (State.STOPPED, "", "stopped"),
    ],
)
def test_a_requester_hears_how_it_ended_and_why(state: State, reason: str, words: str) -> None:
    assert how_it_ended(state, reason) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d"),
        (400_000, "4 d"),
    ],
)
def test_an_age_is_said_in_its_largest_units(seconds: float, words: str) -> None:
    assert age(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0k"),
        (12_345, "12.3k"),
        (999_900, "999.9k"),
        (1_000_000, "1.0M"),
        (1_234_567, "1.2M"),
    ],
)
def test_tokens_are_said_in_thousands_and_millions(count: int, words: str) -> None:
    assert tokens(count) == words


def test_a_thousand_thousands_are_a_million() -> None:
    assert tokens(999_950) == "1.0M"


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "$0.00"), (0.012, "$0.012"), (0.0999, "$0.100"), (0.1, "$0.10"), (12.345, "$12.35")],
)
def test_an_amount_below_a_dime_shows_tenths_of_cents(amount: float, words: str) -> None:
    assert dollars(amount) == words


@given(st.floats(-1e12, 1e12))
def test_every_age_is_short(seconds: float) -> None:
    assert len(age(seconds)) <= 14


@given(st.integers(0, 999), st.integers(0, 10**9))
def test_few_tokens_are_exact_and_many_are_short(few: int, many: int) -> None:
    assert tokens(few) == str(few)
    assert len(tokens(many)) <= 7


@pytest.mark.parametrize(("count", "words"), [(1, "1 process"), (2, "2 processes")])
def test_processes_are_counted_in_words(count: int, words: str) -> None:
    assert processes(count) == words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"intern-request-api", "intern-request-api"),
        ("intern-request-\u00e4 b".encode(), "intern-request-\u00e4 b"),
        (b"intern-request-\xff\xfe", "intern-request-\\xff\\xfe"),
        (b"a\nb\x1b[31m", "a\\nb\\x1b[31m"),
        (rb"a\xff", r"a\\xff"),
        ("a\u202eb".encode(), "a\\u202eb"),
        ("a\u0080b".encode(), "a\\u0080b"),
        ("a\U000e0041".encode(), "a\\U000e0041"),
    ],
)
def test_a_file_name_is_spelled_so_that_all_of_it_is_seen(name: bytes, shown: str) -> None:
    assert file_name(name.decode("utf-8", "surrogateescape")) == shown


_NAMES = st.binary(max_size=6).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


@given(_NAMES | st.text(alphabet="\\xfu0\n\udcff\u202e", max_size=8), _NAMES)
def test_two_file_names_are_never_shown_as_one(one: str, other: str) -> None:
    assert file_name(one).isprintable()
    assert (file_name(one) == file_name(other)) == (one == other)
