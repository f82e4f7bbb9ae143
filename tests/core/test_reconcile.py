"""Which actions bring the team to what is wanted of it?"""

from dataclasses import replace
from typing import Any

import pytest

from team_supervisor.core.model import DeliveryKind, Doing, Session, State, Wanted
from team_supervisor.core.restarts import RestartAfter
from team_supervisor.core.world import (
    AskToStop,
    ClaimRequest,
    Finish,
    Hear,
    ImportDirectory,
    Launch,
    Life,
    MarkActive,
    NoteDeath,
    NoteTasks,
    Prepare,
    QueueRequest,
    Restore,
    Retry,
)

from .worlds import (
    NOW,
    delivery,
    facts,
    idle,
    look,
    planned,
    session,
    unnoted,
    watch,
)

REQUESTED, STARTING, ACTIVE = State.REQUESTED, State.STARTING, State.ACTIVE
STOPPING = State.STOPPING
OVER = "all tasks are completed"
STOPS = [(Wanted.STOP, 10.0), (Wanted.STOP_NOW, 0.0)]


def again(**changes: Any) -> Session:
    """Died before, and is to start again."""
    return session(STARTING, attempt=1, **changes)


@pytest.mark.parametrize("wanted", Wanted)
def test_a_claimed_request_is_prepared_even_when_it_is_to_be_stopped(wanted: Wanted) -> None:
    one = session(REQUESTED, wanted=wanted)
    assert planned(facts(one, Life.NONE)) == [Prepare(one)]


def test_a_prepared_session_is_launched() -> None:
    one = session(STARTING)
    assert planned(facts(one, Life.NONE)) == [Launch(one)]


def test_what_is_starting_is_not_launched_again() -> None:
    assert planned(facts(session(STARTING, attempt=1), Life.STARTING)) == []


def test_an_agent_whose_host_died_is_never_launched_a_second_time_but_taken_as_active() -> None:
    one = again(attempt_at=NOW.wall)
    assert planned(facts(one, Life.ORPHANED)) == [MarkActive(one, None, False)]


def test_an_agent_that_reported_is_active() -> None:
    one = again(attempt_at=NOW.wall)
    assert planned(facts(one, pid=77)) == [MarkActive(one, 77, False)]


@pytest.mark.parametrize(
    ("due", "launched"),
    [(-100.0, True), (0.0, True), (0.1, False), (375.0, False), (375.1, True), (9e6, True)],
)
def test_a_restart_waits_for_its_time_but_not_for_a_clock_that_was_set_back(
    due: float, launched: bool
) -> None:
    one = again(restart_at=NOW.wall + due)
    assert planned(facts(one, Life.NONE)) == ([Launch(one)] if launched else [])


@pytest.mark.parametrize("left", [376.0, 3600.0, 5 * 3600.0])
def test_a_restart_waits_for_a_rate_limit_however_long(left: float) -> None:
    until = NOW.wall + left
    one = again(restart_at=until, rate_limited_until=until, doing=Doing.RATE_LIMITED)
    assert planned(facts(one, Life.NONE)) == [AskToStop(one, State.PARKED, "", 10.0)]


@pytest.mark.parametrize(("wanted", "grace"), STOPS)
@pytest.mark.parametrize("life", [Life.NONE, Life.STARTING, Life.ORPHANED])
def test_a_stop_is_carried_out_before_the_agent_has_started(
    life: Life, wanted: Wanted, grace: float
) -> None:
    one = again(wanted=wanted, restart_at=NOW.wall + 60)
    stop = AskToStop(one, State.STOPPED, "by a person", grace)
    assert planned(facts(one, life)) == [stop]


def test_who_finished_before_it_died_is_not_started_again() -> None:
    seen = facts(again(), Life.NONE, watch(3, 3))
    assert planned(seen) == [AskToStop(seen.session, State.COMPLETED, OVER, 10.0)]


def test_a_first_attempt_is_made_even_if_the_list_is_complete() -> None:
    seen = facts(session(STARTING), Life.NONE, watch(3, 3))
    assert planned(seen) == [Launch(seen.session)]


def test_a_list_that_lost_tasks_does_not_end_who_waits_to_be_restarted() -> None:
    seen = facts(again(tasks_most=4), Life.NONE, watch(3, 3, held=99.0))
    assert planned(seen) == [Launch(seen.session)]


