"""How fast can a loop start agents that nobody supervises?"""

import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from benchmarks.stage import Stage

REPOSITORY = Path(__file__).parents[2]


class _Loop:
    """A program beside us that is told `start` and `stop` by lines."""

    def __init__(self, argv: list[str]) -> None:
        self._argv = argv
        self._asked = 0

    def missing(self) -> str | None:
        return None

    def open(self, stage: Stage, count: int) -> None:
        self._program = subprocess.Popen(
            [*self._argv, str(count), str(stage.directory), *stage.argv],
            cwd=REPOSITORY,
            env=stage.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._asked = 1
        self.settle()

    def _tell(self, word: str) -> None:
        assert self._program.stdin is not None
        self._program.stdin.write(word + "\n")
        self._program.stdin.flush()
        self._asked += 1

    def start(self) -> None:
        self._tell("start")

    def stop(self) -> None:
        self._tell("stop")

    def settle(self) -> None:
        """One line comes back for each that was sent, and one when it is ready."""
        assert self._program.stdout is not None
        while self._asked:
            self._program.stdout.readline()
            self._asked -= 1

    def close(self) -> None:
        self._program.communicate()


class PosixSpawn(_Loop):
    """The agents alone, by posix_spawn: what the machine can do."""

    name = "posix_spawn loop"

    def __init__(self) -> None:
        program = Path(__file__).parents[1] / "loops" / "spawn.py"
        super().__init__([sys.executable, "-I", "-S", str(program)])

    def beside(self) -> Collection[int]:
        return set()


class BareHosts(_Loop):
    """Our own host beside each agent, started by a loop that does nothing else."""

    name = "bare hosts"

    def __init__(self) -> None:
        super().__init__([sys.executable, "-m", "benchmarks.loops.hosts"])

    def open(self, stage: Stage, count: int) -> None:
        self._stage = stage
        super().open(stage, count)

    def beside(self) -> Collection[int]:
        from benchmarks.processes import command_of

        return {pid for pid in self._stage.processes() if command_of(pid) == "team-host"}
