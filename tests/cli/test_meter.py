"""Tests of what is used of the machine, and of what it costs to ask."""

from team_supervisor.cli.meter import LEAST_BETWEEN, SHARE, Meter
from tests.teams import Team


def test_the_more_a_sample_costs_the_seldomer_one_is_taken(live_team: Team) -> None:
    """So any number of sessions costs less than a hundredth of a core."""
    assert SHARE <= 0.01
    with live_team.store() as store:
        meter = Meter(live_team.workspace, store)
        first = meter.sample()
        assert meter.period == max(LEAST_BETWEEN, meter.cost / SHARE)
        meter.cost = 10 * LEAST_BETWEEN * SHARE
        assert meter.period >= 9.9 * LEAST_BETWEEN
        assert meter.sample() is first
