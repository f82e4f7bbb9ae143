"""What does a running agent need: a message, a nudge, a person, or nothing?"""

from dataclasses import replace
from typing import Any

import pytest

from team_supervisor.core.budgets import Budget, Budgets
from team_supervisor.core.completion import TasksWatch
from team_supervisor.core.model import DeliveryKind, Doing, RequestStatus, State, Wanted
from team_supervisor.core.rules import Rules
from team_supervisor.core.taskfacts import StopWorker, Work, Worker
from team_supervisor.core.taskgraph import Task, TaskState
from team_supervisor.core.world import (
    Action,
    Deliver,
    NoteDoing,
    NoteTasks,
    Nudge,
    ReadInstructions,
    SessionFacts,
)

from .worlds import (
    ENGINEER,
    MANAGER,
    NOW,
    delivery,
    facts,
    from_,
    idle,
    look,
    planned,
    row,
    session,
    unnoted,
    watch,
)

HALF = watch(1, 3, held=60.0)
OPEN_TITLES = ("task 1", "task 2")


def resting(tasks: TasksWatch | None = HALF, talks: bool = True, **changes: Any) -> SessionFacts:
    return facts(idle(**changes), tasks=tasks, talks=talks)


def teammate(state: State = State.ACTIVE, **changes: Any) -> SessionFacts:
    """A session that the engineer asked for, hard at work."""
    values = {"id": f"intern-{state}", "name": "helper", "requester": ENGINEER, **changes}
    return facts(session(state, **values))


def of(seen: SessionFacts, actions: list[Action]) -> list[Action]:
    return [a for a in actions if getattr(a, "session", None) == seen.session]


def notes(*seen: SessionFacts, **changes: Any) -> tuple[Doing, str]:
    """What the first of them is found to be doing."""
    (action,) = [a for a in of(seen[0], planned(*seen, **changes)) if isinstance(a, NoteDoing)]
    return action.doing, action.detail


@pytest.mark.parametrize(("reported", "noted"), [("", False), ("blocked", True)])
def test_who_is_over_its_time_needs_nobody_when_its_task_ends_it(
    reported: str, noted: bool
) -> None:
    late = facts(session(timeout=60.0, worked_before=61.0))
    state = TaskState.BLOCKED if reported else TaskState.IN_PROGRESS
    task = Task(id="T1", title="T1", state=state, session=ENGINEER, reported=reported, tries=1)
    work = Work(workers=(Worker(task=task, session=late.session),))
    actions = of(late, planned(late, work=work))
    assert any(isinstance(action, NoteDoing) for action in actions) is noted
    assert any(isinstance(action, StopWorker) for action in actions) is not noted


def test_an_agent_at_work_needs_nothing() -> None:
    assert planned(facts(session(last_activity_at=0.0), tasks=HALF)) == []


def test_a_message_is_sent_once_to_each_attempt() -> None:
    sent = delivery(sent_at=NOW.wall - 5, sent_attempt=1)
    assert planned(facts(session(), unseen=(sent,))) == []
    second = session(attempt=2)
    assert planned(facts(second, unseen=(sent,))) == [Deliver(second, sent)]


def test_messages_are_sent_in_the_order_in_which_they_came() -> None:
    texts = tuple(delivery(id=f"d{n}", sent_at=n or None, sent_attempt=n) for n in (0, 1, 0))
    seen = facts(session(), unseen=texts)
    assert planned(seen) == [Deliver(seen.session, texts[0]), Deliver(seen.session, texts[2])]


def test_an_agent_in_the_middle_of_its_turn_is_told_too() -> None:
    told = facts(session(turn_open=1), unseen=(delivery(),))
    assert planned(told) == [Deliver(told.session, delivery())]


def test_who_is_to_stop_is_told_nothing_more() -> None:
    told = facts(session(wanted=Wanted.STOP), unseen=(delivery(),), news=(1, 9), news_settled=True)
    assert not any(isinstance(a, (Deliver, ReadInstructions, Nudge)) for a in planned(told))


def test_who_is_rate_limited_is_told_when_the_limit_ends() -> None:
    limited = session(rate_limited_until=NOW.wall + 60, doing=Doing.RATE_LIMITED)
    assert planned(facts(limited, unseen=(delivery(),))) == []
    over = session(rate_limited_until=NOW.wall, doing=Doing.WORKING)
    assert planned(facts(over, unseen=(delivery(),))) == [Deliver(over, delivery())]


def test_appended_instructions_are_read_when_they_are_whole() -> None:
    growing = facts(idle(), tasks=HALF, news=(10, 90))
    assert planned(growing) == []
    whole = facts(idle(), tasks=HALF, news=(10, 90), news_settled=True)
    assert planned(whole) == [ReadInstructions(whole.session, 10, 90)]


def test_a_turn_that_ended_with_tasks_open_is_nudged_with_their_names() -> None:
    seen = resting()
    assert planned(seen) == [Nudge(seen.session, OPEN_TITLES)]


