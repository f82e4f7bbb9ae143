"""Is a session's work complete, or does tasks.md only look so for a moment?"""

from dataclasses import replace
from functools import reduce
from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from team_supervisor.core.completion import (
    FEWER_HELD,
    CompletionRules,
    TasksReading,
    TasksWatch,
    claimed,
    note,
    over,
    pause_of,
)

from .worlds import reading

RULES = CompletionRules()
Read = tuple[float, TasksReading]

steps = st.floats(0, 20).map(lambda s: round(s, 3))
readings = st.builds(
    lambda done, left: reading(done, done + left), st.integers(0, 4), st.integers(0, 2)
) | st.just(TasksReading("!gone", problem="tasks.md is gone"))
reads = st.lists(st.tuples(steps, readings), min_size=1, max_size=12).map(
    lambda found: list(zip(accumulate(step for step, _ in found), (r for _, r in found)))
)


def watched(*reads: Read) -> TasksWatch:
    """The watch after these reads of (monotonic seconds, what was read)."""
    watch = reduce(lambda watch, read: note(watch, read[1], read[0]), reads, None)
    assert watch is not None
    return watch


def claims(*reads: Read, most: int = 0) -> bool:
    return claimed(watched(*reads), most, RULES)


DONE, OPEN = reading(3, 3), reading(2, 3)


@pytest.mark.parametrize(
    ("found", "complete"),
    [
        (reading(3, 3), True),
        (reading(2, 3), False),
        (reading(0, 1), False),
        (reading(0, 0), False),
        (TasksReading("x", total=3, done=3, problem="tasks.md is a FIFO"), False),
    ],
)
def test_complete_is_a_readable_list_with_tasks_that_are_all_done(
    found: TasksReading, complete: bool
) -> None:
    assert found.complete is complete


def test_without_a_look_nothing_is_claimed() -> None:
    assert not claimed(None, 0, RULES)


def test_one_read_claims_nothing() -> None:
    assert not claims((0.0, DONE))


@pytest.mark.parametrize(("apart", "claim"), [(1.99, False), (2.0, True), (60.0, True)])
def test_two_reads_claim_when_they_are_two_seconds_apart(apart: float, claim: bool) -> None:
    assert claims((5.0, DONE), (5.0 + apart, DONE)) is claim


def test_another_digest_begins_the_quiet_time_anew() -> None:
    again = replace(DONE, digest="the same tasks in other words")
    assert not claims((0.0, DONE), (1.9, again), (3.8, again))
    assert claims((0.0, DONE), (1.9, again), (3.9, again))


def test_open_for_a_moment_is_enough_to_begin_anew() -> None:
    assert not claims((0.0, DONE), (1.0, OPEN), (1.1, DONE), (3.0, DONE))


def test_an_open_list_never_claims_however_long_it_stays() -> None:
    assert not claims((0.0, OPEN), (1e6, OPEN))


@pytest.mark.parametrize(("held", "claim"), [(2.0, False), (29.9, False), (30.0, True)])
def test_a_list_with_fewer_tasks_than_ever_seen_is_believed_after_thirty_seconds(
    held: float, claim: bool
) -> None:
    assert claims((0.0, DONE), (held, DONE), most=4) is claim


def test_a_list_that_grew_is_believed_like_any_other() -> None:
    assert claims((0.0, DONE), (2.0, DONE), most=2)


@pytest.mark.parametrize(
    ("held", "turn_over", "end"),
    [(2.0, True, True), (2.0, False, False), (14.9, False, False), (15.0, False, True)],
)
def test_the_agent_may_finish_its_turn_for_fifteen_seconds(
    held: float, turn_over: bool, end: bool
) -> None:
    assert over(watched((0.0, DONE), (held, DONE)), turn_over, RULES) is end


@given(reads, st.integers(0, 5))
@example([(0.0, DONE), (1.0, OPEN), (2.0, DONE)], 0)
def test_a_claim_stands_on_complete_reads_of_one_digest_all_through_the_quiet_time(
    found: list[Read], most: int
) -> None:
    if claims(*found, most=most):
        last_at, last = found[-1]
        run = []
        for at, one in reversed(found):
            if one.digest != last.digest:
                break
            run.append(at)
        assert last.complete
        assert len(run) >= 2 and last_at - run[-1] >= RULES.quiet


@given(reads, st.integers(0, 6))
def test_a_shorter_list_never_claims_before_it_held_thirty_seconds(
    found: list[Read], most: int
) -> None:
    short = found[-1][1].total < most
    held = watched(*found).last - watched(*found).since
    assert not (short and held < FEWER_HELD and claims(*found, most=most))


@given(reads)
def test_the_quiet_time_is_never_longer_than_the_watch(found: list[Read]) -> None:
    watch = watched(*found)
    assert found[0][0] <= watch.since <= watch.last == found[-1][0]
    assert watch.reading == found[-1][1]


@given(
    st.integers(1, 200),
    st.data(),
    st.lists(st.floats(0, 1.9), max_size=20),
)
def test_a_rewrite_in_place_never_claims_whatever_part_of_it_is_read(
    total: int, data: st.DataObject, pauses: list[float]
) -> None:
    """All but the last task are done; each read sees some beginning of the file."""
    watch, now = None, 0.0
    for pause in pauses:
        now += pause
        seen = data.draw(st.integers(0, total))
        watch = note(watch, reading(min(seen, total - 1), seen), now)
        if watch.last - watch.since < FEWER_HELD:
            assert not claimed(watch, total, RULES)


@pytest.mark.parametrize(
    ("silent", "end"), [(0.0, False), (RULES.grace - 0.1, False), (RULES.grace, True)]
)
def test_whose_turn_is_open_is_ended_only_when_it_has_been_silent_as_long(
    silent: float, end: bool
) -> None:
    assert over(watched((0.0, DONE), (60.0, DONE)), False, RULES, silent) is end


@pytest.mark.parametrize(
    ("statuses", "pause"),
    [
        ([], ""),
        (["pending"], ""),
        (["blocked"], "blocked"),
        (["Blocked: by the API"], "blocked"),
        (["waiting for instructions", "waiting"], "waiting"),
        (["waiting", "blocked"], "blocked"),
        (["blocked", "in progress"], ""),
        (["blocking"], ""),
        (["unblocked"], ""),
    ],
)
def test_an_agent_pauses_when_all_its_open_tasks_say_so(statuses: list[str], pause: str) -> None:
    assert pause_of(statuses) == pause
