"""What may be spent, what is spent, and what follows when it is?"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.budgets import (
    Account,
    Budget,
    Budgets,
    Spent,
    account_of,
    exhausted,
    granted,
    lacking,
    left_usd,
    nearly,
    reserved,
    worked,
)

from .worlds import NOW, session

amounts = st.floats(0, 1000)


def of(budget: Budget, **spent: float) -> Account:
    return Account("its", budget, Spent(**spent))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("budget", "spent", "words"),
    [
        (Budget(usd=2.0), {"usd": 2.03}, "its budget of $2.00 is spent ($2.03)"),
        (Budget(usd=2.0), {"usd": 1.99}, None),
        (Budget(tokens=1000), {"tokens": 1200}, "its budget of 1.0k tokens is spent (1.2k)"),
        (Budget(seconds=3600), {"seconds": 3600}, "its time of 1 h is spent (1 h)"),
        (Budget(usd=0.0), {}, "its budget of $0.00 is spent ($0.00)"),
        (Budget(), {"usd": 1e9, "tokens": 10**12, "seconds": 1e9}, None),
    ],
)
def test_a_budget_is_spent_when_its_amount_is_reached(
    budget: Budget, spent: dict[str, float], words: str | None
) -> None:
    assert exhausted(of(budget, **spent)) == words


def test_a_budget_is_nearly_spent_from_its_share_on() -> None:
    assert nearly(of(Budget(usd=10.0), usd=7.99), 0.8) is None
    assert nearly(of(Budget(usd=10.0), usd=8.0), 0.8) == (
        "its budget of $10.00 is nearly spent ($8.00)"
    )


@given(st.builds(Budget, usd=st.none() | amounts), amounts)
def test_what_is_spent_was_nearly_spent_before(budget: Budget, usd: float) -> None:
    account = of(budget, usd=usd)
    assert exhausted(account) is None or nearly(account, 0.8)


def test_what_a_session_was_given_comes_before_what_holds_for_all() -> None:
    budgets = Budgets(session=Budget(usd=1.0, tokens=50, seconds=60.0))
    own = session(budget_usd=7.0, timeout=30.0)
    assert account_of(own, budgets, NOW).budget == Budget(usd=7.0, tokens=50, seconds=30.0)
    assert account_of(session(), budgets, NOW).budget == budgets.session


def test_work_is_measured_by_a_clock_that_nobody_sets() -> None:
    running = session(worked_before=5.0, attempt_monotonic=NOW.monotonic - 10)
    assert worked(running, NOW) == 15.0
    assert worked(running, replace(NOW, wall=NOW.wall + 86_400)) == 15.0


def test_a_process_of_another_boot_has_not_worked_in_this_one() -> None:
    running = session(worked_before=5.0, attempt_monotonic=NOW.monotonic + 10)
    assert worked(running, NOW) == 5.0


def test_no_time_passes_for_a_session_without_a_process() -> None:
    assert worked(session(attempt_at=None, attempt_monotonic=0.0, worked_before=5.0), NOW) == 5.0


def test_what_is_set_aside_shrinks_with_what_is_spent_and_never_below_nothing() -> None:
    budgets = Budgets(reserve_usd=0.5)
    assert reserved(session(), budgets) == 0.5
    assert reserved(session(cost_before=0.4), budgets) == pytest.approx(0.1)
    assert reserved(session(cost_before=4.0), budgets) == 0.0
    assert reserved(session(budget_usd=3.0, cost_attempt=1.0), budgets) == 2.0


def test_a_start_waits_where_no_budget_has_room_for_it() -> None:
    account = Account("the team's", Budget(usd=2.0), Spent(usd=1.0))
    assert lacking([account], 0.5, 0.5) is None
    assert lacking([account], 0.6, 0.5) == (
        "the team's budget of $2.00 has no $0.50 left for it ($1.00 is spent, $0.60 is set aside "
        "for those at work): raise it with `budget`"
    )


@given(st.lists(st.tuples(st.none() | amounts, amounts)))
def test_what_is_left_is_the_least_of_all_and_never_negative(
    pairs: list[tuple[float | None, float]],
) -> None:
    left = left_usd([of(Budget(usd=budget), usd=spent) for budget, spent in pairs])
    limits = [max(0.0, budget - spent) for budget, spent in pairs if budget is not None]
    assert left == (min(limits) if limits else None)


@pytest.mark.parametrize(
    ("asked", "persona", "session", "found"),
    [
        (1.0, None, 2.0, 1.0),
        (1000.0, None, 2.0, None),
        (1000.0, 3.0, 2.0, 3.0),
        (2.5, 3.0, 2.0, 2.5),
        (1000.0, None, None, 1000.0),
        (None, 3.0, 2.0, 3.0),
        (None, None, 2.0, None),
    ],
)
def test_who_asks_gets_no_more_than_its_persona_or_the_team_allows(
    asked: float | None, persona: float | None, session: float | None, found: float | None
) -> None:
    assert granted(asked, persona, Budgets(session=Budget(usd=session))) == found
