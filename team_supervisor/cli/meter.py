"""How much does each running session use of this machine?"""

import time
from collections.abc import Mapping

from team_supervisor.adapters import clock, files, processes
from team_supervisor.adapters.processes import ProcessRef
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.checking import SIGNS
from team_supervisor.core.model import Session
from team_supervisor.core.roster import Usage
from team_supervisor.runners import RUNNERS

# Two samples that are closer (seconds) say nothing: the kernel counts in hundredths.
LEAST_BETWEEN = 0.2
# A sample is taken again only when it costs less than this share of one core.
SHARE = 0.01
# CPU is a sign of life if it is more than a tick of the kernel, which waiting takes, too (seconds).
LEAST_WORK = 0.015
# The host and the agent.
ALWAYS = 2
TAIL = 1 << 16


class Meter:
    """Processor time is of the time since the last sample; the first is of the attempt's life."""

    def __init__(self, workspace: Workspace, store: Store) -> None:
        self._workspace, self._store = workspace, store
        self._roots: dict[tuple[str, int], ProcessRef] = {}
        self._used: dict[str, tuple[ProcessRef, float]] = {}
        self._told: dict[str, Usage] = {}
        self._at: float | None = None
        self.cost = 0.0

    @property
    def period(self) -> float:
        """Seconds between two samples, so that however many there are cost little."""
        return max(LEAST_BETWEEN, self.cost / SHARE)

    def sample(self, *, again: bool = False) -> Mapping[str, Usage]:
        """By session, of the host and all its descendants; `again`: whatever it costs."""
        at = clock.now()
        least = LEAST_BETWEEN if again else self.period
        if self._at is not None and at.monotonic - self._at < least:
            return self._told
        begun = time.process_time()
        living = {session.id: session for session in self._store.live()}
        elapsed = at.monotonic - (self._at or 0.0)
        refs, used = self._measured(living)
        self._told = {
            i: self._usage(living[i], refs[i], found, (elapsed, at.wall))
            for i, found in used.items()
        }
        self._used = {i: (refs[i], found.cpu_seconds) for i, found in used.items()}
        self._at, self.cost = at.monotonic, time.process_time() - begun
        return self._told

    def _measured(
        self, living: Mapping[str, Session]
    ) -> tuple[dict[str, ProcessRef], dict[str, processes.Usage]]:
        """Who was there before is looked for in the walk itself; only for others are files read."""
        keys = {i: (i, session.attempt) for i, session in living.items() if session.attempt}
        for i, key in keys.items():
            if key not in self._roots and (ref := self._root(living[i])):
                self._roots[key] = ref
        self._roots = {key: ref for key, ref in self._roots.items() if keys.get(key[0]) == key}
        refs = {key[0]: ref for key, ref in self._roots.items()}
        used = processes.usage(refs)
        self._roots = {key: ref for key, ref in self._roots.items() if key[0] in used}
        return refs, used

    def _root(self, session: Session) -> ProcessRef | None:
        seen = processes.look(self._workspace.session_control(session.id), session.attempt)
        return seen.host or seen.agent

    def _usage(
        self,
        session: Session,
        ref: ProcessRef,
        found: processes.Usage,
        times: tuple[float, float],
    ) -> Usage:
        before = self._used.get(session.id)
        known = before is not None and before[0] == ref
        worked = found.cpu_seconds - before[1] if known and before else 0.0
        lives = worked > LEAST_WORK or found.processes > ALWAYS
        heard = times[1] if lives else self._heard(session)
        return Usage(
            self._percent(ref, session, found.cpu_seconds, times),
            found.memory,
            found.processes,
            heard,
            heard < times[1] - LEAST_BETWEEN and self._asks_for_a_tool(session),
        )

    def _heard(self, session: Session) -> float:
        """The newest of its files, of what was heard of it, and of what we saw ourselves."""
        directory = self._workspace.root / session.directory
        written = (files.signature(directory / name) for name in SIGNS)
        told = self._told.get(session.id)
        return max(
            [
                session.attempt_at or 0.0,
                session.last_activity_at or 0.0,
                (told.heard_at or 0.0) if told else 0.0,
                *(found.mtime_ns / 1e9 for found in written if found),
            ]
        )

    def _asks_for_a_tool(self, session: Session) -> bool:
        runner = RUNNERS.get(session.runner)
        if runner is None or not session.turn_open:
            return False
        path = self._workspace.root / session.directory / "transcript.jsonl"
        try:
            lines = files.tail(path, TAIL).splitlines()
        except OSError:
            return False
        return bool(lines) and any(getattr(p, "tool", False) for p in runner.parse(lines[-1]))

    def _percent(
        self, ref: ProcessRef, session: Session, seconds: float, times: tuple[float, float]
    ) -> float:
        elapsed, wall = times
        before = self._used.get(session.id)
        if before is not None and before[0] == ref:
            return max(0.0, 100 * (seconds - before[1]) / elapsed)
        life = wall - (session.attempt_at or session.started_at or wall)
        return 100 * seconds / life if life > 1 else 0.0
