"""What was seen of one session, of one request?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from team_supervisor.core.completion import TasksWatch, Verdict
from team_supervisor.core.logs import Logs
from team_supervisor.core.model import Delivery, Exit, Request, Session
from team_supervisor.core.progress import TurnCost


class Life(StrEnum):
    """What is known of the current attempt's process, from its lock and its files."""

    NONE = "none"
    STARTING = "starting"
    ALIVE = "alive"
    ORPHANED = "orphaned"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A session's row with what was heard of it since folded in; `heard` are those columns.

    `check` is the life of its verification's process, `verdict` what came of it; `silent` are
    seconds without output, file change and CPU, `still` also without a child process.

    `unbegun`: an earlier supervisor recorded its attempt, and no host of it ever wrote itself down.
    `followed`: the end of its host wakes us. `unread`: its task list is another than the one
    last read, and nothing is known of it yet.
    """

    session: Session
    life: Life = Life.NONE
    pid: int | None = None
    exit: Exit | None = None
    complaint: str = ""
    directory: bool = True
    archive: str | None = None
    watch: TasksWatch | None = None
    heard: Mapping[str, Any] = field(default_factory=dict)
    seen: tuple[str, ...] = ()
    turns: tuple[TurnCost, ...] = ()
    unseen: tuple[Delivery, ...] = ()
    news: tuple[int, int] | None = None
    news_settled: bool = False
    stop_grace: float | None = None
    talks: bool = True
    adopted: bool = False
    unbegun: bool = False
    check: Life = Life.NONE
    verdict: Verdict | None = None
    silent: float | None = None
    still: float | None = None
    logs: Logs | None = None
    followed: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLook:
    """A request directory: its row if it has one, and how long it has been as it is (seconds)."""

    name: str
    device: int
    inode: int
    row: Request | None
    age: float = 0.0
    steady: float = 0.0
    arrived_whole: bool = False
    writing: bool | None = False
    instructions: str = ""
    waiting: str | None = None
    problem: str | None = None
