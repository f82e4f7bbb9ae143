import pytest

from team_supervisor.core.iterations import (
    Iteration,
    IterationError,
    Iterations,
    Phase,
    completed,
    name_problem,
    started,
)

from .test_taskgraph import queued

ONE = Iteration(number=1, name="one", state=Phase.COMPLETE, started_at=1.0, ended_at=2.0)
TWO = Iteration(number=2, name="two", state=Phase.ACTIVE, started_at=3.0)
THREE = Iteration(number=3, name="three")
ALL = Iterations((ONE, TWO, THREE))


def test_it_is_the_turn_of_the_active_one_alone() -> None:
    assert ALL.waits("two") is None
    assert ALL.waits("three") == "its iteration three is in planning"
    assert ALL.waits("one") == "its iteration one is complete"
    assert ALL.waits("unheard of") == "its iteration unheard of is in planning"
    assert ALL.waits(None) == "iteration two comes first: it names none"


def test_without_an_active_one_it_is_the_turn_of_tasks_that_name_none() -> None:
    assert Iterations().waits(None) is None
    assert Iterations((ONE, THREE)).waits(None) is None


def test_an_iteration_is_found_by_its_name_and_else_by_its_number() -> None:
    assert ALL.get("two") == ALL.get("2") == TWO
    odd = Iteration(number=4, name="2")
    assert Iterations((TWO, odd)).get("2") == odd
    with pytest.raises(IterationError, match="there are one, two, three"):
        ALL.wanted("five")


def test_one_is_active_at_a_time_and_a_complete_one_never_again() -> None:
    with pytest.raises(IterationError, match="iteration two is active"):
        started(ALL, "three", 5.0)
    with pytest.raises(IterationError, match="does not start again"):
        started(ALL, "one", 5.0)
    after = started(Iterations((ONE, THREE)), "3", 5.0)
    assert (after.state, after.started_at) == (Phase.ACTIVE, 5.0)
    assert started(ALL, "two", 5.0) == TWO


def test_it_is_complete_when_nothing_in_it_is_open() -> None:
    with pytest.raises(IterationError, match=r"open tasks: a \(queued\)"):
        completed(ALL, "two", [queued("a")], 5.0)
    with pytest.raises(IterationError, match="never started"):
        completed(ALL, "three", [], 5.0)
    after = completed(ALL, "two", [], 5.0)
    assert (after.state, after.ended_at) == (Phase.COMPLETE, 5.0)


def test_what_is_complete_stays_as_it_is() -> None:
    ALL.refuse_frozen("two")
    ALL.refuse_frozen(None)
    with pytest.raises(IterationError, match="stays as it is"):
        ALL.refuse_frozen("one")


@pytest.mark.parametrize("name", ["", " ", "x" * 49, "a\nb", "default", "\x1b[2J"])
def test_a_name_is_one_line_that_a_terminal_can_show(name: str) -> None:
    assert name_problem(name)
    assert name_problem("sprint 2: login") is None
