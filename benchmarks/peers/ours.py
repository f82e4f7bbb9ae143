"""How does this program start and end agents?"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

from benchmarks.stage import Stage, until

PROGRAM = Path(sys.executable).parent / "team-supervisor"
SETTINGS = """\
runner: command
runners: {command: {argv: [%s]}}
limits: {sessions: 100000, spawned_per_hour: 1000000}
quiet: %s
completion_grace: 0
"""
# Seconds that a complete list has to stay as it is; taken off again from what was measured.
QUIET = 0.5


class TeamSupervisor:
    """A workspace with a running `orchestrate`; agents are asked for by request directories."""

    name = "team-supervisor"

    def missing(self) -> str | None:
        return None if PROGRAM.exists() else f"{PROGRAM} is not there"

    def open(self, stage: Stage, count: int = 0) -> None:
        self._count = count
        self._requested = 0
        self._command: subprocess.Popen[bytes] | None = None
        self._environ = stage.environ
        project = stage.directory / "project"
        self.root = project / ".database"
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        argv = ", ".join(json.dumps(word) for word in stage.argv)
        (self.root / "team.yaml").write_text(SETTINGS % (argv, QUIET))
        self.supervisor = self.orchestrate(subprocess.DEVNULL)
        until(lambda: (self.root / ".supervisor" / "doorbell").exists())
        self.call("attach", "--list")

    def orchestrate(self, output: int) -> "subprocess.Popen[bytes]":
        return self._popen(output, "orchestrate", "--json")

    def _popen(self, output: int, *words: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [PROGRAM, words[0], *words[1:], "--workspace", self.root],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output if output == subprocess.DEVNULL else None,
        )

    def call(self, *words: str) -> None:
        """A command, to its end."""
        if self._popen(subprocess.DEVNULL, *words).wait() != 0:
            raise RuntimeError(f"team-supervisor {' '.join(words)} failed")

    def request(self, count: int) -> int:
        """The atomic way: written under a hidden name, then renamed. When the last one was."""
        renamed = 0
        for _ in range(count):
            self._requested += 1
            hidden = self.root / f".{self._requested}"
            hidden.mkdir()
            (hidden / "instructions.md").write_text("# Sleep\n")
            renamed = time.monotonic_ns()
            hidden.rename(self.root / f"intern-request-{self._requested}")
        return renamed

    def start(self) -> None:
        self.request(self._count)

    def stop(self) -> None:
        self._command = self._popen(subprocess.DEVNULL, "team", "stop")

    def settle(self) -> None:
        if self._command is not None:
            self._command.wait()

    def beside(self) -> Collection[int]:
        """The hosts."""
        records = (self.root / ".supervisor" / "sessions").glob("*/host.json")
        return {int(json.loads(record.read_text())["host"]["pid"]) for record in records}

    def close(self) -> None:
        self.supervisor.send_signal(signal.SIGTERM)
        self.supervisor.wait()