def test_who_was_not_told_everything_is_started_again() -> None:
    seen = facts(again(), Life.NONE, watch(3, 3), unseen=(delivery(DeliveryKind.INSTRUCTIONS),))
    assert planned(seen) == [Launch(seen.session)]


@pytest.mark.parametrize("life", [Life.ALIVE, Life.ORPHANED])
def test_complete_work_ends_a_session(life: Life) -> None:
    seen = facts(idle(), life, watch(3, 3, held=2.0))
    assert planned(seen) == [AskToStop(seen.session, State.COMPLETED, OVER, 10.0)]


@pytest.mark.parametrize(
    ("held", "changes", "most"),
    [
        (1.9, {}, 0),
        (29.9, {}, 4),
        (14.9, {"turn_open": 1}, 0),
    ],
    ids=str,
)
def test_work_that_may_not_be_complete_goes_on(
    held: float, changes: dict[str, Any], most: int
) -> None:
    assert planned(facts(idle(tasks_most=most, **changes), tasks=watch(3, 3, held=held))) == []


def test_an_open_turn_holds_completion_up_for_fifteen_seconds_and_no_longer() -> None:
    seen = facts(session(), tasks=watch(3, 3, held=15.0))
    assert [type(action) for action in planned(seen)] == [AskToStop]


def test_a_message_that_was_not_answered_keeps_the_turn_open() -> None:
    note = delivery(sent_at=NOW.wall, sent_attempt=1)
    assert planned(facts(idle(), tasks=watch(3, 3, held=2.0), unseen=(note,))) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"unseen": (delivery(DeliveryKind.FIRST, sent_at=NOW.wall, sent_attempt=1),)},
        {"unseen": (delivery(DeliveryKind.INSTRUCTIONS, sent_at=NOW.wall, sent_attempt=1),)},
        {"news": (10, 90)},
    ],
    ids=["first", "instructions", "appended"],
)
def test_who_was_not_told_everything_is_not_done(changes: dict[str, Any]) -> None:
    assert planned(facts(idle(), tasks=watch(3, 3, held=99.0), **changes)) == []


@pytest.mark.parametrize(("held", "ends"), [(14.9, False), (15.0, True)])
@pytest.mark.parametrize(
    "unseen", [(), (delivery(DeliveryKind.FIRST, sent_at=NOW.wall, sent_attempt=1),)]
)
def test_an_agent_that_does_not_talk_ends_after_the_grace(
    unseen: Any, held: float, ends: bool
) -> None:
    actions = planned(facts(idle(), tasks=watch(3, 3, held=held), talks=False, unseen=unseen))
    assert [type(action) for action in actions] == ([AskToStop] if ends else [])


@pytest.mark.parametrize(("wanted", "grace"), STOPS)
@pytest.mark.parametrize("life", [Life.ALIVE, Life.STARTING, Life.ORPHANED])
def test_a_stop_is_asked_of_who_is_active(life: Life, wanted: Wanted, grace: float) -> None:
    seen = facts(idle(wanted=wanted), life, watch(3, 3, held=99.0))
    stop = AskToStop(seen.session, State.STOPPED, "by a person", grace)
    assert planned(seen) == [stop]


def test_a_host_that_clears_away_is_let_finish() -> None:
    assert planned(facts(idle(), Life.STARTING, watch(1, 3))) == []


@pytest.mark.parametrize("state", [State.FAILED, State.STOPPED])
def test_an_ended_session_starts_again_when_a_person_wants_it(state: State) -> None:
    one = session(state, retry_wanted=1)
    assert planned(facts(one, Life.NONE)) == [Retry(one)]
    assert planned(facts(replace(one, retry_wanted=0), Life.NONE)) == []


def test_an_archive_is_touched_only_when_a_person_wants_it_back() -> None:
    one = session(State.COMPLETED, restore_wanted=1)
    assert planned(facts(one, Life.NONE)) == [Restore(one)]
    assert planned(facts(replace(one, restore_wanted=0), Life.NONE)) == []


@pytest.mark.parametrize("talks", [True, False])
def test_a_restored_session_is_started_although_its_list_is_complete(talks: bool) -> None:
    one = session(State.STARTING, attempt=1, restored=1)
    seen = facts(one, Life.NONE, watch(3, 3), talks=talks)
    assert planned(seen) == [Launch(seen.session)]


