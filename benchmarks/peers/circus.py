"""How does circus start and end agents?"""

from collections.abc import Collection

from benchmarks import programs
from benchmarks.peers.command_line import Commands
from benchmarks.processes import Ends
from benchmarks.stage import Stage, until

HEAD = """\
[circus]
endpoint=ipc://{here}/endpoint
pubsub_endpoint=ipc://{here}/pubsub
statsd=False
"""
WATCHER = """\
[watcher:agent{number}]
cmd={command}
copy_env=True
respawn=False
"""


def configuration(here: str, command: str, count: int) -> str:
    """circus.ini, one watcher for each agent."""
    sections = [WATCHER.format(number=n, command=command) for n in range(count)]
    return HEAD.format(here=here) + "".join(sections)


class Circus:
    """A running circusd, told by `circusctl`.

    It starts nothing by command that it did not start by itself before (`autostart`): what is
    measured is the second start.
    """

    name = "circus"

    def missing(self) -> str | None:
        return programs.missing("circusd", "circusctl")

    def open(self, stage: Stage, count: int) -> None:
        file = stage.directory / "circus.ini"
        file.write_text(configuration(str(stage.directory), " ".join(stage.argv), count))
        self._endpoint = f"ipc://{stage.directory}/endpoint"
        self._commands = Commands(stage.environ)
        self._daemon = programs.start(["circusd", str(file)], stage.environ)
        until((stage.directory / "endpoint").exists)
        ends = Ends({each.pid for each in stage.arrivals.wait(count)})
        self._ctl("stop", "--waiting")
        self.settle()
        ends.wait()

    def _ctl(self, *words: str) -> None:
        self._commands.begin("circusctl", "--endpoint", self._endpoint, *words)

    def start(self) -> None:
        self._ctl("start")

    def stop(self) -> None:
        self._ctl("stop")

    def settle(self) -> None:
        self._commands.settle()

    def beside(self) -> Collection[int]:
        return ()

    def close(self) -> None:
        programs.end(self._daemon)
