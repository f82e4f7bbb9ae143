"""What follows from a death, and how is a session brought to its end?"""

from typing import Any

import pytest

from team_supervisor.core.model import Exit, Session, State, Wanted
from team_supervisor.core.restarts import GiveUp, RestartAfter
from team_supervisor.core.world import (
    Action,
    AskToStop,
    Finish,
    Life,
    NoteDeath,
    Reopen,
    SessionFacts,
    Sweep,
)

from .worlds import CRASH, NOW, facts, planned, session, unnoted, watch

STARTING, ACTIVE, STOPPING = State.STARTING, State.ACTIVE, State.STOPPING


def stopping(ending: State = State.STOPPED, **changes: Any) -> Session:
    return session(STOPPING, ending=ending, reason="because", **changes)


def only(*sessions: SessionFacts, **changes: Any) -> Action:
    (action,) = planned(*sessions, **changes)
    return action


def consequence(seen: SessionFacts, **changes: Any) -> object:
    action = only(seen, **changes)
    assert isinstance(action, NoteDeath)
    return action.then


@pytest.mark.parametrize("state", [STARTING, ACTIVE])
def test_a_death_is_noted_with_its_exit_and_its_restart(state: State) -> None:
    one = session(state, attempt=1, attempt_at=NOW.wall - 10)
    seen = facts(one, Life.ENDED, complaint="boom")
    assert planned(seen) == [NoteDeath(one, CRASH, RestartAfter(1.0, 1), "boom")]


def test_this_looks_dice_move_the_restart() -> None:
    assert consequence(facts(session(), Life.ENDED), jitter=1.0) == RestartAfter(1.25, 1)


def test_a_process_that_is_gone_without_a_trace_ended_in_an_unknown_way() -> None:
    one = session()
    unknown = Exit(ended_at=NOW.wall)
    assert planned(facts(one, Life.NONE)) == [NoteDeath(one, unknown, RestartAfter(1.0, 1))]
    assert (unknown.code, unknown.signal) == (None, None)


@pytest.mark.parametrize(
    ("changes", "then"),
    [
        ({"failures": 3}, RestartAfter(8.0, 4)),
        ({"failures": 4}, GiveUp(5)),
        ({"failures": 4, "tasks_done": 1}, RestartAfter(1.0, 1)),
        ({"failures": 4, "tasks_done": 1, "attempt_done": 1}, GiveUp(5)),
        ({"failures": 4, "attempt_at": NOW.wall - 600}, RestartAfter(1.0, 1)),
        ({"failures": 3, "attempt_at": NOW.wall + 600}, RestartAfter(8.0, 4)),
        ({"failures": 3, "attempt_at": None}, RestartAfter(8.0, 4)),
        ({"wanted": Wanted.STOP}, State.STOPPED),
        ({"wanted": Wanted.STOP_NOW, "failures": 4}, State.STOPPED),
    ],
    ids=str,
)
def test_what_follows_from_a_death(changes: dict[str, Any], then: object) -> None:
    assert consequence(facts(session(**changes), Life.ENDED)) == then


@pytest.mark.parametrize("life", [Life.ENDED, Life.NONE])
def test_who_died_with_its_work_done_is_completed(life: Life) -> None:
    assert consequence(facts(session(failures=4), life, watch(3, 3))) == State.COMPLETED


@pytest.mark.parametrize("changes", [{"tasks_most": 4}, {"tasks_digest": "x", "tasks_most": 9}])
def test_who_died_while_it_wrote_its_list_is_not_completed(changes: dict[str, Any]) -> None:
    seen = facts(session(**changes), Life.ENDED, watch(3, 3))
    assert isinstance(consequence(seen), RestartAfter)


def test_who_died_before_it_was_told_everything_is_not_completed() -> None:
    seen = facts(session(), Life.ENDED, watch(3, 3), news=(10, 90))
    assert isinstance(consequence(seen), RestartAfter)


def test_a_task_finished_just_before_the_death_is_progress() -> None:
    row = session(failures=4, attempt_done=1)
    seen = unnoted(facts(row, Life.ENDED, watch(1, 3)), watch(2, 3))
    *_, death = planned(seen)
    assert isinstance(death, NoteDeath)
    assert death.then == RestartAfter(1.0, 1)