def test_without_a_list_it_is_nudged_to_make_one() -> None:
    seen = resting(tasks=None)
    assert planned(seen) == [Nudge(seen.session, ())]


@pytest.mark.parametrize(
    "seen",
    [
        facts(session(last_activity_at=0.0), tasks=HALF),
        facts(idle(), tasks=HALF, unseen=(delivery(sent_at=NOW.wall, sent_attempt=1),)),
        facts(idle(), tasks=HALF, news=(10, 90)),
        resting(tasks=watch(3, 3)),
        resting(talks=False),
        resting(talks=False, nudges=3),
    ],
    ids=[
        "its turn is open",
        "it has unread messages",
        "news",
        "all is done",
        "it does not talk",
        "nor can it",
    ],
)
def test_nobody_is_nudged_without_need(seen: SessionFacts) -> None:
    assert not any(isinstance(action, (Nudge, NoteDoing)) for action in planned(seen))


@pytest.mark.parametrize(
    ("nudges", "idle_for", "nudged"),
    [
        (0, 4.9, False),
        (0, 5.0, True),
        (1, 9.9, False),
        (1, 10.0, True),
        (2, 19.9, False),
        (2, 20.0, True),
        (3, 9999.0, False),
    ],
)
def test_each_nudge_waits_twice_as_long_as_the_one_before(
    nudges: int, idle_for: float, nudged: bool
) -> None:
    seen = resting(nudges=nudges, last_activity_at=NOW.wall - idle_for)
    assert any(isinstance(action, Nudge) for action in planned(seen)) is nudged


def test_a_clock_that_was_set_back_does_not_hold_a_nudge_up() -> None:
    seen = resting(last_activity_at=NOW.wall + 3600)
    assert planned(seen) == [Nudge(seen.session, OPEN_TITLES)]


@pytest.mark.parametrize(("idle_for", "stuck"), [(39.9, False), (40.0, True)])
def test_who_does_not_move_after_three_nudges_needs_a_person(idle_for: float, stuck: bool) -> None:
    seen = resting(nudges=3, last_activity_at=NOW.wall - idle_for)
    words = "its turn ended 4 times with tasks open"
    assert planned(seen) == ([NoteDoing(seen.session, Doing.ATTENTION, words)] if stuck else [])


def test_denied_tools_are_named_as_the_likely_reason() -> None:
    doing, words = notes(resting(nudges=3, denials="Bash, Write"))
    assert (doing, words.endswith("; it was denied Bash, Write")) == (Doing.ATTENTION, True)


def test_a_list_that_changed_just_now_begins_the_nudges_anew() -> None:
    for nudges in (0, 2, 3):
        stuck = unnoted(resting(nudges=nudges), watch(2, 3))
        assert planned(stuck) == [NoteTasks(stuck.session, watch(2, 3).reading)]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404])
def test_an_error_that_more_of_the_same_cannot_mend_needs_a_person(status: int) -> None:
    assert notes(resting(error_status=status, last_error="no credit")) == (
        Doing.ATTENTION,
        "no credit",
    )
    assert notes(resting(error_status=status)) == (Doing.ATTENTION, f"error {status}")


def test_a_message_that_such_an_error_kept_from_being_seen_hides_it_not() -> None:
    seen = resting(error_status=401, last_error="sign in")
    unread = delivery(sent_at=NOW.wall, sent_attempt=1)
    assert notes(replace(seen, unseen=(unread,))) == (Doing.ATTENTION, "sign in")


@pytest.mark.parametrize("status", [None, 429, 500, 529])
def test_an_error_that_passes_is_nudged(status: int | None) -> None:
    seen = resting(error_status=status, last_error="overloaded")
    assert planned(seen) == [Nudge(seen.session, OPEN_TITLES)]


@pytest.mark.parametrize("state", [State.REQUESTED, State.STARTING, State.ACTIVE, State.STOPPING])
def test_who_has_a_live_teammate_it_asked_for_waits_and_is_not_nudged(state: State) -> None:
    seen = resting()
    actions = planned(seen, teammate(state))
    assert of(seen, actions) == [NoteDoing(seen.session, Doing.WAITING, "helper")]


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED, State.STOPPED])
def test_nobody_waits_for_who_has_ended(state: State) -> None:
    seen = resting()
    assert of(seen, planned(seen, teammate(state))) == [Nudge(seen.session, OPEN_TITLES)]


def test_nobody_waits_for_whom_somebody_else_asked_for() -> None:
    seen = resting()
    assert isinstance(of(seen, planned(seen, teammate(requester=MANAGER)))[0], Nudge)


def test_who_has_an_open_request_waits_for_it() -> None:
    asked = look(
        "intern-request-tests",
        row=row(
            "intern-request-tests",
            status=RequestStatus.QUEUED,
            reason="the team is stopped",
            requester=ENGINEER,
        ),
    )
    waiting = notes(resting(), teammate(), requests=(asked,), accepting=False)
    assert waiting == (Doing.WAITING, "helper, tests")


