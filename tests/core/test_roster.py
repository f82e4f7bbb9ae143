"""What is shown of a session, so that every face says the same?"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.model import ENDED, Doing, RequestStatus, Session, Standing, State
from team_supervisor.core.requests import STOPPED
from team_supervisor.core.roster import (
    NO_SUPERVISOR,
    STALE_AFTER,
    Board,
    SessionView,
    Usage,
    by_urgency,
    grouped,
    request_view,
    status_of,
    view,
)

from .worlds import NOW, row, session

ALIVE = {"active", "waiting", "needs attention", "rate limited", "stale", "disputed"}
A, S = State.ACTIVE, State.STARTING

sessions = st.builds(
    session,
    st.sampled_from(State),
    doing=st.sampled_from(Doing),
    doing_detail=st.text(max_size=9),
    reason=st.none() | st.text(max_size=9),
    restart_at=st.none() | st.floats(NOW.wall - 500, NOW.wall + 500),
    last_activity_at=st.none() | st.floats(NOW.wall - 5000, NOW.wall + 500),
    rate_limited_until=st.none() | st.floats(NOW.wall - 500, NOW.wall + 5000),
    tasks_problem=st.none() | st.just("tasks.md is a FIFO"),
    standing=st.sampled_from(Standing),
)


def status(state: State = A, running: bool = True, supervised: bool = True, **changes: Any) -> str:
    return ": ".join(status_of(session(state, **changes), running, NOW.wall, supervised)).strip()


def shown(state: State = A, running: bool = True, **changes: Any) -> SessionView:
    return view(session(state, **changes), running, NOW.wall, True)


def test_who_waits_for_a_limit_before_its_first_process_is_said_to_wait() -> None:
    until = {"doing": Doing.RATE_LIMITED, "attempt": 0, "rate_limited_until": None}
    assert status(S, running=False, **until) == "starting: rate limited with the team"
    assert status(S, running=False, **{**until, "attempt": 1}) == "starting:"


def test_who_runs_is_active() -> None:
    assert status() == "active:"
    assert status(S, restart_at=NOW.wall + 8) == "active:"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"doing": Doing.WAITING, "doing_detail": "api"}, "waiting: for api"),
        ({"doing": Doing.ATTENTION, "doing_detail": "stuck"}, "needs attention: stuck"),
        (
            {"doing": Doing.RATE_LIMITED, "rate_limited_until": NOW.wall + 125},
            "rate limited: for 2 min more",
        ),
        (
            {"doing": Doing.RATE_LIMITED, "rate_limited_until": NOW.wall - 9},
            "rate limited: with the team",
        ),
        ({"tasks_problem": "tasks.md is a FIFO"}, "active: tasks.md is a FIFO"),
        ({"last_activity_at": NOW.wall - STALE_AFTER}, "active:"),
        (
            {"last_activity_at": NOW.wall - STALE_AFTER - 1},
            "stale: no sign of life for 15 min",
        ),
        (
            {"doing": Doing.WAITING, "doing_detail": "api", "last_activity_at": 0.0},
            "waiting: for api",
        ),
        (
            {"doing": Doing.VERIFYING, "standing": Standing.CLAIMED},
            "verifying: its work is claimed to be complete",
        ),
        (
            {"standing": Standing.DISPUTED, "dispute": "`make test` failed with code 2"},
            "disputed: `make test` failed with code 2",
        ),
        (
            {"standing": Standing.DISPUTED, "doing": Doing.WAITING, "doing_detail": "api"},
            "waiting: for api",
        ),
        (
            {"standing": Standing.DISPUTED, "last_activity_at": NOW.wall - STALE_AFTER - 1},
            "stale: no sign of life for 15 min",
        ),
        ({"standing": Standing.OPEN, "dispute": "of an earlier life"}, "active:"),
    ],
    ids=str,
)
def test_what_a_running_session_does_is_said(changes: dict[str, Any], said: str) -> None:
    assert status(**changes) == said


@pytest.mark.parametrize(
    ("state", "supervised", "changes", "said"),
    [
        (A, True, {}, "not running: its process is gone; it is being looked at"),
        (A, False, {}, f"not running: its process is gone; {NO_SUPERVISOR}"),
        (S, True, {}, "starting:"),
        (S, False, {}, f"not running: {NO_SUPERVISOR}"),
        (State.REQUESTED, True, {}, "starting:"),
        (State.REQUESTED, False, {}, f"not running: {NO_SUPERVISOR}"),
        (
            S,
            True,
            {"restart_at": NOW.wall + 8, "reason": "code 1"},
            "restarting: in 8 s: code 1",
        ),
        (S, True, {"restart_at": NOW.wall - 8, "reason": "code 1"}, "starting:"),
        (State.STOPPING, True, {"reason": "by a person"}, "stopping: by a person"),
        (State.COMPLETED, True, {"reason": "all tasks are completed"}, "completed:"),
        (State.COMPLETED, True, {"standing": Standing.VERIFIED}, "completed:"),
        (
            State.COMPLETED,
            True,
            {"standing": Standing.VERIFIED, "verification": 2},
            "completed: verified",
        ),
        (
            S,
            True,
            {"standing": Standing.CLAIMED},
            "verifying: its work is claimed to be complete",
        ),
        (
            State.PARKED,
            True,
            {"standing": Standing.CLAIMED},
            "parked: its work is claimed to be complete",
        ),
        (State.FAILED, False, {"reason": "code 1"}, "failed: code 1"),
        (State.STOPPED, False, {"reason": "by a person"}, "stopped: by a person"),
    ],
    ids=str,
)
def test_what_became_of_a_session_that_does_not_run_is_said(
    state: State, supervised: bool, changes: dict[str, Any], said: str
) -> None:
    assert status(state, False, supervised, **changes) == said


@given(sessions, st.booleans())
def test_nothing_that_does_not_run_is_shown_as_alive(one: Session, supervised: bool) -> None:
    said, _ = status_of(one, False, NOW.wall, supervised)
    assert said not in ALIVE
    assert view(one, False, NOW.wall, supervised).pid is None


@given(sessions, st.booleans(), st.booleans())
def test_every_session_can_be_shown(one: Session, running: bool, supervised: bool) -> None:
    found = view(one, running, NOW.wall, supervised)
    assert found.status
    assert found.age >= 0
    assert found.ended is (one.state in ENDED)


@given(sessions)
def test_without_a_supervisor_nothing_is_said_to_start(one: Session) -> None:
    assert status_of(one, False, NOW.wall, False)[0] not in ("starting", "restarting")


def test_the_pid_is_of_what_runs() -> None:
    assert shown(A, True, agent_pid=42).pid == 42
    assert shown(A, False, agent_pid=42).pid is None


def test_the_first_start_is_no_restart() -> None:
    assert [shown(attempt=n).restarts for n in (0, 1, 2, 5)] == [0, 0, 1, 4]


def test_an_age_ends_with_the_session() -> None:
    assert shown(A, created_at=NOW.wall - 50).age == 50
    assert shown(State.FAILED, False, created_at=NOW.wall - 50, ended_at=NOW.wall - 20).age == 30
    assert shown(A, created_at=NOW.wall + 50).age == 0


def test_the_cost_is_of_all_attempts() -> None:
    assert shown(A, cost_before=1.25, cost_attempt=0.5).cost_usd == 1.75


def test_what_it_uses_is_shown_where_it_was_measured() -> None:
    used = view(session(), True, NOW.wall, True, Usage(12.5, 4096, 3))
    assert (used.cpu, used.memory, used.processes) == (12.5, 4096, 3)
    assert (shown().cpu, shown().memory, shown().processes) == (None, None, None)


def test_groups_come_in_the_order_in_which_their_first_session_started() -> None:
    views = [shown(id=str(n), persona=p) for n, p in enumerate(["qa", "intern", "qa", "boss"])]
    found = {persona: [v.id for v in group] for persona, group in grouped(views).items()}
    assert list(found.items()) == [("qa", ["0", "2"]), ("intern", ["1"]), ("boss", ["3"])]


def test_who_needs_a_person_comes_first_and_archives_last_newest_first() -> None:
    views = [
        shown(State.COMPLETED, False, id="old", ended_at=NOW.wall - 90),
        shown(State.COMPLETED, False, id="new", ended_at=NOW.wall - 10),
        shown(State.STOPPED, False, id="stopped"),
        shown(A, True, id="works"),
        shown(State.STOPPING, True, id="stops"),
        shown(State.FAILED, False, id="failed"),
        shown(A, True, id="stuck", doing=Doing.ATTENTION),
        shown(A, True, id="stale", last_activity_at=NOW.wall - 5000),
        shown(A, False, id="gone"),
    ]
    assert [v.id for v in by_urgency(views)] == [
        "failed", "stuck", "stale", "gone", "works", "stops", "stopped", "new", "old",
    ]  # fmt: skip


def test_totals_are_sums_over_all_sessions_archived_ones_too() -> None:
    views = (
        shown(A, tasks_done=1, tasks_total=3, cost_before=0.1, input_tokens=10, output_tokens=1),
        shown(State.COMPLETED, False, tasks_done=2, tasks_total=2, cost_before=0.2),
        shown(State.FAILED, False, cost_before=0.3, input_tokens=5),
    )
    board = Board(workspace="w", supervisor=None, sessions=views, requests=(), rejected=())
    assert board.totals() == {
        "sessions": 3,
        "running": 1,
        "completed": 1,
        "failed": 1,
        "tasks_done": 3,
        "tasks_total": 5,
        "cost_usd": 0.6,
        "input_tokens": 15,
        "output_tokens": 1,
    }


def test_a_request_is_shown_with_why_it_waits() -> None:
    queued = row(status=RequestStatus.QUEUED, reason="8 of 8", requester="boss-1")
    found = request_view(queued, NOW.wall)
    assert (found.name, found.persona, found.status) == (queued.name, "engineer", "queued")
    assert (found.reason, found.requester, found.age) == ("8 of 8", "boss-1", 10.0)
    assert request_view(replace(queued, reason=None), NOW.wall - 99).reason == ""
    assert request_view(queued, NOW.wall - 99).age == 0.0


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        (RequestStatus.WAITING, "is still changing", "the team is stopped"),
        (RequestStatus.WAITING, None, "the team is stopped"),
        (RequestStatus.QUEUED, "8 of 8 sessions run", "the team is stopped"),
        (
            RequestStatus.WAITING,
            "has no instructions.md yet",
            "the team is stopped; it has no instructions.md yet",
        ),
    ],
)
def test_in_a_stopped_team_a_request_waits_for_the_team_and_for_what_it_lacks(
    status: RequestStatus, reason: str | None, said: str
) -> None:
    assert request_view(row(status=status, reason=reason), NOW.wall, STOPPED).reason == said


def test_what_was_stopping_when_its_supervisor_and_its_process_went_is_not_said_to_stop() -> None:
    one = session(State.STOPPING, ending=State.PARKED, reason="it waits")
    assert status_of(one, False, NOW.wall, False)[0] == "not running"
    assert status_of(one, False, NOW.wall, True)[0] == "stopping"
    assert status_of(one, True, NOW.wall, False)[0] == "stopping"


def test_a_parked_session_says_what_a_person_must_look_at() -> None:
    one = session(State.PARKED, doing=Doing.OVER_BUDGET, doing_detail="its budget is spent")
    assert status_of(one, False, NOW.wall, True) == ("parked", "over budget: its budget is spent")
