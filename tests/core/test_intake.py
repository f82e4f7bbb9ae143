"""Which request directories are ready, and what becomes of each?"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core import intake
from team_supervisor.core.admission import Admit, Limits
from team_supervisor.core.budgets import Account, Budget, Spent
from team_supervisor.core.model import RequestStatus, Session, State
from team_supervisor.core.taskfacts import Work, Worker
from team_supervisor.core.taskgraph import Task, TaskState
from team_supervisor.core.taskqueue import Queue
from team_supervisor.core.world import (
    Action,
    ClaimRequest,
    ForgetRequest,
    QueueRequest,
    RejectRequest,
    RequestLook,
    Rules,
    SeeRequest,
)

from .worlds import (
    ENGINEER,
    MANAGER,
    NOW,
    PERSONAS,
    from_,
    look,
    persona,
    row,
    session,
    team,
    world,
)

MINUTES = 60.0
EMPTY = {"instructions": "", "waiting": "has no instructions.md yet"}
WRITTEN = {"writing": True, "waiting": "has an instructions.md that is being written"}


def becomes(*looks: RequestLook, **changes: Any) -> list[Action]:
    return intake.plan(world(requests=looks, **changes))


def claim(found: RequestLook, persona: str = "engineer", asker: Session | None = None) -> Action:
    return ClaimRequest(found, Admit(PERSONAS[persona], asker))


def known(found: RequestLook, status: RequestStatus, **changes: Any) -> RequestLook:
    assert found.row is not None
    return replace(found, row=replace(found.row, status=status, **changes))


def waits_already(**changes: Any) -> RequestLook:
    found = look(**changes)
    why = intake.waiting(found, world())
    return known(found, RequestStatus.WAITING, reason=why)


def rejection(*actions: Action) -> str:
    (action,) = actions
    assert isinstance(action, RejectRequest)
    return action.reason


def numbered(number: int, persona: str = "engineer", seen: float = 0.0) -> RequestLook:
    name = f"{persona}-request-{number}"
    first = NOW.wall - 100 + seen
    return look(name, inode=number, row=row(name, id=number, inode=number, first_seen_at=first))


def engineers(count: int) -> list[Session]:
    return [session(State.ACTIVE, id=f"engineer-{number:013d}") for number in range(count)]


def test_a_task_waits_for_the_only_one_of_its_persona_when_another_request_came_first() -> None:
    first, ours = numbered(1, "manager", seen=1.0), numbered(2, "manager", seen=2.0)
    asked = Worker(task=Task(id="T1", title="T1", state=TaskState.ASSIGNED, request=ours.name))
    claimed, later = becomes(first, ours, work=Work(workers=(asked,)))
    assert claimed == claim(first, "manager")
    assert isinstance(later, QueueRequest)
    assert later.reason.startswith("there may be only one manager")
    assert "there may be only one manager" in rejection(becomes(first, ours)[1])
    afterwards = becomes(known(ours, RequestStatus.QUEUED), work=Work(workers=(asked,)))
    assert [type(action) for action in afterwards] == [ClaimRequest]


def test_a_request_seen_for_the_first_time_is_written_down_before_anything_else() -> None:
    found = look(row=None)
    assert becomes(found) == [SeeRequest(found, "")]


def test_a_whole_request_is_claimed() -> None:
    found = look()
    assert becomes(found) == [claim(found)]


@pytest.mark.parametrize(
    ("changes", "ready"),
    [
        ({"steady": 0.29}, False),
        ({"steady": 0.3}, True),
        ({"steady": 0.0, "arrived_whole": True}, True),
        ({"steady": 0.0, "arrived_whole": True, "writing": None}, False),
        ({"steady": 1.99, "writing": None}, False),
        ({"steady": 2.0, "writing": None}, True),
        ({"steady": 60.0, **WRITTEN}, False),
        ({"steady": 60.0, "arrived_whole": True, **WRITTEN}, False),
        ({"steady": 60.0, **EMPTY}, False),
        ({"steady": 60.0, "arrived_whole": True, **EMPTY}, False),
    ],
    ids=str,
)
def test_a_request_is_ready_when_it_is_whole(changes: dict[str, Any], ready: bool) -> None:
    found = look(**changes)
    (action,) = becomes(found)
    assert isinstance(action, ClaimRequest if ready else SeeRequest)


def test_why_it_waits_is_said_once_for_each_reason() -> None:
    assert becomes(look(**EMPTY)) == [SeeRequest(look(**EMPTY), "has no instructions.md yet")]
    assert becomes(waits_already(**EMPTY)) == []
    changing = replace(waits_already(**EMPTY), waiting=None, steady=0.1)
    assert becomes(changing) == [SeeRequest(changing, "is still changing")]


def test_a_request_without_instructions_is_refused_after_five_minutes() -> None:
    just_not = waits_already(steady=5 * MINUTES - 0.1, **EMPTY)
    assert becomes(just_not) == []
    late = waits_already(steady=5 * MINUTES, **EMPTY)
    assert rejection(*becomes(late)) == "it has no instructions.md yet after 5 min"


def test_a_timeout_of_seconds_is_said_in_seconds() -> None:
    late = waits_already(steady=4.0, **EMPTY)
    found = becomes(late, rules=Rules(request_timeout=4.0))
    assert rejection(*found) == "it has no instructions.md yet after 4 s"


def test_who_still_writes_is_slow_and_not_gone() -> None:
    assert becomes(waits_already(steady=90 * MINUTES, **WRITTEN)) == []


def test_who_still_changes_something_is_not_gone() -> None:
    assert becomes(waits_already(age=90 * MINUTES, steady=1.0, **EMPTY)) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "wizard-request-api"}, "there is no persona 'wizard'"),
        ({"name": "engineer-request-a b"}, "may have only letters"),
        ({"name": "engineer-request-"}, "may have only letters"),
        ({"problem": "it is a symbolic link"}, "it is a symbolic link"),
        ({"problem": "its instructions.md is not UTF-8 text"}, "not UTF-8"),
        ({"name": "wizard-request-api", "steady": 3.0, **EMPTY}, "there is no persona"),
    ],
    ids=str,
)
def test_what_can_never_start_is_refused_with_a_reason(
    changes: dict[str, Any], reason: str
) -> None:
    assert reason in rejection(*becomes(look(**changes)))


def test_what_is_refused_anyway_is_left_alone_while_it_is_being_made() -> None:
    made = look("wizard-request-api", steady=2.9, **EMPTY)
    assert becomes(made) == [SeeRequest(made, "has no instructions.md yet")]


def test_what_is_refused_anyway_is_not_renamed_under_its_writer() -> None:
    (action,) = becomes(look("wizard-request-api", steady=60.0, **WRITTEN))
    assert isinstance(action, SeeRequest)


def test_the_requester_is_known_from_the_heading() -> None:
    boss = session(State.ACTIVE, id=MANAGER, persona="manager")
    found = look(instructions=from_(MANAGER))
    assert becomes(found, team=team(boss)) == [claim(found, asker=boss)]


def test_a_requester_without_a_session_is_nobody() -> None:
    found = look(instructions=from_("ghost-1706012345680"))
    assert becomes(found) == [claim(found)]
    queued = QueueRequest(found, "the team is stopped", None)
    assert becomes(found, accepting=False) == [queued]


def test_a_requester_is_held_to_its_persona() -> None:
    found = look(instructions=from_(ENGINEER))
    assert "may not request" in rejection(*becomes(found, team=team(session())))


def test_a_limit_that_passes_queues_and_names_the_requester() -> None:
    boss = session(State.ACTIVE, id=MANAGER, persona="manager")
    found = look(instructions=from_(MANAGER))
    full = team(boss, *engineers(7))
    reason = "8 of 8 sessions are at work"
    assert becomes(found, team=full) == [QueueRequest(found, reason, MANAGER)]
    queued = known(found, RequestStatus.QUEUED, reason=reason, requester=MANAGER)
    assert becomes(queued, team=full) == []
    assert becomes(queued, team=team(boss)) == [claim(queued, asker=boss)]


def test_a_stopped_team_takes_nobody_in() -> None:
    found = look()
    assert becomes(found, accepting=False) == [QueueRequest(found, "the team is stopped", None)]


def test_the_oldest_request_gets_the_place_that_is_free() -> None:
    looks = [numbered(1, seen=9), numbered(2, seen=1), numbered(3, seen=5)]
    actions = becomes(*looks, team=team(*engineers(7)))
    assert actions == [
        claim(looks[1]),
        QueueRequest(looks[2], "8 of 8 sessions are at work", None, place=1),
        QueueRequest(looks[0], "8 of 8 sessions are at work", None, place=2),
    ]


def test_a_start_counts_for_the_hour_at_once() -> None:
    looks = [numbered(1, seen=1), numbered(2, seen=2)]
    actions = becomes(*looks, team=team(spawned=59))
    assert actions[0] == claim(looks[0])
    assert isinstance(actions[1], QueueRequest)


def test_a_request_that_must_wait_does_not_hold_up_those_behind_it() -> None:
    looks = [numbered(1, "intern", 1), numbered(2, "engineer", 2)]
    limits = Limits(per_persona={"intern": 0})
    actions = becomes(*looks, team=team(limits=limits))
    assert [type(action) for action in actions] == [QueueRequest, ClaimRequest]


def test_of_two_requests_for_a_singleton_one_is_refused() -> None:
    looks = [numbered(1, "manager", 1), numbered(2, "manager", 2)]
    first, second = becomes(*looks)
    assert first == claim(looks[0], "manager")
    assert "only one manager" in rejection(second)


def test_a_request_that_was_taken_back_is_forgotten() -> None:
    assert becomes(vanished=(row(),)) == [ForgetRequest(row())]


def test_what_is_no_request_is_let_be() -> None:
    assert becomes(look("shared", row=None), look(".engineer-request-x", row=None)) == []


@given(
    st.lists(st.sampled_from(sorted(PERSONAS)), max_size=15),
    st.integers(0, 10),
    st.integers(0, 8),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_one_look_never_claims_beyond_the_limits(
    personas: list[str], live: int, sessions: int, spawned: int, each: int
) -> None:
    looks = [numbered(number, persona) for number, persona in enumerate(personas)]
    limits = Limits(sessions=sessions, spawned_per_hour=9, per_persona={"intern": each})
    before = team(*engineers(live), limits=limits, spawned=spawned)
    actions = becomes(*looks, team=before)
    claimed = [a.verdict.persona.name for a in actions if isinstance(a, ClaimRequest)]
    assert len(claimed) <= max(0, sessions - live)
    assert len(claimed) <= 9 - spawned
    assert claimed.count("intern") <= each
    assert claimed.count("manager") <= 1
    assert len(actions) == len(looks)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "steady": st.floats(0, 400),
                "arrived_whole": st.booleans(),
                "writing": st.sampled_from([True, False, None]),
                "waiting": st.none() | st.just("has no instructions.md yet"),
                "problem": st.none() | st.just("it is a symbolic link"),
            }
        ),
        max_size=6,
    ),
    st.booleans(),
)
def test_nothing_happens_twice_to_one_request_in_one_look(
    kinds: list[dict[str, Any]], accepting: bool
) -> None:
    looks = [replace(numbered(number), **kind) for number, kind in enumerate(kinds)]
    actions = becomes(*looks, accepting=accepting)
    acted = (SeeRequest, QueueRequest, RejectRequest, ClaimRequest)
    names = [action.look.name for action in actions if isinstance(action, acted)]
    assert len(names) == len(actions) == len(set(names))
    for action in actions:
        if isinstance(action, ClaimRequest):
            assert accepting and not (action.look.waiting or action.look.problem)


def terms(*lines: str) -> dict[str, Any]:
    return {"instructions": "\n".join(["---", *lines, "---", from_(ENGINEER, "Build it.")])}


def test_a_request_with_terms_that_make_no_sense_is_rejected() -> None:
    assert "`timeout`" in rejection(*becomes(look(**terms("timeout: soon"))))


def test_the_requester_is_found_after_the_terms() -> None:
    asker = session(State.ACTIVE)
    limits = Limits(sessions=1)
    (queued,) = becomes(
        look("intern-request-x", **terms("timeout: 5m")),
        team=team(asker, limits=limits),
        accepting=False,
    )
    assert isinstance(queued, QueueRequest)
    assert queued.requester == ENGINEER


def test_what_a_request_may_spend_is_set_aside_before_it_starts() -> None:
    day = Account("today's", Budget(usd=3.0), Spent(usd=1.0))
    (queued,) = becomes(look(**terms("budget_usd: 2.5")), team=team(accounts=(day,)))
    assert isinstance(queued, QueueRequest)
    assert "$2.50" in queued.reason
    first, second = numbered(1), numbered(2)
    first = replace(first, **terms("budget_usd: 1.8"))
    kinds = [type(action) for action in becomes(first, second, team=team(accounts=(day,)))]
    assert kinds == [ClaimRequest, QueueRequest]


def test_nobody_gets_a_command_run_through_one_who_may_run_none() -> None:
    reader = persona("engineer", tools=("Read",), allowed_tools=("Read",))
    found = team(personas={"engineer": reader})
    asked = look(**terms("verify: make"))
    assert "an engineer may not run commands" in rejection(*becomes(asked, team=found))
    assert becomes(replace(asked, instructions="Build."), team=found) != []


def test_while_the_project_is_paused_a_request_is_queued_and_its_requester_told_why() -> None:
    held = Work(queue=Queue(held_up="the project is paused"))
    asker = session(id=MANAGER, persona="manager")
    asked = look(instructions=from_(MANAGER))
    expected = QueueRequest(asked, "the project is paused", MANAGER, place=1)
    assert becomes(asked, work=held, team=team(asker)) == [expected]
    assert becomes(asked, team=team(asker)) == [claim(asked, asker=asker)]
