"""How does supervisord start and end agents?"""

import os
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
    # When the socket of a daemon that was killed was made, which does not take the file with it;
    # its inode may be given to the next one.
    _before = 0

    def missing(self) -> str | None:
        return programs.missing("supervisord", "supervisorctl")

    def open(self, stage: Stage, count: int) -> None:
        self._file = stage.directory / "supervisord.conf"
        text = configuration(str(stage.directory), " ".join(stage.argv), count)
        self._file.write_text(text)
        self._stage = stage
        self._commands = Commands(stage.environ)
        self._begin()

    def _begin(self) -> None:
        argv = ["supervisord", "-c", str(self._file)]
        self._daemon = programs.start(argv, self._stage.environ)
        socket = self._stage.directory / "supervisor.sock"
        until(lambda: socket.exists() and os.stat(socket).st_ctime_ns != self._before)
        self._ctl("pid")
        self.settle()

    def restart(self) -> None:
        """Killed as by power loss, started again and told to start all, as at its boot."""
        self._daemon.kill()
        self._daemon.wait()
        self._before = os.stat(self._stage.directory / "supervisor.sock").st_ctime_ns
        self._begin()
        self.start()

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
        programs.end(self._daemon)
