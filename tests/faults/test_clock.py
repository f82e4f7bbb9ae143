"""The wall clock jumps: is anybody killed early, started late or named twice?"""

import time

import pytest

from team_supervisor.adapters import clock, processes
from team_supervisor.apply import apply
from team_supervisor.core.model import Moment, State
from team_supervisor.core.reconcile import plan
from team_supervisor.supervisor import Supervisor
from tests.teams import PATIENCE

from .ground import Ground, active, gate

HOUR, DAY = 3600.0, 86400.0
NOW = 1_800_000_000.0


def look(supervisor: Supervisor, shift: float) -> bool:
    """One look at a time when the clock on the wall is wrong; whether all have ended."""
    real = clock.now()
    now = Moment(wall=max(10.0, real.wall + shift), monotonic=real.monotonic)
    processes.reap()
    world = supervisor.observer.observe(now)
    for action in plan(world):
        apply(action, supervisor.tools, now)
    supervisor.tell()
    supervisor.waker.wait(0.01)
    return not world.requests and all(s.ended for s in world.live)


def look_until_all_ended(supervisor: Supervisor, shift: float) -> None:
    deadline = time.monotonic() + PATIENCE
    while not look(supervisor, shift):
        assert time.monotonic() < deadline, "waited in vain"


@pytest.mark.parametrize("shift", [-HOUR, DAY, -NOW], ids=["an hour back", "a day on", "1970"])
def test_no_agent_is_ended_and_no_id_is_given_twice_when_the_clock_jumps(
    ground: Ground, shift: float
) -> None:
    """Case 48: durations are counted on a clock that nobody sets."""
    ground.request("before", gate(), "done all")
    ground.team.run(active("before"))
    agent = ground.agent("before")
    with ground.team.supervised() as supervisor:
        for _ in range(40):
            look(supervisor, shift)
        assert processes.alive(agent)
        ground.request("after", "done all")
        while "after" not in {s.name for s in ground.team.sessions()}:
            look(supervisor, shift)
        assert ground.team.session("after").id > ground.team.session("before").id
        ground.open_gate()
        look_until_all_ended(supervisor, shift)
    assert ground.began("before") == ground.began("after") == 1
    ground.oracle(cli=True)


@pytest.mark.parametrize("shift", [-HOUR, DAY, -NOW], ids=["an hour back", "a day on", "1970"])
def test_a_restart_comes_in_time_when_the_clock_jumps(ground: Ground, shift: float) -> None:
    """Case 48: a delay written down as a time of day must not become an hour."""
    ground.request("api", "once failed exit 1", "done all")
    with ground.team.supervised() as supervisor:
        while ground.team.sessions() == [] or not ground.team.session("api").restart_at:
            look(supervisor, 0.0)
        look_until_all_ended(supervisor, shift)
    assert ground.team.session("api").state == State.COMPLETED
    ground.oracle()
