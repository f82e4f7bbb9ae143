"""How well is a session: does it live, and what does it take of the machine?"""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.health import (
    Health,
    HealthRules,
    Level,
    Vitals,
    judge,
    rests,
    worst,
)
from team_supervisor.core.model import Doing, State

from .worlds import idle, session

RULES = HealthRules()
MIB = 1 << 20
ORDER = list(Level)
amounts = st.floats(min_value=0, max_value=1e12)


def health(silent: float = 0.0, **seen: Any) -> Health:
    return judge(Vitals(silent=silent, **seen), RULES)


@pytest.mark.parametrize(
    ("silent", "level"),
    [
        (0.0, Level.HEALTHY),
        (120.0, Level.HEALTHY),
        (121.0, Level.WARNING),
        (300.0, Level.WARNING),
        (301.0, Level.STALLED),
    ],
)
def test_silence_is_a_warning_after_two_minutes_and_a_stall_after_five(
    silent: float, level: Level
) -> None:
    assert health(silent).level == level


@pytest.mark.parametrize(
    ("cpu", "level"), [(80.0, Level.HEALTHY), (81.0, Level.WARNING), (96.0, Level.CRITICAL)]
)
def test_processor_time_has_two_thresholds(cpu: float, level: Level) -> None:
    assert health(cpu=cpu).level == level


@pytest.mark.parametrize(
    ("mebibytes", "level"), [(1024, Level.HEALTHY), (1025, Level.WARNING), (2049, Level.CRITICAL)]
)
def test_memory_has_two_thresholds(mebibytes: int, level: Level) -> None:
    assert health(memory=mebibytes * MIB).level == level


def test_an_open_tool_call_is_life_however_long_it_lasts() -> None:
    found = health(3600.0, tool=True)
    assert found.level == Level.HEALTHY
    assert found.signals[0].words == "no sign of life for 1 h, but a tool call is open"


def test_nothing_is_expected_of_who_waits() -> None:
    assert health(3600.0, rests=True).level == Level.HEALTHY


def test_who_should_run_and_does_not_is_critical_whatever_else_is_known() -> None:
    assert health(gone=True, rests=True, tool=True).level == Level.CRITICAL


def test_what_the_supervisor_said_of_a_stall_counts() -> None:
    found = health(said_stalled="no output for 15 min", tool=True)
    assert (found.level, found.words) == (Level.STALLED, "no output for 15 min")


def test_what_is_not_known_is_no_trouble() -> None:
    found = judge(Vitals(silent=None), RULES)
    assert (found.level, found.words) == (Level.HEALTHY, "")


def test_the_words_name_each_signal_that_is_not_well() -> None:
    assert health(150.0, cpu=99.0).words == "no sign of life for 2 min; 99 % of a core"


@given(amounts, amounts, amounts)
def test_the_whole_is_as_bad_as_the_worst_signal(silent: float, cpu: float, memory: float) -> None:
    found = health(silent, cpu=cpu, memory=int(memory))
    assert found.level == max((s.level for s in found.signals), key=ORDER.index)
    assert (found.words == "") == (found.level == Level.HEALTHY)


@given(amounts, amounts, st.sampled_from(["silent", "cpu", "memory"]))
def test_more_is_never_better(one: float, other: float, name: str) -> None:
    low, high = (
        judge(msgspec.structs.replace(Vitals(silent=0.0), **{name: int(v)}), RULES).level
        for v in sorted([one, other])
    )
    assert ORDER.index(low) <= ORDER.index(high)


@given(st.lists(st.sampled_from(ORDER)))
def test_the_worst_of_none_is_healthy(levels: list[Level]) -> None:
    assert ORDER.index(worst(levels)) == max(map(ORDER.index, levels), default=0)


def test_thresholds_that_contradict_each_other_are_named() -> None:
    assert RULES.contradiction() is None
    assert HealthRules(cpu_warning=99).contradiction() == "cpu_warning` and `cpu_critical"


def test_who_works_does_not_rest_and_who_waits_does() -> None:
    assert not rests(session())
    assert not rests(idle())
    assert rests(idle(doing=Doing.WAITING))
    assert not rests(session(doing=Doing.WAITING))
    assert rests(session(State.PARKED, doing=Doing.WAITING))
    assert not rests(session(doing=Doing.STALLED))
