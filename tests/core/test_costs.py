"""What did what cost: each persona, each session with those it asked for, each day?"""

from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.costs import Turn, by_day, by_persona, by_session, total
from team_supervisor.core.model import Session

from .worlds import session


def turn(of: str, cost: float, day: str = "2026-11-27") -> Turn:
    return Turn(of, day, cost, 10, 1)


def family() -> list[Session]:
    """A manager that asked for an engineer that asked for an intern, and somebody else."""
    return [
        session(id="m", persona="manager"),
        session(id="e", persona="engineer", requester="m"),
        session(id="i", persona="intern", requester="e"),
        session(id="x", persona="engineer", attempt=1),
    ]


TURNS = [turn("m", 1.0), turn("e", 2.0), turn("e", 0.5, "2026-11-28"), turn("i", 0.25)]


def test_a_session_is_told_with_all_that_it_asked_for_at_any_depth() -> None:
    told = by_session(TURNS, family())
    lines = {line.name: (line.cost_usd, line.with_asked_usd) for line in told}
    assert lines == {"m": (1.0, 3.75), "e": (2.5, 2.75), "i": (0.25, 0.25), "x": (0.0, 0.0)}


def test_sessions_that_asked_for_each_other_are_counted_once() -> None:
    circle = [session(id="a", requester="b"), session(id="b", requester="a")]
    lines = by_session([turn("a", 1.0), turn("b", 2.0)], circle)
    assert [line.with_asked_usd for line in lines] == [3.0, 3.0]


def test_personas_and_days_are_told_with_their_turns() -> None:
    assert [(c.name, c.cost_usd, c.turns) for c in by_persona(TURNS, family())] == [
        ("engineer", 2.5, 2),
        ("manager", 1.0, 1),
        ("intern", 0.25, 1),
    ]
    assert [(c.name, c.cost_usd) for c in by_day(TURNS)] == [
        ("2026-11-28", 0.5),
        ("2026-11-27", 3.25),
    ]


turns = st.lists(st.builds(turn, st.sampled_from("meixy"), st.integers(0, 100).map(float)))


@given(turns)
def test_every_way_of_counting_comes_to_the_same_sum(some: list[Turn]) -> None:
    whole = total(some)
    for lines in (by_day(some), by_persona(some, family())):
        assert sum(line.cost_usd for line in lines) == whole.cost_usd
        assert sum(line.turns for line in lines) == whole.turns
