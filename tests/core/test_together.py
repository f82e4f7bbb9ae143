"""What is recorded together, and what by itself."""

from dataclasses import replace

from team_supervisor.core.model import Session, State
from team_supervisor.core.together import MOST, concerning, durable, groups
from team_supervisor.core.world import (
    AskToStop,
    Finish,
    ImportDirectory,
    Launch,
    MarkActive,
    Prepare,
)


def _session(name: str) -> Session:
    return Session(
        id=name,
        persona="intern",
        name=name,
        created_at=0.0,
        requester=None,
        depth=0,
        runner="claude",
        conversation="c",
        directory=name,
        start_commit=None,
    )


def test_neighbours_that_only_write_rows_are_recorded_together_in_their_order() -> None:
    one, two = Prepare(_session("a")), MarkActive(_session("b"), 1, False)
    other = ImportDirectory("x")
    assert groups([one, two, other, other, one]) == [[one, two], [other], [other], [one]]


def test_a_team_that_is_stopped_is_recorded_together_and_for_good() -> None:
    asked = [AskToStop(_session(name), State.STOPPED, "", 10.0) for name in "ab"]
    ended = [Finish(_session(name), None) for name in "ab"]
    assert groups([*asked, *ended]) == [[*asked, *ended]]
    assert durable(asked) is True
    assert durable(ended) is True


def test_a_group_never_keeps_other_writers_waiting_for_long() -> None:
    many = [Prepare(_session("a"))] * (MOST + 1)
    assert [len(group) for group in groups(many)] == [MOST, 1]


def _begins(name: str) -> Launch:
    return Launch(replace(_session(name), request_name=f"intern-request-{name}"), None)


def test_several_that_begin_are_recorded_together_and_with_what_stands_between_them() -> None:
    rows = Prepare(_session("a"))
    several = [_begins("a"), rows, _begins("b")]
    assert groups(several) == [several]
    assert durable(several) is False


def test_one_that_begins_alone_begins_at_once() -> None:
    rows = Prepare(_session("a"))
    assert groups([rows, _begins("a"), rows]) == [[rows], [_begins("a")], [rows]]
    assert durable([_begins("a")]) is None


def test_who_may_have_left_something_behind_begins_alone() -> None:
    begun = [replace(_begins(name).session, attempt=1) for name in "ab"]
    members = [replace(_begins(name).session, request_name=None) for name in "cd"]
    actions = [Launch(session, None) for session in begun + members]
    assert groups(actions) == [[action] for action in actions]


def test_one_that_power_loss_may_not_take_back_makes_its_group_durable() -> None:
    claimed, running = Prepare(_session("a")), MarkActive(_session("b"), 1, False)
    assert durable([claimed]) is False
    assert durable([claimed, running]) is True
    assert durable([MarkActive(_session("b"), 1, True)]) is False, "an adoption changes no row"
    assert durable([ImportDirectory("x")]) is None


def test_the_action_about_a_session_is_found_in_its_group() -> None:
    one, two = Prepare(_session("a")), Prepare(_session("b"))
    assert concerning("b", [one, two]) is two
    assert concerning("c", [one, two]) is one
