"""How does pm2 start and end agents?"""

import json
from collections.abc import Collection, Sequence

from benchmarks import programs
from benchmarks.peers.command_line import Commands
from benchmarks.stage import Stage


def configuration(argv: Sequence[str], count: int) -> str:
    """An ecosystem file; without what pm2 does for web servers alone."""
    app = {
        "script": argv[0],
        "args": list(argv[1:]),
        "interpreter": "none",
        "autorestart": False,
        "vizion": False,
        "out_file": "/dev/null",
        "error_file": "/dev/null",
    }
    return json.dumps({"apps": [{"name": f"agent{n}", **app} for n in range(count)]})


class Pm2:
    """A running pm2 daemon, told by `pm2`."""

    name = "pm2"

    def missing(self) -> str | None:
        return programs.missing("pm2")

    def open(self, stage: Stage, count: int) -> None:
        self._file = stage.directory / "ecosystem.json"
        self._file.write_text(configuration(stage.argv, count))
        home = str(stage.directory / "pm2")
        self._commands = Commands({**stage.environ, "PM2_HOME": home})
        self._commands.run("pm2", "ping")

    def start(self) -> None:
        self._commands.begin("pm2", "start", str(self._file))

    def stop(self) -> None:
        self._commands.begin("pm2", "stop", "all")

    def settle(self) -> None:
        self._commands.settle()

    def beside(self) -> Collection[int]:
        return ()

    def close(self) -> None:
        self._commands.run("pm2", "kill")
