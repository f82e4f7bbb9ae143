from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.model import Doing, Moment, Session, State, Wanted
from team_supervisor.core.taskfacts import AskForWorker, MoveTask, StopWorker, Work, Worker
from team_supervisor.core.taskgraph import FOLLOWS, OVER, Task, TaskState
from team_supervisor.core.taskmoves import moved, queue_after
from team_supervisor.core.taskqueue import Queue
from team_supervisor.core.taskwork import (
    LEFT_OPEN,
    all_complete,
    finished,
    follow,
    plan,
    replaced,
    why_stopped,
)

NOW = Moment(1000.0, 500.0)
LIVE = (State.REQUESTED, State.STARTING, State.ACTIVE, State.STOPPING, State.PARKED)


def task(state: TaskState = TaskState.IN_PROGRESS, **facts: Any) -> Task:
    plain = {"id": "T1", "title": "T1", "state": state, "request": "qa-request-T1", "tries": 1}
    if state not in (TaskState.QUEUED, TaskState.ASSIGNED):
        plain["session"] = "qa-1"
    return Task(**{**plain, **facts})


def session(state: State = State.ACTIVE, **facts: Any) -> Session:
    ended = {"ended_at": 1.0} if state in (State.COMPLETED, State.FAILED, State.STOPPED) else {}
    plain = {"id": "qa-1", "persona": "qa", "name": "T1", "created_at": 1.0, "state": state}
    return Session(**{**plain, **ended, **facts})


def followed(of: Task, worker: Session | None, **facts: Any) -> Any:
    return follow(Worker(task=of, session=worker, **facts), NOW, 1)


@pytest.mark.parametrize("state", LIVE)
def test_a_claimed_request_puts_its_task_in_progress(state: State) -> None:
    assigned = task(TaskState.ASSIGNED)
    assert followed(assigned, session(state)) == MoveTask(
        assigned, TaskState.IN_PROGRESS, None, "qa-1"
    )
    assert followed(task(), session(state)) is None


def test_a_request_that_never_came_to_be_is_made_again() -> None:
    assigned = task(TaskState.ASSIGNED)
    assert followed(assigned, None) == AskForWorker(assigned)
    assert followed(assigned, None, asked=True) is None


def test_a_rejected_request_fails_its_task_with_the_reason_and_is_not_tried_again() -> None:
    action = followed(task(TaskState.ASSIGNED), None, rejected="there is no persona 'x'")
    assert (action.to, action.reason) == (
        TaskState.FAILED,
        "its request was rejected: there is no persona 'x'",
    )


def test_an_archived_session_completes_its_task_whatever_was_reported() -> None:
    for reported in ("", "done", "blocked"):
        action = followed(task(reported=reported), session(State.COMPLETED))
        assert action.to == TaskState.COMPLETED


def test_a_failed_session_is_tried_again_once_and_then_fails_its_task_with_why() -> None:
    lost = session(State.FAILED, reason="5 failures in a row")
    first = followed(task(tries=1), lost)
    assert (first.to, first.reason) == (TaskState.QUEUED, "try 1 failed: 5 failures in a row")
    last = followed(task(tries=2), lost)
    assert (last.to, last.reason) == (TaskState.FAILED, "5 failures in a row")


def test_a_report_of_done_counts_where_no_check_can_contradict_it() -> None:
    reported = task(reported="done")
    assert followed(reported, session(State.FAILED)).to == TaskState.COMPLETED
    assert followed(reported, session(State.STOPPED)).to == TaskState.COMPLETED
    checked = task(reported="done", verify='[{"run": "make test", "timeout": null}]', tries=2)
    assert followed(checked, session(State.FAILED)).to == TaskState.FAILED


