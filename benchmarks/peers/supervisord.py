"""How does supervisord start and end agents?"""

from collections.abc import Collection

from benchmarks import programs
from benchmarks.peers.command_line import Commands
from benchmarks.stage import Stage, until

HEAD = """\
[unix_http_server]
file={here}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{here}/supervisor.sock
[supervisord]
nodaemon=true
minfds=8192
logfile={here}/supervisord.log
pidfile={here}/supervisord.pid
childlogdir={here}
"""
# startsecs=0: an agent that runs counts as started at once.
PROGRAM = """\
[program:agent{number}]
command={command}
autostart=false
autorestart=false
startsecs=0
stdout_logfile=NONE
stderr_logfile=NONE
"""


def configuration(here: str, command: str, count: int) -> str:
    """supervisord.conf."""
    sections = [PROGRAM.format(number=n, command=command) for n in range(count)]
    return HEAD.format(here=here) + "".join(sections)


class Supervisord:
    """A running supervisord, told by `supervisorctl`."""

    name = "supervisord"

    def missing(self) -> str | None:
        return programs.missing("supervisord", "supervisorctl")

    def open(self, stage: Stage, count: int) -> None:
        self._file = stage.directory / "supervisord.conf"
        text = configuration(str(stage.directory), " ".join(stage.argv), count)
        self._file.write_text(text)
        self._commands = Commands(stage.environ)
        self._daemon = programs.start(["supervisord", "-c", str(self._file)], stage.environ)
        until((stage.directory / "supervisor.sock").exists)
        self._ctl("pid")
        self.settle()

    def _ctl(self, *words: str) -> None:
        self._commands.begin("supervisorctl", "-c", str(self._file), *words)

    def start(self) -> None:
        self._ctl("start", "all")

    def stop(self) -> None:
        self._ctl("stop", "all")

    def settle(self) -> None:
        self._commands.settle()

    def beside(self) -> Collection[int]:
        return ()

    def close(self) -> None:
        self._daemon.terminate()
        self._daemon.wait()
