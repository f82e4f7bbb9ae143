"""Is everybody looked at in time, if nobody is looked at without a reason?"""

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from team_supervisor.core import conduct
from team_supervisor.core.due import NEVER, next_look
from team_supervisor.core.model import Doing, Moment, State
from team_supervisor.core.reconcile import plan
from team_supervisor.core.world import Action, Life, SessionFacts, World

from .test_reconcile_properties import any_world, seen, watches
from .worlds import NOW, facts, idle, session, watch, world


def of(actions: list[Action], one: SessionFacts) -> list[Action]:
    """Those that concern this session."""
    whose = [(action, getattr(action, "session", None)) for action in actions]
    return [action for action, whom in whose if whom is not None and whom.id == one.session.id]


def later(one: World, seconds: float) -> World:
    """The same, looked at so many seconds later: a complete list was read once more."""
    now = Moment(one.now.wall + seconds, one.now.monotonic + seconds)
    return replace(one, now=now, sessions=tuple(_read(f, now) for f in one.sessions))


def _read(found: SessionFacts, now: Moment) -> SessionFacts:
    if found.watch is None or not found.watch.reading.complete:
        return found
    return replace(found, watch=replace(found.watch, last=now.monotonic))


since = st.floats(NOW.wall - 300, NOW.wall)


@st.composite
def resting(draw: st.DrawFn) -> World:
    """Of a session whose life is all right, and that only time can bring to something."""
    row = session(
        draw(st.sampled_from([State.ACTIVE, State.ACTIVE, State.PARKED, State.STARTING])),
        attempt=1,
        turn_open=draw(st.sampled_from([0, 0, 1])),
        resumable=1,
        error_status=draw(st.sampled_from([None, None, 401])),
        doing=draw(st.sampled_from(Doing)),
        nudges=draw(st.integers(0, 3)),
        doing_since=draw(since),
        last_activity_at=draw(st.floats(NOW.wall - 20, NOW.wall)),
        budget_warned=draw(st.integers(0, 1)),
        rate_limited_until=draw(st.none() | st.floats(NOW.wall - 9, NOW.wall + 99)),
        timeout=draw(st.none() | st.floats(5, 500)),
        attempt_monotonic=NOW.monotonic - 10,
        restart_at=draw(st.none() | st.floats(NOW.wall - 9, NOW.wall + 99)),
    )
    found = facts(row, Life.NONE if row.state != State.ACTIVE else Life.ALIVE, draw(watches))
    found = replace(found, followed=True)
    if row.state == State.ACTIVE:
        doing, detail = conduct.what_it_does(found, world(found))
        found = replace(found, session=replace(row, doing=doing, doing_detail=detail))
    return world(found)


@settings(max_examples=1000)
@given(any_world() | resting(), st.floats(0.0, 1.0))
def test_nobody_needs_anything_before_the_time_of_the_next_look(one: World, part: float) -> None:
    one = replace(one, draining=False)
    now = plan(one)
    for found in one.sessions:
        left = next_look(found, one)
        if of(now, found) or left == NEVER:
            continue
        then = later(one, part * max(0.0, left - 0.002))
        assert not of(plan(then), found)


@settings(max_examples=400)
@given(any_world() | resting(), st.floats(0.0, 10_000.0))
def test_who_is_never_looked_at_again_never_needs_anything(one: World, seconds: float) -> None:
    one = replace(one, draining=False)
    now = plan(one)
    for found in one.sessions:
        if next_look(found, one) == NEVER and not of(now, found):
            assert not of(plan(later(one, seconds)), found)


@settings(max_examples=400)
@given(any_world(), st.sets(st.integers(0, 3)))
def test_a_look_at_some_plans_for_them_what_a_look_at_all_does(one: World, who: set[int]) -> None:
    chosen = tuple(f for number, f in enumerate(one.sessions) if number in who)
    others = tuple(f.session for number, f in enumerate(one.sessions) if number not in who)
    assume(not any(f.session.state == State.PARKED for f in one.sessions))
    some, whole = plan(replace(one, sessions=chosen, others=others)), plan(one)
    for found in chosen:
        assert of(some, found) == of(whole, found)
    assert all(action in whole for action in some if getattr(action, "session", None))


@given(seen(1))
def test_what_is_being_read_is_asked_for_again_soon(found: SessionFacts) -> None:
    found = replace(found, unread=True)
    assert next_look(found, world(found)) < 1.0


def test_a_session_at_work_waits_for_events_alone() -> None:
    found = facts(session(), Life.ALIVE, watch(0, 2))
    assert next_look(replace(found, followed=True), world(found)) == NEVER
    assert next_look(found, world(found)) < 3.0


def test_an_idle_session_is_looked_at_when_its_nudge_is_due() -> None:
    found = replace(facts(idle(last_activity_at=NOW.wall - 1), watch=watch(0, 2)), followed=True)
    assert 3.9 < next_look(found, world(found)) < 4.1


def test_a_complete_list_is_read_again_when_it_has_been_quiet_for_long_enough() -> None:
    found = replace(facts(session(), watch=watch(2, 2, 0.5)), followed=True)
    assert 1.4 < next_look(found, world(found)) < 1.6


def test_a_parked_session_costs_no_look() -> None:
    found = facts(session(State.PARKED, turn_open=0, doing=Doing.ATTENTION), Life.NONE)
    assert next_look(found, world(found)) == NEVER