def test_who_reported_done_and_leaves_its_list_open_is_ended_and_what_can_be_judged_is() -> None:
    idle = {"doing": Doing.ATTENTION, "turn_open": 0, "nudges": 3}
    reported = task(reported="done")
    stop = followed(reported, session(State.PARKED, **idle))
    assert (type(stop), stop.reason) == (StopWorker, LEFT_OPEN)
    for busy in ({"nudges": 0}, {"turn_open": 1}, {"error_status": 401}, {"doing": Doing.WORKING}):
        assert followed(reported, session(**{**idle, **busy})) is None
    assert followed(task(), session(**idle)) is None
    stopped = session(State.STOPPED, reason=LEFT_OPEN, **idle)
    assert followed(reported, stopped).to == TaskState.COMPLETED
    checked = task(reported="done", verify='[{"run": "make test", "timeout": null}]')
    assert followed(checked, stopped).to == TaskState.BLOCKED
    assert LEFT_OPEN in followed(checked, stopped).reason


def test_a_stopped_session_blocks_its_task_and_a_retried_one_goes_on() -> None:
    stopped = session(State.STOPPED, reason="by a person")
    action = followed(task(), stopped)
    assert (action.to, action.worker) == (TaskState.BLOCKED, "qa-1")
    assert followed(task(TaskState.BLOCKED), stopped) is None
    assert followed(task(TaskState.BLOCKED), session()).to == TaskState.IN_PROGRESS
    assert followed(task(TaskState.FAILED), session()).to == TaskState.IN_PROGRESS


def test_a_worker_that_reported_blocked_stays_so_until_it_is_said_otherwise() -> None:
    assert followed(task(TaskState.BLOCKED, reported="blocked"), session()) is None


def test_a_worker_that_takes_too_long_is_stopped_and_its_task_tried_again() -> None:
    late = session(timeout=60.0, worked_before=61.0)
    assert isinstance(followed(task(), late), StopWorker)
    asked = session(timeout=60.0, worked_before=61.0, wanted=Wanted.STOP)
    assert followed(task(), asked) is None
    over = session(State.STOPPED, timeout=60.0, worked_before=61.0)
    assert followed(task(), over).reason == "try 1 failed: it ran longer than its limit of 1 min"
    assert followed(task(tries=2), over).to == TaskState.FAILED


def test_the_task_of_a_worker_that_a_tick_ended_for_its_age_fails_as_for_its_own_limit() -> None:
    over = session(State.STOPPED, overdue=1800.0)
    assert followed(task(), over).reason == "try 1 failed: it ran longer than its limit of 30 min"
    assert followed(task(tries=2), over).to == TaskState.FAILED
    assert followed(task(), session(State.STOPPED)).to == TaskState.BLOCKED


@pytest.mark.parametrize(
    ("state", "worked", "why"),
    [
        (TaskState.IN_PROGRESS, 61.0, "it ran longer than its limit of 1 min"),
        (TaskState.IN_PROGRESS, 59.0, "by a person"),
        (TaskState.CANCELLED, 61.0, "its task was cancelled"),
        (TaskState.FAILED, 59.0, "its task failed: no key"),
    ],
)
def test_a_stopped_worker_says_what_ended_it(state: TaskState, worked: float, why: str) -> None:
    worker = session(timeout=60.0, worked_before=worked, wanted=Wanted.STOP)
    of = task(state, reason="no key" if state == TaskState.FAILED else None)
    assert why_stopped(Work(meant={worker.id: of}), worker, NOW) == why
    assert why_stopped(Work(), worker, NOW) == "by a person"


def test_the_worker_of_a_cancelled_task_is_stopped_however_late_it_comes() -> None:
    cancelled = task(TaskState.CANCELLED)
    assert isinstance(followed(cancelled, session(State.REQUESTED)), StopWorker)
    assert followed(cancelled, session(State.STOPPED)) is None


