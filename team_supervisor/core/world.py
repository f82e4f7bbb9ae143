"""What was seen at one instant, and what is there to do about it?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from team_supervisor.core import deadlock
from team_supervisor.core.admission import Team
from team_supervisor.core.asked import ClaimRequest as ClaimRequest
from team_supervisor.core.asked import ForgetRequest as ForgetRequest
from team_supervisor.core.asked import QueueRequest as QueueRequest
from team_supervisor.core.asked import RejectRequest as RejectRequest
from team_supervisor.core.asked import RequestAction
from team_supervisor.core.asked import SeeRequest as SeeRequest
from team_supervisor.core.budgets import Spent
from team_supervisor.core.census import Census, count
from team_supervisor.core.completion import TasksReading
from team_supervisor.core.deadlock import Deadlock, DeadlockAction
from team_supervisor.core.facts import Life as Life
from team_supervisor.core.facts import RequestLook as RequestLook
from team_supervisor.core.facts import SessionFacts as SessionFacts
from team_supervisor.core.logs import MoveLogs
from team_supervisor.core.model import Delivery, Doing, Exit, Moment, Request, Session, State
from team_supervisor.core.progress import TurnCost
from team_supervisor.core.restarts import GiveUp, RestartAfter
from team_supervisor.core.rules import Rules as Rules
from team_supervisor.core.singletons import Singletons, singletons
from team_supervisor.core.taskfacts import TaskAction, Work


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything observed at one instant. `jitter` in -1..1 is this tick's dice.

    `others` are the rows of live sessions about which nothing new was to be seen. `unheard` are
    those to whom a message is on its way, `announced` the deadlocks that were said, by key.
    """

    now: Moment
    sessions: tuple[SessionFacts, ...]
    requests: tuple[RequestLook, ...]
    vanished: tuple[Request, ...]
    strays: tuple[str, ...]
    team: Team
    rules: Rules
    jitter: float = 0.0
    accepting: bool = True
    draining: bool = False
    others: tuple[Session, ...] = ()
    spent_team: Spent = Spent()
    spent_today: Spent = Spent()
    warned: frozenset[str] = frozenset()
    today: str = ""
    work: Work = Work()
    unheard: frozenset[str] = frozenset()
    announced: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def live(self) -> tuple[Session, ...]:
        """Every session that has not ended, looked at or not."""
        return (*(f.session for f in self.sessions), *self.others)

    @cached_property
    def census(self) -> Census:
        return count(self.live, self.requests)

    @cached_property
    def singletons(self) -> Singletons:
        """Who of those lives of whom there may be only one, or was asked for."""
        tasks = (worker.task for worker in self.work.workers)
        names = (look.name for look in self.requests)
        team, usual = self.team, self.rules.task_persona
        return singletons(team.personas, team.live.values(), tasks, usual, names)

    @cached_property
    def deadlocks(self) -> tuple[Deadlock, ...]:
        """Among sessions."""
        news = {f.session.id for f in self.sessions if f.news is not None or f.unseen}
        untold, after = self.unheard | news, self.rules.nudge_after
        return deadlock.of_sessions(self.live, untold, self.census, self.now.wall, after)

    @cached_property
    def stuck(self) -> Mapping[str, str]:
        """By session that is in a deadlock, what it needs a person for."""
        return deadlock.details(self.deadlocks)


@dataclass(frozen=True, slots=True)
class ImportDirectory:
    name: str


@dataclass(frozen=True, slots=True)
class Prepare:
    session: Session


@dataclass(frozen=True, slots=True)
class Launch:
    """`left_usd` is what its new process may spend; None without a limit."""

    session: Session
    left_usd: float | None = None


@dataclass(frozen=True, slots=True)
class MarkActive:
    session: Session
    pid: int | None
    adopted: bool


@dataclass(frozen=True, slots=True)
class NoteDeath:
    """The attempt ended: its exit is recorded together with what comes next."""

    session: Session
    exit: Exit
    then: RestartAfter | GiveUp | State
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class AskToStop:
    session: Session
    ending: State
    reason: str
    grace: float


@dataclass(frozen=True, slots=True)
class Sweep:
    session: Session


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing of it should run: make sure, then record how it ended (and archive)."""

    session: Session
    exit: Exit | None


@dataclass(frozen=True, slots=True)
class Reopen:
    session: Session
    exit: Exit | None


@dataclass(frozen=True, slots=True)
class Retry:
    session: Session


@dataclass(frozen=True, slots=True)
class RefuseAgain:
    """A person wants an ended session to go on, and it may not."""

    session: Session
    reason: str


@dataclass(frozen=True, slots=True)
class EndForRestart:
    """A person wants a new process of it: the one it has is asked to end."""

    session: Session
    grace: float


@dataclass(frozen=True, slots=True)
class Wake:
    session: Session


@dataclass(frozen=True, slots=True)
class Restore:
    session: Session


@dataclass(frozen=True, slots=True)
class NudgeStalled:
    """No sign of life in the middle of a turn: it is asked what it does."""

    session: Session


@dataclass(frozen=True, slots=True)
class WarnOfBudget:
    """Most of it is spent; `session` is None for the team's and the day's.

    `stamp` says which budget: another amount, or another day, is another one.
    """

    session: Session | None
    scope: str
    words: str
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Verify:
    """Begin the verification of this number; `mark` says of which claim."""

    session: Session
    mark: str
    number: int


@dataclass(frozen=True, slots=True)
class NoteVerdict:
    session: Session
    mark: str
    passed: bool
    what: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class EndVerification:
    """What it looked into is not what is claimed any more."""

    session: Session


@dataclass(frozen=True, slots=True)
class Hear:
    session: Session
    values: Mapping[str, Any]
    seen: tuple[str, ...]
    turns: tuple[TurnCost, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteTasks:
    session: Session
    reading: TasksReading


@dataclass(frozen=True, slots=True)
class NoteDoing:
    session: Session
    doing: Doing
    detail: str


@dataclass(frozen=True, slots=True)
class ReadInstructions:
    session: Session
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Deliver:
    session: Session
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Nudge:
    session: Session
    open_titles: tuple[str, ...]


Action = (
    RequestAction
    | ImportDirectory
    | Prepare
    | Launch
    | MarkActive
    | NoteDeath
    | AskToStop
    | Sweep
    | Finish
    | Reopen
    | Retry
    | RefuseAgain
    | DeadlockAction
    | EndForRestart
    | Wake
    | NudgeStalled
    | WarnOfBudget
    | Restore
    | Verify
    | NoteVerdict
    | EndVerification
    | Hear
    | NoteTasks
    | NoteDoing
    | ReadInstructions
    | Deliver
    | Nudge
    | MoveLogs
    | TaskAction
)
