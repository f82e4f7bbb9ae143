"""Which tasks get a worker now, and what follows for a task from its worker's end?"""

from collections.abc import Collection, Iterable

from team_supervisor.core.budgets import worked
from team_supervisor.core.model import Doing, Moment, Session, Standing, State, Wanted
from team_supervisor.core.singletons import NO_SINGLETONS, Singletons
from team_supervisor.core.taskfacts import (
    AskForWorker,
    MoveTask,
    StopWorker,
    TaskAction,
    TellBeads,
    Work,
    Worker,
)
from team_supervisor.core.taskgraph import AT_WORK, OVER, Task, TaskState
from team_supervisor.core.taskqueue import may_start
from team_supervisor.core.terms import restored
from team_supervisor.core.words import age

TASK_FAILED = "its task failed"
LEFT_OPEN = "its worker reported its task done and left its list open"


def plan(
    work: Work, now: Moment, retries: int, singles: Singletons | None = NO_SINGLETONS
) -> list[TaskAction]:
    """Ends first; nobody is asked for without `singles`. `retries`: further tries of a task."""
    followed = (follow(worker, now, retries) for worker in work.workers)
    actions: list[TaskAction] = [action for action in followed if action is not None]
    actions += [TellBeads(*untold) for untold in work.untold[:1]]
    if singles is None:
        return [action for action in actions if not isinstance(action, AskForWorker)]
    begin = may_start(work.ready, _at_work(work), work.queue, singles)
    return actions + [AskForWorker(task) for task in begin]


def has_room(work: Work) -> bool:
    """Whether one of the tasks that are ready may start, as far as the queue knows."""
    return bool(may_start(work.ready[:1], _at_work(work), work.queue))


def _at_work(work: Work) -> int:
    busy = (worker for worker in work.workers if worker.task.state in AT_WORK)
    return sum(not rests(worker.session) for worker in busy)


def rests(session: Session | None) -> bool:
    """Parked until a person does something: it costs nothing, and takes no place from others.

    A budget of the whole team is no reason: nobody else could start either.
    """
    if session is None or session.state != State.PARKED or session.retry_wanted:
        return False
    own = session.doing == Doing.OVER_BUDGET and session.doing_detail.startswith("its ")
    return own or session.doing == Doing.ATTENTION


def follow(worker: Worker, now: Moment, retries: int) -> TaskAction | None:
    """A task is where its session is; never at work about nothing."""
    task, session = worker.task, worker.session
    if session is None:
        return _without_session(worker)
    if task.state in OVER and (session.ended or task.state == TaskState.COMPLETED):
        return None
    if task.state == TaskState.CANCELLED:
        return StopWorker(task, session, "its task was cancelled")
    match session.state:
        case State.COMPLETED:
            return _move(task, TaskState.COMPLETED, None, session)
        case State.FAILED:
            return _lost(task, session, session.reason or "its session failed", retries)
        case State.STOPPED:
            return _stopped(task, session, now, retries)
    if session.wanted == Wanted.RUN and (why := _to_be_ended(task, session, now)):
        return StopWorker(task, session, why)
    return _live(task, session)


def _without_session(worker: Worker) -> TaskAction | None:
    task = worker.task
    if worker.rejected is not None:
        return _move(task, TaskState.FAILED, f"its request was rejected: {worker.rejected}", None)
    if worker.asked or task.state not in AT_WORK:
        return None
    return AskForWorker(task)


def _lost(task: Task, session: Session, why: str, retries: int) -> TaskAction | None:
    """Its worker is gone and its list is not complete; what it reported counts, unproven."""
    if task.reported == "done" and not restored(task.verify):
        return _move(task, TaskState.COMPLETED, "its worker reported it done", session)
    if task.tries <= retries:
        return MoveTask(task, TaskState.QUEUED, f"try {task.tries} failed: {why}")
    return _move(task, TaskState.FAILED, why, session)


def _stopped(task: Task, session: Session, now: Moment, retries: int) -> TaskAction | None:
    if _late(session, now):
        return _lost(task, session, _too_long(session), retries)
    if task.reported == "done" and not restored(task.verify):
        return _move(task, TaskState.COMPLETED, "its worker reported it done", session)
    if task.state == TaskState.BLOCKED or session.retry_wanted:
        return None
    why = f"its session {session.id} was stopped ({session.reason or 'by a person'})"
    return _move(task, TaskState.BLOCKED, why, session)