@given(
    st.sampled_from([*FOLLOWS]),
    st.sampled_from(State) | st.none(),
    st.sampled_from(["", "done", "blocked"]),
    st.integers(1, 3),
    st.booleans(),
)
def test_what_follows_is_allowed_and_is_settled_after_a_few_looks(
    state: TaskState, worker: State | None, reported: str, tries: int, late: bool
) -> None:
    """Level, not edge: applied until nothing follows, it comes to rest, never at work about
    nothing."""
    one = task(state, reported="" if state in OVER else reported, tries=tries)
    seen = session(worker, timeout=1.0 if late else None, worked_before=2.0) if worker else None
    if state in (TaskState.PENDING, TaskState.QUEUED, TaskState.COMPLETED):
        return
    for _ in range(4):
        action = follow(Worker(task=one, session=seen), NOW, 1)
        if not isinstance(action, MoveTask):
            break
        one = moved(one, action.to, 1.0, session=action.worker)
        if one.state == TaskState.QUEUED:
            return
    assert not isinstance(action, MoveTask)
    ended = seen is not None and seen.ended
    assert not (ended and one.state in (TaskState.ASSIGNED, TaskState.IN_PROGRESS))


def ready(*names: str) -> tuple[Task, ...]:
    return tuple(Task(id=n, title=n, state=TaskState.QUEUED) for n in names)


def test_what_is_ready_is_asked_for_as_far_as_there_is_room() -> None:
    work = Work(ready=ready("a", "b", "c"), queue=Queue(max_concurrent=2))
    assert [a.task.id for a in plan(work, NOW, 1)] == ["a", "b"]
    assert plan(work, NOW, 1, None) == []
    busy = Work(ready=ready("a"), workers=(Worker(task=task(), session=session()),))
    assert plan(busy, NOW, 1) == []


def test_a_blocked_task_takes_no_place() -> None:
    blocked = Worker(task=task(TaskState.BLOCKED, reported="blocked"), session=session())
    work = Work(ready=ready("a"), workers=(blocked,))
    assert [type(a) for a in plan(work, NOW, 1)] == [AskForWorker]


def test_it_is_finished_when_nothing_more_starts_without_a_person() -> None:
    assert finished(Work())
    assert not finished(Work(ready=ready("a")))
    assert not finished(Work(ready=ready("a"), queue=Queue(paused=True)))
    assert finished(Work(ready=ready("a"), queue=Queue(stopped_by="T9")))
    assert not finished(Work(workers=(Worker(task=task(), session=session()),)))


def test_only_completed_and_cancelled_tasks_make_a_whole_plan() -> None:
    assert all_complete(Work(counts={TaskState.COMPLETED: 3, TaskState.CANCELLED: 1}))
    assert not all_complete(Work(counts={TaskState.COMPLETED: 3, TaskState.PENDING: 1}))


def test_a_failure_stops_the_queue_until_that_task_is_tried_again() -> None:
    stopped = queue_after(Queue(), "T1", TaskState.FAILED)
    assert stopped.closed == "T1 failed, which stopped the queue"
    assert queue_after(stopped, "T2", TaskState.QUEUED) == stopped
    assert queue_after(stopped, "T1", TaskState.QUEUED).closed is None
    assert queue_after(Queue(stop_on_failure=False), "T1", TaskState.FAILED).closed is None


def test_a_worker_whose_task_was_given_away_does_not_go_on_beside_the_new_one() -> None:
    mine = session(State.STOPPED, id="qa-1", task="T1", request_name="qa-request-mine")
    assert replaced(mine, task(session="qa-1")) is None
    assert replaced(mine, task(TaskState.ASSIGNED, request=mine.request_name)) is None
    lost = replaced(mine, task(TaskState.FAILED, session="qa-2"))
    assert lost == "its task T1 was given to qa-2"
    for over in (TaskState.COMPLETED, TaskState.CANCELLED):
        assert replaced(mine, task(over, session="qa-1")) == f"its task T1 is {over}"
        assert replaced(replace(mine, restore_wanted=1), task(over, session="qa-1")) is None
    assert replaced(mine, None) is None
    assert replaced(mine, task(session="qa-2")) == "its task T1 was given to qa-2"
    again = replaced(mine, task(TaskState.QUEUED, session=None))
    assert again == "its task T1 is queued: a new worker gets it"
