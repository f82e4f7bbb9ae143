"""Does a look that nobody waits for end what can be ended?"""

import pytest

from team_supervisor.core.model import State
from team_supervisor.core.world import World

from .teams import Team


def _finished(world: World) -> bool:
    found = (facts.session for facts in world.sessions)
    return any(s.tasks_total == s.tasks_done > 0 and not s.turn_open for s in found)


@pytest.mark.timeout(120)
def test_who_was_seen_to_be_done_by_a_supervisor_that_ended_is_archived_by_one_visit(
    team: Team,
) -> None:
    """Nothing happens any more that would make a look of it: only the first one sees it."""
    team.set(quiet=1000.0)
    team.request("api", "done all")
    team.run(_finished)
    assert team.session("api").state == State.ACTIVE
    team.write_settings()
    assert team.call("orchestrate", "--visit").returncode == 0
    assert team.session("api").state == State.COMPLETED


@pytest.mark.timeout(120)
def test_a_visit_waits_for_a_large_list_to_be_understood(team: Team) -> None:
    team.set(quiet=1000.0)
    words = "long " * 8000
    team.request("api", f"tasks work, {words}", "done all")
    team.run(_finished)
    team.write_settings()
    assert team.call("orchestrate", "--visit").returncode == 0
    assert team.session("api").state == State.COMPLETED
