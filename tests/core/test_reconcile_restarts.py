from typing import Any

import pytest

from team_supervisor.core.model import Doing, Exit, State, Wanted
from team_supervisor.core.restarts import GiveUp, RestartAfter
from team_supervisor.core.world import (
    Action,
    AskToStop,
    EndForRestart,
    Launch,
    Life,
    NoteDeath,
    RefuseAgain,
    Restore,
    Retry,
    Sweep,
)

from .worlds import CRASH, MANAGER, NOW, facts, idle, planned, session, watch

ASKED = {"restart_wanted": 1, "restart_reason": "it loops"}


def test_who_is_to_be_restarted_is_asked_to_end_once() -> None:
    one = session(**ASKED)
    assert planned(facts(one)) == [EndForRestart(one, 10.0)]
    assert planned(facts(one, stop_grace=15.0)) == []


def test_an_agent_without_a_host_is_swept_for_a_restart() -> None:
    one = session(**ASKED)
    assert planned(facts(one, Life.ORPHANED)) == [Sweep(one)]


@pytest.mark.parametrize("failures", [0, 4])
def test_however_it_ends_then_no_failure_is_counted(failures: int) -> None:
    one = session(**ASKED, failures=failures)
    assert planned(facts(one, Life.ENDED)) == [NoteDeath(one, CRASH, State.STARTING)]
    [counted] = planned(facts(session(failures=failures), Life.ENDED))
    assert isinstance(counted, NoteDeath)
    assert isinstance(counted.then, RestartAfter | GiveUp)


def test_an_attempt_that_never_began_because_its_supervisor_died_is_no_failure() -> None:
    one = session(state=State.STARTING, failures=4)
    [noted] = planned(facts(one, Life.ENDED, unbegun=True))
    assert isinstance(noted, NoteDeath)
    assert noted.then == RestartAfter(0.0, 4)


def test_a_stop_outweighs_a_restart() -> None:
    one = session(**ASKED, wanted=Wanted.STOP)
    [stop] = planned(facts(one))
    assert isinstance(stop, AskToStop) and stop.ending == State.STOPPED
    end = Exit(ended_at=NOW.wall)
    assert planned(facts(one, Life.ENDED, exit=end)) == [NoteDeath(one, end, State.STOPPED)]


def test_who_waits_for_its_next_try_is_started_at_once_when_a_person_asks() -> None:
    waits: dict[str, Any] = {"attempt": 1, "restart_at": NOW.wall + 30}
    one = session(State.STARTING, **waits, **ASKED)
    assert planned(facts(one, Life.NONE)) == [Launch(one)]
    assert planned(facts(session(State.STARTING, **waits), Life.NONE)) == []


def test_complete_work_ends_and_is_not_begun_anew() -> None:
    one = idle(**ASKED)
    ended = planned(facts(one, tasks=watch(2, 2, held=5.0)))
    assert [type(action) for action in ended] == [AskToStop]


def manager(state: State, **changes: Any) -> Any:
    return session(state, id=MANAGER, persona="manager", **changes)


@pytest.mark.parametrize(
    ("state", "want", "goes_on"),
    [
        (State.FAILED, "retry_wanted", Retry),
        (State.STOPPED, "retry_wanted", Retry),
        (State.COMPLETED, "restore_wanted", Restore),
    ],
)
@pytest.mark.parametrize("living", [State.ACTIVE, State.PARKED, State.STARTING])
def test_an_ended_singleton_goes_on_only_when_no_other_lives(
    state: State, want: str, goes_on: type, living: State
) -> None:
    ended = facts(manager(state, **{want: 1}), Life.NONE)
    assert [type(action) for action in planned(ended)] == [goes_on]
    other = session(
        living, id="manager-2", persona="manager", doing=Doing.ATTENTION, doing_detail="x"
    )
    [refused] = [a for a in planned(ended, facts(other)) if isinstance(a, RefuseAgain)]
    assert refused.reason == "there may be only one manager, and manager-2 is at work"
    assert not any(isinstance(a, goes_on) for a in planned(ended, facts(other)))


def test_of_two_ended_singletons_that_are_wanted_the_older_goes_on() -> None:
    old = facts(manager(State.STOPPED, retry_wanted=1, created_at=1.0), Life.NONE)
    new = session(State.FAILED, id="manager-2", persona="manager", retry_wanted=1)
    found: list[Action] = planned(facts(new, Life.NONE), old)
    assert [(type(a), a.session.id) for a in found if isinstance(a, Retry | RefuseAgain)] == [
        (RefuseAgain, "manager-2"),
        (Retry, MANAGER),
    ]
