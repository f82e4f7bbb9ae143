"""What holds for every plan, even of worlds that cannot be?"""

from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from team_supervisor.core.lifecycle import check
from team_supervisor.core.model import ENDED, DeliveryKind, Doing, Exit, State, Wanted
from team_supervisor.core.reconcile import plan
from team_supervisor.core.restarts import RestartAfter
from team_supervisor.core.world import (
    Action,
    AskToStop,
    ClaimRequest,
    Deliver,
    Finish,
    ImportDirectory,
    Launch,
    Life,
    MarkActive,
    NoteDeath,
    Nudge,
    Prepare,
    ReadInstructions,
    Reopen,
    Retry,
    SessionFacts,
    Sweep,
    World,
)

from .worlds import NOW, delivery, facts, look, session, watch, world

RUNNING = (Life.STARTING, Life.ALIVE, Life.ORPHANED)
DRIVING = (Prepare, Launch, MarkActive, NoteDeath, AskToStop, Sweep, Finish, Reopen, Retry)

walls = st.none() | st.floats(NOW.wall - 1000, NOW.wall + 1000)
counts = st.integers(0, 6)
watches = st.none() | st.builds(
    lambda done, left, held, problem: watch(done, done + left, held, problem=problem),
    st.integers(0, 3),
    st.integers(0, 2),
    st.floats(0, 60),
    st.sampled_from([None, None, None, "tasks.md is a FIFO"]),
)
deliveries = st.builds(
    delivery,
    st.sampled_from(DeliveryKind),
    sent_at=walls,
    sent_attempt=st.none() | st.integers(1, 3),
)


@st.composite
def seen(draw: st.DrawFn, number: int) -> SessionFacts:
    state = draw(st.sampled_from(State))
    row = session(
        state,
        id=f"engineer-{number:013d}",
        wanted=draw(st.sampled_from(Wanted)),
        ending=draw(st.sampled_from(sorted(ENDED))) if state == State.STOPPING else None,
        attempt=draw(st.integers(1 if state == State.ACTIVE else 0, 3)),
        doing=draw(st.sampled_from(Doing)),
        requester=draw(st.sampled_from([None, f"engineer-{0:013d}"])),
        **{name: draw(counts) for name in ("failures", "nudges", "tasks_done", "tasks_most")},
        **{name: draw(walls) for name in ("restart_at", "attempt_at", "last_activity_at")},
        turn_open=draw(st.integers(0, 1)),
        rate_limited_until=draw(walls),
        error_status=draw(st.sampled_from([None, 401, 529])),
    )
    if row.wanted == Wanted.RUN:
        row = replace(row, retry_wanted=draw(st.integers(0, 1)), restored=draw(st.integers(0, 1)))
    tasks, noted = draw(watches), draw(st.booleans())
    found = facts(row, draw(st.sampled_from(Life)), tasks if noted else None)
    return replace(
        found,
        watch=tasks,
        exit=draw(st.sampled_from([None, Exit(code=0), Exit(signal=9, ended_at=NOW.wall)])),
        directory=draw(st.booleans()),
        heard=draw(st.sampled_from([{}, {"turns": 1}])),
        unseen=tuple(draw(st.lists(deliveries, max_size=2))),
        news=draw(st.sampled_from([None, (3, 9)])),
        news_settled=draw(st.booleans()),
        stop_grace=draw(st.sampled_from([None, 0.0, 10.0])),
        talks=draw(st.booleans()),
        adopted=state == State.ACTIVE and draw(st.booleans()),
    )


@st.composite
def any_world(draw: st.DrawFn) -> World:
    people = [draw(seen(number)) for number in range(draw(st.integers(0, 4)))]
    return world(
        *people,
        requests=(look(),) if draw(st.booleans()) else (),
        strays=("qa-1706012345680",) if draw(st.booleans()) else (),
        jitter=draw(st.floats(-1, 1)),
        accepting=draw(st.booleans()),
        draining=draw(st.booleans()),
    )


def of(actions: list[Action], *kinds: type) -> list[Any]:
    return [action for action in actions if isinstance(action, kinds)]


