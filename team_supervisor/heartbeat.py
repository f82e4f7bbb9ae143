"""How does a supervisor show that it is alive, and what does it say of its project?"""

import contextlib
import sqlite3
from dataclasses import dataclass, field

from team_supervisor.adapters import heartbeats
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.core.projects import Heartbeat, Summary
from team_supervisor.core.taskgraph import AT_WORK, TaskState, waves
from team_supervisor.core.world import World

# Seconds; looked at with each look of the loop, which there is every 2 s: nobody is woken for it.
EVERY = 30.0


@dataclass(slots=True)
class Heart:
    """One supervisor's; `session` names it, as `said_of` does."""

    store: Store
    session: str
    _next: float = 0.0
    _waves: tuple[object, int] = field(default=(None, 0))

    def keep(self, world: World) -> None:
        """A heartbeat, if it is time. A disk that takes none is no reason to stop."""
        if world.now.monotonic < self._next:
            return
        self._next = world.now.monotonic + EVERY
        with contextlib.suppress(sqlite3.Error), self.store.transaction(durable=False):
            beat = Heartbeat(session=self.session, at=world.now.wall, summary=self._sum(world))
            heartbeats.add(self.store, beat)

    def _sum(self, world: World) -> Summary:
        at_work = sum(not session.ended for session in world.live)
        # Counting waves reads the plan: only when it is another one than last time.
        plan = (self.store.task_changes, dict(world.work.counts))
        if self._waves[0] != plan:
            self._waves = (plan, waves_left(self.store) if world.work.counts else 0)
        return summed(self.store, world.now.wall, at_work, self._waves[1])


def said_of(command: str, pid: int, host: str) -> str:
    """Which supervisor: its command, process and machine."""
    return f"{command} (PID {pid} on {host})"


def last(store: Store) -> Heartbeat | None:
    """The last one of this workspace, whoever's it was."""
    return next(iter(heartbeats.last(store)), None)


def summary(store: Store, now: float) -> Summary:
    """The same of a workspace whose supervisor need not run."""
    at_work = sum(not session.ended for session in store.live())
    return summed(store, now, at_work, waves_left(store))


def waves_left(store: Store) -> int:
    return len(waves(TaskTable(store).open()))


def summed(store: Store, now: float, sessions: int, left: int) -> Summary:
    counts = TaskTable(store).counts()
    return Summary(
        sessions=sessions,
        workers=sum(counts.get(state, 0) for state in AT_WORK),
        done=counts.get(TaskState.COMPLETED, 0),
        tasks=sum(counts.values()) - counts.get(TaskState.CANCELLED, 0),
        waves=left,
        cost_usd=store.spent_since(0.0, now).usd,
    )