def test_a_rate_limit_is_not_a_crash() -> None:
    limited = session(failures=4, rate_limited_until=NOW.wall + 600, error_status=429)
    then = consequence(facts(limited, Life.ENDED))
    assert then == RestartAfter(600.0, 4)
    over = session(failures=4, rate_limited_until=NOW.wall - 1, error_status=429)
    assert consequence(facts(over, Life.ENDED)) == GiveUp(5)


def test_who_has_no_directory_any_more_is_given_up() -> None:
    then = consequence(facts(session(STARTING, attempt=1), Life.NONE, directory=False))
    assert not isinstance(then, RestartAfter)


@pytest.mark.parametrize("life", [Life.ALIVE, Life.STARTING])
@pytest.mark.parametrize(
    ("wanted", "asked", "grace"),
    [
        (Wanted.RUN, None, 10.0),
        (Wanted.STOP, None, 10.0),
        (Wanted.STOP, 60.0, 10.0),
        (Wanted.STOP_NOW, None, 0.0),
        (Wanted.STOP_NOW, 10.0, 0.0),
    ],
)
def test_a_host_is_asked_until_it_knows_how_soon(
    life: Life, wanted: Wanted, asked: float | None, grace: float
) -> None:
    one = stopping(State.FAILED, wanted=wanted)
    stop = AskToStop(one, State.FAILED, "because", grace)
    assert planned(facts(one, life, stop_grace=asked)) == [stop]


@pytest.mark.parametrize("life", [Life.ALIVE, Life.STARTING])
@pytest.mark.parametrize(
    ("wanted", "asked"), [(Wanted.RUN, 10.0), (Wanted.STOP, 0.0), (Wanted.STOP_NOW, 0.0)]
)
def test_a_host_that_was_asked_is_left_to_it(life: Life, wanted: Wanted, asked: float) -> None:
    assert planned(facts(stopping(wanted=wanted), life, stop_grace=asked)) == []


def test_an_orphan_that_is_to_end_is_swept() -> None:
    one = stopping()
    assert planned(facts(one, Life.ORPHANED)) == [Sweep(one)]


@pytest.mark.parametrize("ending", [State.STOPPED, State.FAILED])
@pytest.mark.parametrize("life", [Life.NONE, Life.ENDED])
def test_what_has_ended_is_finished_with_its_exit(life: Life, ending: State) -> None:
    one = facts(stopping(ending), life, watch(1, 3))
    assert planned(one) == [Finish(one.session, one.exit)]


@pytest.mark.parametrize("life", [Life.NONE, Life.ENDED])
def test_complete_work_is_archived_once_nothing_runs(life: Life) -> None:
    one = facts(stopping(State.COMPLETED), life, watch(3, 3))
    assert planned(one) == [Finish(one.session, one.exit)]


@pytest.mark.parametrize("tasks", [watch(2, 3), watch(0, 0), watch(3, 3, problem="is a FIFO")])
def test_a_task_opened_by_the_last_write_reopens_the_session(tasks: Any) -> None:
    one = facts(stopping(State.COMPLETED), Life.ENDED, tasks)
    assert planned(one) == [Reopen(one.session, CRASH)]


def test_nothing_is_archived_on_a_list_that_was_not_read() -> None:
    actions = planned(facts(stopping(State.COMPLETED), Life.ENDED, None))
    assert not any(isinstance(action, Finish) for action in actions)


def test_instructions_that_came_while_it_ended_reopen_the_session() -> None:
    one = facts(stopping(State.COMPLETED), Life.ENDED, watch(3, 3), news=(10, 90))
    assert planned(one) == [Reopen(one.session, CRASH)]


def test_who_is_to_stop_is_not_reopened_for_instructions_that_came_late() -> None:
    one = facts(
        stopping(State.COMPLETED, wanted=Wanted.STOP), Life.ENDED, watch(3, 3), news=(10, 90)
    )
    assert planned(one) == [Finish(one.session, CRASH)]


def test_an_archive_whose_record_was_lost_in_a_crash_is_recorded() -> None:
    one = facts(stopping(State.COMPLETED), Life.ENDED, directory=False, archive="x-completed")
    assert planned(one) == [Finish(one.session, one.exit)]
