"""The program under a model of its workspace: started, killed, told to look, and read."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from team_supervisor.adapters import processes
from team_supervisor.adapters.processes import ProcessRef
from team_supervisor.core.model import Session

from .clockwork import set_clock
from .forked import Forked
from .ground import Ground, kill

ROOT = Path(__file__).resolve().parents[2]
# More events than the kernel keeps for a reader that does not read.
OVERFLOW = 17_000
SETTINGS = """\
limits: {sessions: 50, spawned_per_hour: 100000, disk_free_mb: 1}
restarts: {first_delay: 0.2, max_delay: 0.4, failures: 40}
nudge_after: 0.5
"""


class Lives:
    """One supervisor after the other, as a real process, on a clock that may be wrong."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.clock = ground.root / "clock"
        self.output, self.errors = ground.root / "events", ground.root / "complaints"
        self.program: subprocess.Popen[bytes] | Forked | None = None
        set_clock(self.clock, 0.0)
        self.write_settings()

    def write_settings(self) -> None:
        """Once more, where another file system was put over the workspace."""
        quick = "settle: 0\nquiet: 0.05\nstop_grace: 1\ncompletion_grace: 1\n"
        self.ground.team.workspace.settings.write_text(quick + SETTINGS)

    def start(self, *, events: bool) -> None:
        """On the clock that may be wrong."""
        argv = [sys.executable, "-m", "tests.faults.clockwork", str(self.clock)]
        environ = self._environ(events) | {"PYTHONPATH": str(ROOT)}
        with self._files() as (null, output, errors):
            self.program = subprocess.Popen(
                [*argv, *self._words()],
                cwd=self.ground.team.project,
                env=environ,
                stdin=null,
                stdout=output,
                stderr=errors,
            )

    def fork(self, *, events: bool) -> None:
        """The same at once, on the right clock."""
        with self._files() as files:
            self.program = Forked(self._words(), self._environ(events), files)

    def _words(self) -> list[str]:
        return ["orchestrate", "--json", "--workspace", str(self.ground.workspace)]

    def _environ(self, events: bool) -> dict[str, str]:
        return self.ground.team.environ | {"TEAM_SUPERVISOR_FILE_EVENTS": "on" if events else "off"}

    @contextlib.contextmanager
    def _files(self) -> Iterator[tuple[int, int, int]]:
        with (
            open(os.devnull) as null,
            self.output.open("ab") as output,
            self.errors.open("wb") as errors,
        ):
            yield null.fileno(), output.fileno(), errors.fileno()

    def kill(self) -> None:
        if self.program is not None:
            self.program.kill()
            self.program.wait()
            self.program = None

    def over(self) -> None:
        """Killed once more, and one more that finds nothing left to do: now it can be judged."""
        self.kill()
        self.ground.team.run()

    def ended(self) -> str | None:
        """How the supervisor ended by itself, and what it said; None while it runs."""
        if self.program is None or self.program.poll() is None:
            return None
        return f"{self.program.returncode}: {self.errors.read_text()}"

    def lose_events(self) -> None:
        """While it is stopped more happens in the workspace than the kernel remembers."""
        assert self.program is not None
        self.program.send_signal(signal.SIGSTOP)
        try:
            os.waitid(os.P_PID, self.program.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            root = os.open(self.ground.workspace, os.O_DIRECTORY)
            for _ in range(OVERFLOW // 2):
                os.mkdir(".flood", dir_fd=root)
                os.rmdir(".flood", dir_fd=root)
            os.close(root)
        finally:
            self.program.send_signal(signal.SIGCONT)

    def begun(self) -> int:
        """How many supervisors of this workspace got as far as to say so."""
        return sum('"supervisor_started"' in line for line in self.said())

    def said(self) -> list[str]:
        return self.output.read_text().splitlines() if self.output.exists() else []

    def sessions(self) -> list[Session]:
        """As recorded; none before there is a database."""
        if not self.ground.team.workspace.database.exists():
            return []
        return self.ground.team.sessions()

    def recorded(self, who: str) -> list[ProcessRef]:
        """The hosts or agents that live, as their hosts wrote them down."""
        return [ref for ref in self._written(who) if processes.alive(ref)]

    def _written(self, who: str) -> Iterator[ProcessRef]:
        for path in sorted(self.ground.team.workspace.control.glob("sessions/*/host.json")):
            try:
                found: dict[str, Any] = msgspec.json.decode(path.read_bytes())
                yield ProcessRef(**found[who])
            except (OSError, msgspec.MsgspecError, KeyError, TypeError):
                continue

    def kill_one(self, who: str, which: int) -> bool:
        """One of the hosts or agents that live now; False if none does."""
        living = self.recorded(who)
        if living:
            victim = living[which % len(living)]
            self.ground.killed.add(victim.pid)
            kill(victim)
        return bool(living)