def _live(task: Task, session: Session) -> TaskAction | None:
    to = TaskState.BLOCKED if task.reported == "blocked" else TaskState.IN_PROGRESS
    if (task.state, task.session) == (to, session.id):
        return None
    return _move(task, to, task.reason if to == TaskState.BLOCKED else None, session)


def _move(task: Task, to: TaskState, reason: str | None, session: Session | None) -> MoveTask:
    return MoveTask(task, to, reason, session.id if session else task.session)


def why_stopped(work: Work, session: Session, now: Moment) -> str:
    """Who or what asked for the end of a session: its task, or its time, or a person."""
    task = work.meant.get(session.id)
    if task is None:
        return "by a person"
    if task.state == TaskState.FAILED:
        return f"{TASK_FAILED}: {task.reason}" if task.reason else TASK_FAILED
    if task.state in OVER:
        return f"its task was {task.state}"
    return _to_be_ended(task, session, now) or "by a person"


def _to_be_ended(task: Task, session: Session, now: Moment) -> str | None:
    if _late(session, now) and task.reported != "blocked":
        return _too_long(session)
    return LEFT_OPEN if _left_open(task, session) else None


def _left_open(task: Task, session: Session) -> bool:
    """It said that the task is done, was reminded of its list, and does nothing more."""
    idle = session.doing == Doing.ATTENTION and not session.turn_open and session.nudges > 0
    failed = session.error_status is not None or session.standing == Standing.DISPUTED
    return task.reported == "done" and idle and not failed


def replaced(session: Session, task: Task | None) -> str | None:
    """Why a worker that ended may not go on: its task is done with, another one's, or will be.

    What is archived may be taken back to work after its task was completed.
    """
    if task is None or (session.restore_wanted and task.state in OVER):
        return None
    if task.state in (TaskState.COMPLETED, TaskState.CANCELLED):
        return f"its task {task.id} is {task.state}"
    if task.session == session.id or (not task.session and task.request == session.request_name):
        return None
    if task.session:
        return f"its task {task.id} was given to {task.session}"
    return f"its task {task.id} is {task.state.replace('_', ' ')}: a new worker gets it"


def _late(session: Session, now: Moment) -> bool:
    if session.overdue is not None:
        return True
    return session.timeout is not None and worked(session, now) >= session.timeout


def _too_long(session: Session) -> str:
    return f"it ran longer than its limit of {age(session.overdue or session.timeout or 0.0)}"


def finished(work: Work, singles: Singletons = NO_SINGLETONS, live: Iterable[Session] = ()) -> bool:
    """Nothing is at work, and nothing more starts unless a person does something about it.

    A queue that a person paused is waited for; one that a failure stopped is not, nor the only
    one of a persona that is parked until a person does something.
    """
    waiting = [one for one in live if needs_person(one)]
    held = {one.persona for one in waiting}
    if any(_goes_on(worker, singles, held) for worker in work.workers):
        return False
    stopped = work.queue.stopped_by is not None and work.queue.stop_on_failure
    # Without money of the team nobody else could start either.
    broke = any(one.doing_detail.startswith("the team's ") for one in waiting)
    free = not broke and any(singles.only(task) not in held for task in work.ready)
    return not free or (stopped and not work.queue.paused)


def needs_person(session: Session) -> bool:
    """Parked, and not even the end of a day or of a rate limit lets it go on."""
    if session.state != State.PARKED or session.retry_wanted:
        return False
    spent = session.doing == Doing.OVER_BUDGET and not session.doing_detail.startswith("today's ")
    return spent or session.doing == Doing.ATTENTION


def _goes_on(worker: Worker, singles: Singletons, held: Collection[str]) -> bool:
    """At work, and not behind what only a person can move."""
    if worker.task.state not in AT_WORK:
        return False
    if worker.session is not None:
        return not needs_person(worker.session)
    return singles.only(worker.task) not in held


def being_ended(live: Iterable[Session]) -> bool:
    """Somebody was asked to end, and lives: who ends now would leave it behind."""
    return any(
        not one.ended and (one.wanted != Wanted.RUN or one.state == State.STOPPING) for one in live
    )


def all_complete(work: Work) -> bool:
    """Every task is completed, or was cancelled by somebody."""
    over = (TaskState.COMPLETED, TaskState.CANCELLED)
    return all(state in over for state, count in work.counts.items() if count)
