"""How much does each running session use of this machine?"""

from collections.abc import Mapping

from team_supervisor.adapters import clock, processes
from team_supervisor.adapters.processes import ProcessRef
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core.model import Session
from team_supervisor.core.roster import Usage

# Two samples that are closer (seconds) say nothing: the kernel counts in hundredths.
LEAST_BETWEEN = 0.2


class Meter:
    """Processor time is of the time since the last sample; the first is of the attempt's life."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace, self._store = workspace, store
        self._used: dict[str, tuple[ProcessRef, float]] = {}
        self._told: dict[str, Usage] = {}
        self._at: float | None = None

    def sample(self) -> Mapping[str, Usage]:
        """By session, of the host and all its descendants."""
        at = clock.now()
        if self._at is not None and at.monotonic - self._at < LEAST_BETWEEN:
            return self._told
        living = {session.id: session for session in self._store.live()}
        refs = {i: ref for i, session in living.items() if (ref := self._root(session))}
        elapsed = at.monotonic - (self._at or 0.0)
        used = processes.usage(refs)
        self._told = {
            i: Usage(
                self._percent(refs[i], living[i], found.cpu_seconds, (elapsed, at.wall)),
                found.memory,
                found.processes,
            )
            for i, found in used.items()
        }
        self._used = {i: (refs[i], found.cpu_seconds) for i, found in used.items()}
        self._at = at.monotonic
        return self._told

    def _root(self, session: Session) -> ProcessRef | None:
        if session.attempt == 0:
            return None
        seen = processes.look(self._workspace.session_control(session.id), session.attempt)
        return seen.host or seen.agent

    def _percent(
        self, ref: ProcessRef, session: Session, seconds: float, times: tuple[float, float]
    ) -> float:
        elapsed, wall = times
        before = self._used.get(session.id)
        if before is not None and before[0] == ref:
            return max(0.0, 100 * (seconds - before[1]) / elapsed)
        life = wall - (session.attempt_at or session.started_at or wall)
        return 100 * seconds / life if life > 1 else 0.0
