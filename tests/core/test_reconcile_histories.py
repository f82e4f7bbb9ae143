"""Does a team come to rest in order, whatever happens to it?

Effects assert on the way what must never happen (see effects.py).
"""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.admission import Limits
from team_supervisor.core.model import DeliveryKind, Exit, RequestStatus, Session, State, Wanted
from team_supervisor.core.world import Launch, Life, NoteDeath

from .effects import tick
from .happenings import (
    LONG,
    Move,
    a_request_is_finished,
    all_goes_well,
    an_agent_reports,
    histories,
    somebody_asks,
)
from .simulation import GONE, Simulation

LIMITS = Limits(sessions=3, spawned_per_hour=1000, depth=2)


def lived(history: Sequence[Move], working: int = 2) -> Simulation:
    """A team of so many engineers at work, and what then happened to it."""
    team = Simulation(limits=LIMITS)
    for number in range(working):
        somebody_asks(team, 2 + 4 * number)
        an_agent_reports_after_a_few_looks(team)
    for happens, which, pause in history:
        happens(team, which)
        if pause is not None:
            tick(team, pause)
    return team


def an_agent_reports_after_a_few_looks(team: Simulation) -> None:
    for _ in range(5):
        tick(team, 1.0)
        an_agent_reports(team, 0)


def rests(team: Simulation) -> int:
    """Let all go well until nothing is left to do; how many looks that took."""
    quiet, looks = 0, 0
    while quiet < 2:
        looks += 1
        assert looks < 60 + 20 * len(team.rows), "the team never comes to rest"
        all_goes_well(team)
        waits = bool(team.heard) or any(limited(team, one) for one in team.living())
        quiet = 0 if tick(team, LONG) or waits else quiet + 1
    return looks


def limited(team: Simulation, one: Session) -> bool:
    return (one.rate_limited_until or 0.0) > team.now.wall


def work_is_done(team: Simulation, one: Session) -> bool:
    tasks = team.outside[one.id].tasks
    return bool(tasks) and all(tasks)


@given(histories)
def test_a_team_comes_to_rest_with_everyone_at_work_or_ended(history: list[Move]) -> None:
    team = lived(history)
    rests(team)
    for one in team.rows.values():
        life = team.outside[one.id].life
        if one.ended:
            assert life in GONE
        else:
            assert (one.state, one.wanted) == (State.ACTIVE, Wanted.RUN)
            assert life in (Life.ALIVE, Life.ORPHANED)


@given(histories)
def test_who_lives_on_has_tasks_open_and_heard_everything(history: list[Move]) -> None:
    team = lived(history)
    rests(team)
    for one in team.living():
        assert not work_is_done(team, one)
        assert one.instructions_offset == team.outside[one.id].appended
    assert all(team.rows[told.session].ended for told in team.deliveries.values())


@given(histories)
def test_every_request_that_stays_becomes_one_session_or_waits_for_a_place(
    history: list[Move],
) -> None:
    team = lived(history)
    rests(team)
    for name in team.asked:
        assert team.known[name].status == RequestStatus.QUEUED
        assert not team.accepting or len(team.living()) >= LIMITS.sessions
    assert len(team.rows) == len(team.claimed)


@given(histories)
def test_a_team_that_is_stopped_ends_whatever_happened_before(history: list[Move]) -> None:
    team = lived(history)
    tick(team)
    team.accepting = False
    for one in team.living():
        team.want(one, Wanted.STOP)
    rests(team)
    assert team.living() == []
    assert all(outside.life in GONE for outside in team.outside.values())
    for one in team.rows.values():
        assert one.state in team.may_end.get(one.id, {one.state})


@given(histories)
def test_all_work_that_gets_done_is_archived(history: list[Move]) -> None:
    team = lived(history)
    for outside in team.outside.values():
        outside.tasks = [True] * len(outside.tasks)
    wanted = [one.id for one in team.living() if one.wanted == Wanted.RUN]
    already = {one.id for one in team.living() if one.ending in (State.FAILED, State.STOPPED)}
    rests(team)
    for one in wanted:
        if one not in already:
            assert team.rows[one].state == State.COMPLETED
            assert team.outside[one].archived


@given(st.integers(1, 9))
def test_an_agent_that_always_dies_is_launched_five_times(code: int) -> None:
    team = lived([], working=1)
    (one,) = team.rows
    launches = 1
    for _ in range(200):
        if team.outside[one].life in (Life.STARTING, Life.ALIVE):
            team.outside[one].die(Exit(code=code, ended_at=team.now.wall))
        launches += sum(isinstance(action, Launch) for action in tick(team, 1.0))
    assert team.rows[one].state == State.FAILED
    assert launches == 5


def test_an_agent_that_gets_on_between_its_deaths_is_never_given_up() -> None:
    team = lived([], working=1)
    (one,) = team.rows
    deaths = 0
    for number in range(40):
        team.outside[one].tasks.append(False)
        team.outside[one].tasks[number] = True
        tick(team, 1.0)
        team.outside[one].die(Exit(code=1, ended_at=team.now.wall))
        for _ in range(5):
            deaths += sum(isinstance(action, NoteDeath) for action in tick(team, LONG))
            an_agent_reports(team, 0)
    assert (team.rows[one].state, deaths) == (State.ACTIVE, 40)


@pytest.mark.parametrize("cut", range(5))
def test_a_supervisor_killed_again_and_again_starts_each_session_once(cut: int) -> None:
    team = Simulation(limits=LIMITS)
    for number in range(3):
        somebody_asks(team, 4 * number + 2 * (number == 0))
        a_request_is_finished(team, 0)
    for _ in range(60):
        tick(team, 1.0, cut_after=cut + 1)
        an_agent_reports(team, 0)
    assert [outside.lives for outside in team.outside.values()] == [1] * len(team.outside)
    kinds = [told.kind for told in team.deliveries.values()]
    assert kinds.count(DeliveryKind.FIRST) == len(team.rows)
