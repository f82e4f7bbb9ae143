"""Does a look that nobody waits for stay until who is done is archived?"""

from typing import Any

import pytest

from team_supervisor.cli.visiting import VISIT, Visit
from team_supervisor.core.model import Doing, Moment
from team_supervisor.core.world import World
from tests.core.worlds import NOW, facts, session, world


def over(first: World, later: World) -> bool:
    """Whether it ends after the second of two looks, which sees nobody anew."""
    visit = Visit()
    visit.looked(first)
    visit.looked(later)
    return visit(later)


def test_a_visit_stays_for_whose_list_is_still_to_be_read() -> None:
    idle = session(turn_open=0)
    assert not over(world(facts(idle, unread=True)), world(others=(idle,)))
    assert over(world(facts(idle)), world(others=(idle,)))


def test_a_visit_ends_after_a_minute_whoever_is_about_to_be_done() -> None:
    idle = session(turn_open=0)
    later = Moment(NOW.wall, NOW.monotonic + VISIT)
    assert over(world(facts(idle, unread=True)), world(others=(idle,), now=later))


@pytest.mark.parametrize("waits", [{"doing": Doing.ATTENTION}, {"doing": Doing.VERIFYING}])
def test_a_visit_waits_for_nobody_who_waits_for_somebody_else(waits: dict[str, Any]) -> None:
    idle = session(turn_open=0, **waits)
    assert over(world(facts(idle, unread=True)), world(others=(idle,)))
