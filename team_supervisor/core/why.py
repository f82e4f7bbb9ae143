"""From which signals is a session's status known, and what would change it?"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from team_supervisor.core.budgets import Account, exhausted
from team_supervisor.core.completion import TasksReading
from team_supervisor.core.health import Health
from team_supervisor.core.model import Doing, Moment, Session, Standing, State
from team_supervisor.core.roster import status_of
from team_supervisor.core.words import age, dollars
from team_supervisor.core.world import Rules


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is said, by which signal, how old that is (seconds; None: seen just now)."""

    about: str
    says: str
    signal: str
    age: float | None = None
    changes: str = ""


class Deadline(msgspec.Struct, frozen=True):
    """What happens by itself, and in how many seconds."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What was seen of one session just now, beside its row."""

    session: Session
    now: Moment
    supervisor: str | None
    locked: bool
    host: bool
    agent: bool
    exited: str | None
    tasks: TasksReading | None
    tasks_age: float | None
    unread: int
    unseen: int
    waits_for: tuple[str, ...]
    limit_until: float | None
    account: Account
    rules: Rules
    held_up: str | None = None
    health: Health | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `why`: findings, where they disagree, and what comes by itself."""

    findings: tuple[Finding, ...]
    disagreements: tuple[str, ...]
    deadlines: tuple[Deadline, ...]


def explain(seen: Signals) -> Explanation:
    return Explanation(
        findings=(
            _status(seen),
            _process(seen),
            *_health(seen),
            _turn(seen),
            _work(seen),
            _standing(seen),
            _messages(seen),
            _money(seen),
            _supervisor(seen),
            *_project(seen),
        ),
        disagreements=tuple(_disagreements(seen)),
        deadlines=tuple(sorted(_deadlines(seen), key=lambda d: d.seconds)),
    )


def _since(seen: Signals, wall: float | None) -> float | None:
    return None if wall is None else max(0.0, seen.now.wall - wall)


def _status(seen: Signals) -> Finding:
    one = seen.session
    status, detail = status_of(one, seen.locked, seen.now.wall, seen.supervisor is not None)
    since = one.ended_at or one.parked_at or one.doing_since or one.created_at
    return Finding(
        about="status",
        says=f"{status}: {detail}" if detail else status,
        signal=f"its row says {one.state}" + ("" if one.ended else f", {one.doing}"),
        age=_since(seen, since),
        changes=_what_changes(seen),
    )


def _what_changes(seen: Signals) -> str:
    one = seen.session
    match one.state:
        case State.COMPLETED:
            return "`restore` takes it back to work"
        case State.FAILED | State.STOPPED:
            return "`retry` lets it go on"
        case State.REQUESTED | State.STARTING:
            return "its agent says that it runs"
        case State.STOPPING:
            return "nothing of it runs any more"
    return _CHANGES[one.doing].format(names=", ".join(seen.waits_for) or "what it asked for")


_CHANGES = {
    Doing.WORKING: "its turn ends, or all of its tasks are completed",
    Doing.WAITING: "{names} ends, or somebody says something to it",
    Doing.VERIFYING: "its verify commands end",
    Doing.STALLED: "any sign of life",
    Doing.ATTENTION: "a person says something to it (`say`)",
    Doing.RATE_LIMITED: "the limit ends",
    Doing.OVER_BUDGET: "a person raises the budget (`budget`, or team.yaml)",
}


def _process(seen: Signals) -> Finding:
    one = seen.session
    if seen.agent:
        says = f"its agent runs (PID {one.agent_pid})" if one.agent_pid else "its agent runs"
    elif seen.locked:
        says = "its host is starting or ending its agent" if seen.host else "its host is gone"
    else:
        says = "nothing of it runs"
    ended = f"; attempt {one.attempt} ended: {seen.exited}" if seen.exited else ""
    if one.restart_wanted:
        ended += f"; a person asked for a restart ({one.restart_reason or 'no reason given'})"
    held = "held" if seen.locked else "free"
    hosted = "alive" if seen.host else "gone"
    signal = f"its lock is {held}, its host is {hosted}" if one.attempt else "it never started"
    return Finding(about="process", says=says + ended, signal=signal)


def _health(seen: Signals) -> Iterator[Finding]:
    """Of who has a process; each of the three signals as it was just measured."""
    if seen.health is not None:
        words = "; ".join(signal.words for signal in seen.health.signals)
        signal = "its output and files, CPU and memory of its process tree"
        yield Finding(about="health", says=f"{seen.health.level}: {words}", signal=signal)


def _turn(seen: Signals) -> Finding:
    one = seen.session
    says = "is open" if one.turn_open else f"is over ({one.turns} so far)"
    if one.last_error:
        says += f", the last error: {one.last_error}"
    signal = "the last line of its transcript"
    return Finding(about="turn", says=says, signal=signal, age=_since(seen, one.last_activity_at))


def _work(seen: Signals) -> Finding:
    reading = seen.tasks
    if reading is None or reading.problem:
        says = reading.problem or "" if reading else "there is no tasks.md"
        return Finding(about="work", says=says, signal="tasks.md", age=seen.tasks_age)
    says = f"{reading.done} of {reading.total} tasks done"
    changes = "" if reading.complete else f"open: {', '.join(reading.open_titles[:3])}"
    return Finding(about="work", says=says, signal="tasks.md", age=seen.tasks_age, changes=changes)


def _standing(seen: Signals) -> Finding:
    """How far its word is believed, and which look into it says so."""
    one, limit = seen.session, seen.rules.verify_attempts
    says, changes = str(one.standing), _BELIEF[one.standing]
    if one.standing == Standing.DISPUTED:
        says = f"disputed ({one.disputes} of {limit}): {one.dispute}"
        if one.disputes >= limit:
            says, changes = f"{says}; that was the last time, a person is needed", _LAST_WORD
    log = f"verify-{one.verification}.log" if one.verification else "no verify command ran"
    return Finding(about="standing", says=says, signal=log, changes="" if one.ended else changes)


_LAST_WORD = (
    "`say` tells it what to do, or its list changes: it is looked into again; "
    "`team stop SESSION`, then `retry SESSION`, gives it all attempts anew"
)
_BELIEF = {
    Standing.OPEN: "its list says that all is done",
    Standing.CLAIMED: "its verify commands end",
    Standing.VERIFIED: "its list changes",
    Standing.DISPUTED: "its turn ends, or its list changes: it is looked into again",
}


def _messages(seen: Signals) -> Finding:
    says = f"{seen.unseen} wait to be seen" if seen.unseen else "all were seen"
    return Finding(about="messages", says=says, signal="what the agent acknowledged")


def _money(seen: Signals) -> Finding:
    _, budget, spent = seen.account
    says = dollars(spent.usd) + (f" of {dollars(budget.usd)}" if budget.usd is not None else "")
    says += f", {age(spent.seconds)} of work"
    over = exhausted(seen.account)
    return Finding(about="cost", says=over or says, signal="result lines of its turns")


def _supervisor(seen: Signals) -> Finding:
    if seen.supervisor:
        return Finding(about="supervisor", says=seen.supervisor, signal="the workspace's lock")
    return Finding(
        about="supervisor",
        says="none is running",
        signal="the workspace's lock is free",
        changes="nothing goes on until `orchestrate` runs",
    )


def _project(seen: Signals) -> Iterator[Finding]:
    """Only while it holds something up."""
    if seen.held_up and not seen.session.ended:
        says = f"{seen.held_up}: no further task or request starts, this session goes on"
        resume = "`projects resume` lets it go on"
        yield Finding(about="project", says=says, signal="team.yaml", changes=resume)


def _disagreements(seen: Signals) -> Iterator[str]:
    one = seen.session
    runs = one.state in (State.ACTIVE, State.STOPPING)
    if runs and one.attempt_at is not None and not seen.locked:
        yield f"its row says {one.state}, and no process holds its lock: it ended unseen"
    if seen.locked and (one.ended or one.state == State.PARKED):
        yield f"its row says {one.state}, and a process holds its lock"
    if seen.agent and not seen.host:
        yield "its agent runs, and its host is gone: how it ends will stay unknown"
    told = (one.tasks_done, one.tasks_total)
    if seen.tasks and not seen.tasks.problem and (seen.tasks.done, seen.tasks.total) != told:
        yield (
            f"tasks.md says {seen.tasks.done} of {seen.tasks.total} done, "
            f"its row {one.tasks_done} of {one.tasks_total}"
        )
    if seen.unread and not one.ended:
        yield f"{seen.unread:,} bytes of its transcript were not read yet"


def _deadlines(seen: Signals) -> Iterator[Deadline]:
    one, now = seen.session, seen.now.wall
    if one.ended or seen.supervisor is None:
        return
    if one.restart_at is not None and one.state == State.STARTING:
        yield Deadline("it is started again", max(0.0, one.restart_at - now))
    if seen.limit_until is not None and seen.limit_until > now:
        yield Deadline("its rate limit ends", seen.limit_until - now)
    if one.state == State.ACTIVE:
        yield from _while_active(seen)


def _while_active(seen: Signals) -> Iterator[Deadline]:
    one, now, rules = seen.session, seen.now.wall, seen.rules
    resting = one.doing in (Doing.WAITING, Doing.ATTENTION, Doing.RATE_LIMITED)
    if resting and not one.turn_open and one.doing_since is not None:
        left = rules.park_after - (now - one.doing_since)
        yield Deadline("it gives its process back", max(0.0, left))
    elif not one.turn_open and one.doing == Doing.WORKING and one.nudges < rules.max_nudges:
        since = one.last_activity_at or one.started_at or now
        left = rules.nudge_after * 2**one.nudges - (now - since)
        yield Deadline("it is nudged if its tasks are still open", max(0.0, left))
    budget, spent = seen.account.budget, seen.account.spent
    if budget.seconds is not None:
        yield Deadline("its time is over", max(0.0, budget.seconds - spent.seconds))
