"""Which state may follow which?"""

from collections.abc import Iterable
from itertools import pairwise, product

import pytest

from team_supervisor.core.lifecycle import FOLLOWS, IllegalTransition, check
from team_supervisor.core.model import ENDED, State

R, S, A = State.REQUESTED, State.STARTING, State.ACTIVE
E, P = State.STOPPING, State.PARKED
C, F, D = State.COMPLETED, State.FAILED, State.STOPPED

LEGAL = {
    (R, S), (R, F), (R, D),
    (S, A), (S, E), (S, F), (S, D),
    (A, S), (A, E), (A, F), (A, D),
    (E, S), (E, P), (E, C), (E, F), (E, D),
    (P, S), (P, E), (P, F),
    (C, S), (F, S), (D, S),
}  # fmt: skip
STAYING = {(state, state) for state in State}
ILLEGAL = sorted(set(product(State, State)) - LEGAL - STAYING)


@pytest.mark.parametrize(("before", "after"), sorted(LEGAL))
def test_a_legal_step_gives_the_state_after_it(before: State, after: State) -> None:
    assert check(before, after) is after


@pytest.mark.parametrize(("before", "after"), ILLEGAL)
def test_every_other_step_is_refused_by_name(before: State, after: State) -> None:
    with pytest.raises(IllegalTransition, match=f"from {before} to {after}"):
        check(before, after)


@pytest.mark.parametrize("state", State)
def test_staying_where_it_is_is_no_step(state: State) -> None:
    assert check(state, state) is state


def test_every_state_is_in_the_table() -> None:
    assert set(FOLLOWS) == set(State)


def test_an_archived_session_can_only_be_taken_back_to_work() -> None:
    assert FOLLOWS[State.COMPLETED] == {State.STARTING}


def test_only_a_session_that_is_being_stopped_can_be_completed() -> None:
    assert [before for before in State if State.COMPLETED in FOLLOWS[before]] == [State.STOPPING]


def test_an_ended_session_can_only_start_again() -> None:
    assert {after for before in ENDED for after in FOLLOWS[before]} == {State.STARTING}


@pytest.mark.parametrize(
    "life",
    [(R, S, A, E, C), (R, S, A, S, A, E, F, S, A, E, D, S, A, E, C), (R, S, E, D), (R, F, S, E, C)],
    ids=" ".join,
)
def test_whole_lives_are_legal(life: Iterable[State]) -> None:
    for before, after in pairwise(life):
        check(before, after)