def next_state(action: Any) -> State:
    match action:
        case Prepare() | Reopen() | Retry():
            return State.STARTING
        case MarkActive():
            return State.ACTIVE
        case AskToStop():
            return State.STOPPING
        case NoteDeath():
            return State.STARTING if isinstance(action.then, RestartAfter) else State.STOPPING
        case Finish():
            return action.session.ending or State.STOPPED
    return State(action.session.state)


def lives(one: World) -> dict[str, SessionFacts]:
    return {found.session.id: found for found in one.sessions}


@given(any_world())
def test_the_same_world_gives_the_same_plan_and_stays_as_it_was(one: World) -> None:
    before = deepcopy(one)
    assert plan(one) == plan(one) == plan(before)
    assert one == before


@settings(max_examples=300)
@given(any_world())
def test_nothing_is_launched_that_may_still_live_or_is_to_stop(one: World) -> None:
    for action in of(plan(one), Launch):
        assert lives(one)[action.session.id].life == Life.NONE
        assert action.session.wanted == Wanted.RUN
        assert action.session.state == State.STARTING


@settings(max_examples=300)
@given(any_world())
def test_every_step_of_a_plan_is_a_legal_one(one: World) -> None:
    for action in of(plan(one), *DRIVING):
        if not (isinstance(action, MarkActive) and action.adopted):
            check(action.session.state, next_state(action))


@given(any_world())
def test_a_session_is_driven_in_one_direction_by_one_look(one: World) -> None:
    driven = [
        action.session.id
        for action in of(plan(one), *DRIVING)
        if not (isinstance(action, MarkActive) and action.adopted)
    ]
    assert len(driven) == len(set(driven))


@settings(max_examples=300)
@given(any_world())
def test_nothing_is_taken_for_ended_while_it_may_live(one: World) -> None:
    for action in of(plan(one), NoteDeath, Finish, Reopen):
        assert lives(one)[action.session.id].life not in RUNNING


@settings(max_examples=300)
@given(any_world())
def test_nothing_is_archived_with_tasks_open(one: World) -> None:
    for action in of(plan(one), Finish):
        found = lives(one)[action.session.id]
        if action.session.ending == State.COMPLETED and found.directory:
            assert found.watch is not None
            assert found.watch.reading.complete


@settings(max_examples=300)
@given(any_world())
def test_completion_is_asked_for_on_a_complete_list_alone(one: World) -> None:
    for action in of(plan(one), AskToStop):
        if action.ending == State.COMPLETED and action.session.state != State.STOPPING:
            found = lives(one)[action.session.id]
            assert found.watch is not None
            assert found.watch.reading.complete
            assert action.session.wanted == Wanted.RUN


@settings(max_examples=300)
@given(any_world())
def test_who_is_to_stop_is_neither_told_nor_nudged_nor_started(one: World) -> None:
    for action in of(plan(one), Deliver, Nudge, ReadInstructions, Launch):
        assert action.session.wanted == Wanted.RUN
        read = isinstance(action, ReadInstructions)
        assert action.session.state in (State.ACTIVE, State.PARKED if read else State.STARTING)


@given(any_world())
def test_a_supervisor_that_only_stops_starts_nothing(one: World) -> None:
    actions = plan(replace(one, draining=True))
    assert not of(actions, Launch, ClaimRequest, ImportDirectory, Retry, Deliver, Nudge)


@given(any_world())
def test_a_stopped_team_claims_nothing(one: World) -> None:
    assert not of(plan(replace(one, accepting=False)), ClaimRequest)


@given(any_world())
def test_archives_are_left_alone(one: World) -> None:
    for action in of(plan(one), *DRIVING):
        assert action.session.state != State.COMPLETED


@given(any_world())
def test_every_stop_that_is_wanted_moves_something_or_waits_for_a_process(one: World) -> None:
    actions = plan(one)
    for found in one.sessions:
        if found.session.wanted != Wanted.RUN and not found.session.ended:
            driven = [a for a in of(actions, *DRIVING) if a.session.id == found.session.id]
            asked = found.stop_grace is not None and found.session.state == State.STOPPING
            unread = found.watch is None and found.session.ending == State.COMPLETED
            assert driven or (asked and found.life in RUNNING) or unread
