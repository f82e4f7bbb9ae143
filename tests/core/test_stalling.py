"""When is an agent that works taken for stalled, and what is done about it? It is never killed."""

from typing import Any

import pytest

from team_supervisor.core.due import next_look
from team_supervisor.core.model import Doing
from team_supervisor.core.world import AskToStop, NoteDoing, NudgeStalled, SessionFacts

from .worlds import facts, idle, planned, session, watch, world

AFTER = 900.0
WORDS = "no output, no CPU, no child process and no file change for 15 min and more"


def quiet(still: float | None, **changes: Any) -> SessionFacts:
    return facts(session(**changes), tasks=watch(0, 1), silent=still, still=still)


def doings(seen: SessionFacts) -> list[tuple[Doing, str]]:
    return [(a.doing, a.detail) for a in planned(seen) if isinstance(a, NoteDoing)]


@pytest.mark.parametrize("still", [None, 0.0, AFTER - 1])
def test_who_gives_a_sign_of_life_in_time_works(still: float | None) -> None:
    assert planned(quiet(still)) == []


def test_who_gives_none_is_marked() -> None:
    assert doings(quiet(AFTER)) == [(Doing.STALLED, WORDS)]


def test_a_stalled_agent_is_asked_once_and_then_a_person_is() -> None:
    marked = {"doing": Doing.STALLED, "doing_detail": WORDS}
    seen = quiet(2 * AFTER, **marked)
    assert planned(seen) == [NudgeStalled(seen.session)]
    assert planned(quiet(2 * AFTER, stall_rung=1, **marked)) == []
    asked = quiet(3 * AFTER, stall_rung=1, **marked)
    assert doings(asked) == [(Doing.ATTENTION, f"{WORDS}; it may hang")]


@pytest.mark.parametrize("still", [AFTER, 10 * AFTER, 1e9])
def test_nobody_is_ended_for_being_still(still: float) -> None:
    assert not [a for a in planned(quiet(still)) if isinstance(a, AskToStop)]


def test_any_sign_of_life_takes_it_back_to_work() -> None:
    stalled = quiet(1.0, doing=Doing.STALLED, doing_detail=WORDS)
    assert doings(stalled) == [(Doing.WORKING, "")]


def test_who_waits_between_turns_is_not_stalled() -> None:
    seen = facts(idle(nudges=3), tasks=watch(0, 1), silent=9999.0, still=9999.0)
    assert Doing.STALLED not in [doing for doing, _ in doings(seen)]


def test_a_program_that_does_not_talk_is_marked_and_not_nudged() -> None:
    seen = facts(session(), tasks=watch(0, 1), silent=AFTER * 2, still=AFTER * 2, talks=False)
    assert doings(seen) == [(Doing.STALLED, WORDS)]
    assert not [a for a in planned(seen) if isinstance(a, NudgeStalled)]


@pytest.mark.parametrize(
    ("still", "left"), [(0.0, 300.0), (300.0, 600.0), (900.0, 900.0), (1800.0, 900.0)]
)
def test_it_is_looked_at_again_when_the_next_rung_comes(still: float, left: float) -> None:
    seen = quiet(still)
    from dataclasses import replace

    followed = replace(seen, followed=True)
    assert next_look(followed, world(followed)) <= left + 0.01