@pytest.mark.parametrize("talks", [True, False])
def test_a_restored_session_is_not_completed_before_it_has_heard_of_it(talks: bool) -> None:
    one = facts(idle(restored=1), Life.ALIVE, watch(3, 3, held=60), talks=talks)
    assert not [a for a in planned(one) if isinstance(a, AskToStop)]
    heard = replace(one, session=replace(one.session, restored=0))
    assert [a for a in planned(heard) if isinstance(a, AskToStop)]


def test_a_restored_agent_that_dies_before_it_has_heard_is_started_again() -> None:
    one = facts(session(restored=1), Life.ENDED, watch(3, 3))
    [action] = planned(one)
    assert isinstance(action, NoteDeath) and isinstance(action.then, RestartAfter)


def test_a_restored_program_that_does_not_talk_is_done_when_it_has_ended() -> None:
    one = facts(session(restored=1), Life.ENDED, watch(3, 3), talks=False)
    [action] = planned(one)
    assert isinstance(action, NoteDeath) and action.then == State.COMPLETED
    one = facts(session(State.STOPPING, restored=1, ending=State.COMPLETED), Life.NONE, watch(3, 3))
    assert isinstance(planned(replace(one, talks=False))[0], Finish)


def test_an_agent_that_was_found_running_is_adopted() -> None:
    seen = facts(session(), pid=77, adopted=True, tasks=watch(1, 3))
    assert planned(seen) == [MarkActive(seen.session, 77, True)]


def test_what_was_heard_is_written_down_before_anything_is_decided() -> None:
    one = session()
    seen = facts(one, Life.ENDED, heard={"turns": 1}, seen=("d1",))
    assert planned(seen)[0] == Hear(one, {"turns": 1}, ("d1",))
    assert isinstance(planned(seen)[1], NoteDeath)


def test_an_answered_message_is_written_down_even_if_nothing_else_was_said() -> None:
    one = session()
    assert planned(facts(one, seen=("d1",))) == [Hear(one, {}, ("d1",))]


@pytest.mark.parametrize(
    "tasks",
    [
        watch(2, 3),
        watch(1, 4),
        watch(1, 3, problem="x"),
        watch(1, 3, digest="!", problem="tasks.md is gone"),
    ],
)
def test_a_list_that_changed_is_noted_once(tasks: Any) -> None:
    before = facts(session(), tasks=watch(1, 3))
    assert planned(before) == []
    assert planned(unnoted(before, tasks)) == [NoteTasks(before.session, tasks.reading)]
    assert planned(facts(session(), tasks=tasks)) == []


def test_a_supervisor_that_only_stops_touches_nobody_else() -> None:
    works = facts(idle(id="a"), tasks=watch(0, 1))
    starts = facts(session(STARTING, id="b"), Life.NONE)
    stops = facts(session(STARTING, id="c", wanted=Wanted.STOP), Life.NONE)
    ends = facts(session(State.STOPPING, id="d"), Life.NONE)
    more: dict[str, Any] = {"requests": (look(),), "strays": ("qa-1706012345680",)}
    actions = planned(works, starts, stops, ends, draining=True, **more)
    assert actions == [
        AskToStop(stops.session, State.STOPPED, "by a person", 10.0),
        Finish(ends.session, None),
    ]


def test_a_directory_nobody_knows_is_taken_up_and_requests_come_last() -> None:
    seen = facts(session(STARTING), Life.NONE)
    actions = planned(seen, requests=(look(),), strays=("qa-1706012345680",))
    assert [type(action) for action in actions] == [Launch, ImportDirectory, ClaimRequest]
    assert actions[1] == ImportDirectory("qa-1706012345680")


def test_one_look_settles_every_session() -> None:
    many = [facts(session(STARTING, id=f"engineer-{n:013d}"), Life.NONE) for n in range(50)]
    assert planned(*many) == [Launch(one.session) for one in many]


def test_who_is_tried_again_takes_a_place_before_a_request_does() -> None:
    works = [facts(session(id=f"engineer-{n:013d}"), tasks=watch(1, 3)) for n in range(7)]
    tried = facts(session(State.FAILED, retry_wanted=1), Life.NONE)
    actions = planned(*works, tried, requests=(look(),))
    assert [type(action) for action in actions] == [Retry, QueueRequest]
