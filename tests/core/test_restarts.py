"""When does a session whose process died start again, and when is it given up?"""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from team_supervisor.core.restarts import Death, GiveUp, RestartAfter, RestartPolicy, decide

POLICY = RestartPolicy()
CRASH = Death(failures=0, ran=1.0, progressed=False)

jitters = st.floats(-1, 1)
wild_jitters = st.floats(allow_nan=False) | jitters
deaths = st.builds(
    Death, failures=st.integers(0, 10_000), ran=st.floats(0, 1e6), progressed=st.booleans()
)
policies = st.builds(
    RestartPolicy,
    first_delay=st.floats(0, 1e4),
    max_delay=st.floats(0, 1e4),
    healthy_after=st.floats(0, 1e6),
    failures=st.integers(0, 100),
)
GENEROUS = replace(POLICY, failures=1_000_000)


def after(failures: int, **changes: object) -> Death:
    return replace(CRASH, failures=failures, **changes)  # type: ignore[arg-type]


def delay(failures: int, jitter: float = 0.0) -> float:
    then = decide(after(failures), GENEROUS, jitter)
    assert isinstance(then, RestartAfter)
    return then.delay


def in_a_row(*deaths: Death, policy: RestartPolicy = POLICY) -> list[RestartAfter | GiveUp]:
    """What is decided of each, as the count is carried from one to the next."""
    failures, found = 0, list[RestartAfter | GiveUp]()
    for death in deaths:
        found.append(decide(replace(death, failures=failures), policy, 0.0))
        failures = found[-1].failures
        if isinstance(found[-1], GiveUp):
            break
    return found


def test_the_first_restart_comes_after_a_second() -> None:
    assert decide(CRASH, POLICY, 0.0) == RestartAfter(1.0, 1)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 1), (1, 2), (2, 4), (3, 8), (7, 128), (8, 256), (9, 300), (10, 300), (999, 300)],
)
def test_each_delay_is_twice_the_one_before_up_to_five_minutes(
    failures: int, seconds: float
) -> None:
    assert delay(failures) == seconds


@pytest.mark.parametrize(("jitter", "seconds"), [(-1, 3.0), (-0.5, 3.5), (0, 4.0), (1, 5.0)])
def test_jitter_moves_a_delay_by_up_to_a_quarter(jitter: float, seconds: float) -> None:
    assert delay(2, jitter) == seconds


def test_sessions_that_died_together_do_not_start_together() -> None:
    assert len({delay(5, jitter / 10) for jitter in range(-10, 11)}) == 21


def test_the_fifth_failure_in_a_row_is_the_last() -> None:
    found = in_a_row(*[CRASH] * 20)
    assert [then.failures for then in found] == [1, 2, 3, 4, 5]
    assert [type(then) for then in found] == [RestartAfter] * 4 + [GiveUp]


def test_a_series_of_failures_is_always_given_up() -> None:
    found = in_a_row(*[CRASH] * 20)
    assert isinstance(found[-1], GiveUp)
    assert all(isinstance(then, RestartAfter) for then in found[:-1])


def test_a_task_more_done_forgives_what_was_before() -> None:
    assert decide(after(4, progressed=True), POLICY, 0.0) == RestartAfter(1.0, 1)


def test_ten_minutes_of_health_forgive_what_was_before() -> None:
    assert decide(after(4, ran=600.0), POLICY, 0.0) == RestartAfter(1.0, 1)


def test_a_moment_less_than_ten_minutes_forgives_nothing() -> None:
    assert decide(after(2, ran=599.9), POLICY, 0.0) == RestartAfter(4.0, 3)


def test_who_makes_progress_each_time_is_never_given_up() -> None:
    found = in_a_row(*[replace(CRASH, progressed=True)] * 50)
    assert found == [RestartAfter(1.0, 1)] * 50


def test_progress_forgives_under_the_strictest_policy_too() -> None:
    strictest = replace(POLICY, failures=1)
    assert isinstance(decide(CRASH, strictest, 0.0), GiveUp)
    forgiven = decide(replace(CRASH, progressed=True), strictest, 0.0)
    assert forgiven == RestartAfter(1.0, 1)


def test_what_comes_after_progress_is_counted_from_one() -> None:
    found = in_a_row(CRASH, CRASH, CRASH, replace(CRASH, progressed=True), CRASH, CRASH)
    assert [then.failures for then in found] == [1, 2, 3, 1, 2, 3]


@given(deaths, jitters)
def test_no_delay_is_outside_its_bounds(death: Death, jitter: float) -> None:
    then = decide(death, GENEROUS, jitter)
    if isinstance(then, RestartAfter):
        plain = min(2.0 ** min(then.failures - 1, 20), 300.0)
        assert 0.75 * plain <= then.delay <= 1.25 * plain


@given(deaths, policies, wild_jitters)
@example(after(10**9), POLICY, float("inf"))
def test_no_delay_is_ever_negative_or_without_end(
    death: Death, policy: RestartPolicy, jitter: float
) -> None:
    then = decide(death, policy, jitter)
    if isinstance(then, RestartAfter):
        assert 0 <= then.delay <= policy.max_delay * 1.25


@given(deaths, policies, jitters)
def test_the_count_grows_by_one_or_is_forgiven(
    death: Death, policy: RestartPolicy, jitter: float
) -> None:
    then = decide(death, policy, jitter)
    forgiven = death.progressed or death.ran >= policy.healthy_after
    if isinstance(then, RestartAfter):
        assert then.failures == (1 if forgiven else death.failures + 1)


@given(st.lists(deaths, max_size=60), jitters)
def test_who_is_given_up_is_at_exactly_the_fifth_failure_since_the_last_progress(
    series: list[Death], jitter: float
) -> None:
    failures, without = 0, 0
    for death in series:
        then = decide(replace(death, failures=failures), POLICY, jitter)
        without = 1 if death.progressed or death.ran >= POLICY.healthy_after else without + 1
        if isinstance(then, GiveUp):
            assert without == POLICY.failures
            return
        assert without < POLICY.failures
        failures = then.failures


@given(deaths, policies, jitters)
def test_the_same_death_has_the_same_consequence(
    death: Death, policy: RestartPolicy, jitter: float
) -> None:
    assert decide(death, policy, jitter) == decide(death, policy, jitter)
