"""How does task-spooler start and end agents?"""

from collections.abc import Collection

from benchmarks import programs
from benchmarks.peers.command_line import Commands
from benchmarks.stage import Stage


class TaskSpooler:
    """Its server, told by one `tsp` for each agent, as it takes one job at a time."""

    name = "task-spooler"

    def missing(self) -> str | None:
        return programs.missing("tsp")

    def open(self, stage: Stage, count: int) -> None:
        self._count, self._argv = count, stage.argv
        here = str(stage.directory)
        self._commands = Commands(
            {**stage.environ, "TS_SOCKET": f"{here}/socket", "TMPDIR": here, "TS_MAXCONN": "2000"}
        )
        self._commands.run("tsp", "-S", str(count or 1))

    def start(self) -> None:
        for _ in range(self._count):
            self._commands.run("tsp", "-n", *self._argv)

    def stop(self) -> None:
        for number in range(self._count):
            self._commands.run("tsp", "-k", str(number))

    def settle(self) -> None:
        self._commands.settle()

    def beside(self) -> Collection[int]:
        return ()

    def close(self) -> None:
        self._commands.run("tsp", "-K")
