import pytest

from team_supervisor.core import timer, unit
from team_supervisor.errors import UsageError


def test_what_a_tick_has_started_is_not_killed_when_the_tick_ends() -> None:
    found = unit.settings(timer.service({"PATH": "/bin"}, ["/usr/bin/true"]))
    assert (found["Type"], found["KillMode"]) == ("oneshot", "process")


def test_the_first_tick_is_at_once_and_the_others_follow() -> None:
    found = unit.settings(timer.timer(420.0))
    assert (found["OnActiveSec"], found["OnUnitActiveSec"]) == ("1s", "420s")


@pytest.mark.parametrize("seconds", [59.0, 86_401.0])
def test_an_interval_has_bounds(seconds: float) -> None:
    with pytest.raises(UsageError, match="1m at most"):
        timer.interval(seconds)
    assert timer.interval(60.0) == 60.0


def test_both_units_are_known_as_ours_until_somebody_changes_them() -> None:
    for text in (timer.timer(60.0), timer.service({}, ["/usr/bin/true"])):
        assert unit.is_ours(text) and not unit.is_ours(text + "\n# mine\n")


def test_words_that_no_unit_can_hold_are_refused() -> None:
    with pytest.raises(UsageError, match="control characters"):
        timer.service({"PATH": "/bin\n[Service]"}, ["/usr/bin/true"])