def test_who_asked_just_now_waits_before_the_request_is_written_down() -> None:
    asked = look("intern-request-tests", row=None, instructions=from_(ENGINEER))
    assert notes(resting(), requests=(asked,)) == (Doing.WAITING, "tests")
    others = look("intern-request-tests", row=None, instructions=from_(MANAGER))
    assert any(isinstance(action, Nudge) for action in planned(resting(), requests=(others,)))


def test_who_works_although_a_teammate_lives_is_working() -> None:
    seen = facts(session(), tasks=HALF)
    assert of(seen, planned(seen, teammate())) == []


@pytest.mark.parametrize(
    ("pause", "requester", "doing", "detail"),
    [
        ("waiting", None, Doing.WAITING, "instructions"),
        ("blocked", None, Doing.ATTENTION, "it says that its tasks are blocked"),
        (
            "blocked",
            MANAGER,
            Doing.WAITING,
            f"an answer: its tasks are blocked, {MANAGER} was asked",
        ),
    ],
)
def test_an_agent_that_says_it_cannot_go_on_is_not_nudged(
    pause: str, requester: str | None, doing: Doing, detail: str
) -> None:
    seen = resting(tasks=watch(1, 3, pause=pause), requester=requester)
    assert planned(seen) == [NoteDoing(seen.session, doing, detail)]


def test_a_rate_limit_is_said_and_ends_by_itself() -> None:
    seen = resting(rate_limited_until=NOW.wall + 600)
    assert planned(seen) == [NoteDoing(seen.session, Doing.RATE_LIMITED, "")]
    over = facts(session(rate_limited_until=NOW.wall - 1, doing=Doing.RATE_LIMITED), tasks=HALF)
    assert planned(over) == [NoteDoing(over.session, Doing.WORKING, "")]


def test_a_session_whose_directory_is_gone_needs_a_person() -> None:
    seen = facts(session(), directory=False)
    assert planned(seen) == [NoteDoing(seen.session, Doing.ATTENTION, "its directory is gone")]


@pytest.mark.parametrize(
    ("changes", "doing"),
    [
        ({"rate_limited_until": NOW.wall + 9, "error_status": 429}, Doing.RATE_LIMITED),
        ({"rate_limited_until": NOW.wall + 9, "error_status": 401}, Doing.ATTENTION),
        ({"rate_limited_until": NOW.wall + 9, "nudges": 3}, Doing.RATE_LIMITED),
        ({"error_status": 401, "nudges": 3}, Doing.ATTENTION),
        ({"error_status": 401, "turn_open": 1, "doing": Doing.ATTENTION}, Doing.WORKING),
    ],
    ids=str,
)
def test_one_thing_outweighs_the_other(changes: dict[str, Any], doing: Doing) -> None:
    assert notes(resting(**changes))[0] == doing


LIMIT = {"rate_limited_until": NOW.wall + 600, "doing": Doing.RATE_LIMITED}
LIMITED = facts(idle(id="a-1", **LIMIT), tasks=HALF)


@pytest.mark.parametrize(
    ("changes", "tasks"),
    [
        ({"nudges": 3}, HALF),
        ({}, watch(1, 3, pause="blocked")),
        ({"error_status": 401}, HALF),
        ({"cost_before": 3.0}, HALF),
    ],
    ids=["nudged", "blocked", "signed out", "over budget"],
)
def test_the_limit_of_a_teammate_hides_nobody_who_needs_a_person(
    changes: dict[str, Any], tasks: TasksWatch
) -> None:
    rules = Rules(budgets=Budgets(session=Budget(usd=2.0)))
    seen = resting(tasks, **changes)
    doing, detail = notes(seen, rules=rules)
    assert doing in (Doing.ATTENTION, Doing.OVER_BUDGET)
    told = replace(seen.session, doing=doing, doing_detail=detail)
    shown = replace(seen, session=told)
    assert not [a for a in planned(shown, LIMITED, rules=rules) if isinstance(a, NoteDoing)]
    assert notes(seen, LIMITED, rules=rules) == (doing, detail)


def test_the_silence_of_one_that_waits_for_its_limit_is_no_stall() -> None:
    silent = resting(rate_limited_until=NOW.wall + 600, turn_open=1)
    assert notes(replace(silent, still=1e6))[0] == Doing.RATE_LIMITED


STUCK: dict[str, Any] = {
    "doing": Doing.ATTENTION,
    "doing_detail": "its turn ended 4 times with tasks open",
}


def test_what_was_said_once_is_not_said_again() -> None:
    assert planned(resting(nudges=3, **STUCK)) == []


def test_who_needs_a_person_is_working_again_once_it_moves() -> None:
    moved = facts(session(nudges=0, **STUCK), tasks=watch(2, 3))
    assert planned(moved) == [NoteDoing(moved.session, Doing.WORKING, "")]


def test_a_message_of_any_kind_is_delivered() -> None:
    for kind in DeliveryKind:
        told = facts(session(), unseen=(delivery(kind),))
        assert planned(told) == [Deliver(told.session, delivery(kind))]
