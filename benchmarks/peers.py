"""How does each peer start and stop the same N agents?"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Protocol

from benchmarks.machine import MARK, Deaths, end_marked
from team_supervisor.adapters import processes


@dataclass(frozen=True, slots=True)
class Site:
    """Where one contender runs, with the agent it starts and the FIFO agents report to."""

    directory: Path
    agent: Path
    fifo: Path
    tools: Path
    mark: str

    @property
    def argv(self) -> list[str]:
        return [str(self.agent), str(self.fifo)]

    @property
    def environ(self) -> dict[str, str]:
        return {**os.environ, MARK: self.mark}

    def run(self, *words: object) -> str:
        done = subprocess.run(
            [str(w) for w in words],
            env=self.environ,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def spawn(self, *words: object) -> "subprocess.Popen[bytes]":
        """A daemon in the foreground, its output in a file."""
        with (self.directory / "daemon.log").open("ab") as log:
            return subprocess.Popen(
                [str(w) for w in words],
                env=self.environ,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


class Peer(Protocol):
    """`start` and `stop` may return before all agents run or are gone; both are waited for."""

    name: str

    def up(self, count: int) -> None: ...
    def start(self, count: int) -> None: ...
    def stop(self, pids: Sequence[int]) -> None: ...
    def down(self) -> None: ...


@dataclass(slots=True)
class SpawnLoop:
    """The floor: os.posix_spawn in a loop, a signal to each."""

    site: Site
    name: str = "posix_spawn loop"

    def up(self, count: int) -> None: ...

    def start(self, count: int) -> None:
        argv, environ = self.site.argv, self.site.environ
        for _ in range(count):
            os.posix_spawn(argv[0], argv, environ, setsid=True)

    def stop(self, pids: Sequence[int]) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)

    def down(self) -> None:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


@dataclass(slots=True)
class HostLoop:
    """The floor of this design: the same host and agent, without a supervisor."""

    site: Site
    name: str = "Popen loop of hosts"
    controls: list[Path] = field(default_factory=list)

    def up(self, count: int) -> None:
        self.controls = [self.site.directory / f"control-{n}" for n in range(count)]
        for control in self.controls:
            control.mkdir()

    def start(self, count: int) -> None:
        for control in self.controls[:count]:
            launch = processes.Launch(
                session=control.name,
                attempt=1,
                argv=tuple(self.site.argv),
                cwd=str(self.site.directory),
                transcript=str(control / "transcript"),
                stderr=str(control / "stderr"),
                stop_grace=5.0,
            )
            processes.start_host(control, launch, self.site.environ)

    def stop(self, pids: Sequence[int]) -> None:
        for control in self.controls:
            processes.ask_to_stop(control, 1, 5.0)

    def down(self) -> None:
        end_marked(self.site.mark)
        processes.reap()


@dataclass(slots=True)
class Supervisord:
    site: Site
    name: str = "supervisord"
    daemon: "subprocess.Popen[bytes] | None" = None

    def up(self, count: int) -> None:
        where, argv = self.site.directory, " ".join(self.site.argv)
        socket = where / "s.sock"
        (where / "supervisord.conf").write_text(
            f"[unix_http_server]\nfile={socket}\n"
            f"[supervisord]\nlogfile={where}/log\npidfile={where}/pid\nnodaemon=true\n"
            f"minfds=4096\nchildlogdir={where}\n"
            "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = "
            "supervisor.rpcinterface:make_main_rpcinterface\n"
            f"[supervisorctl]\nserverurl=unix://{socket}\n"
            f"[program:a]\ncommand={argv}\nnumprocs={max(count, 1)}\nprocess_name=%(process_num)d\n"
            "autostart=false\nstartsecs=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
        )
        self.daemon = self.site.spawn(self.site.tools / "supervisord", "-c", "supervisord.conf")
        until_answered(self._control("pid"), str(self.daemon.pid), self.site)

    def _control(self, *words: str) -> list[object]:
        return [self.site.tools / "supervisorctl", "-c", "supervisord.conf", *words]

    def start(self, count: int) -> None:
        self.site.run(*self._control("start", "a:*"))

    def stop(self, pids: Sequence[int]) -> None:
        self.site.run(*self._control("stop", "a:*"))

    def down(self) -> None:
        end(self.daemon)


@dataclass(slots=True)
class Circus:
    site: Site
    name: str = "circus"
    daemon: "subprocess.Popen[bytes] | None" = None

    def up(self, count: int) -> None:
        where, argv = self.site.directory, self.site.argv
        (where / "circus.ini").write_text(
            f"[circus]\nendpoint = ipc://{where}/c\npubsub_endpoint = ipc://{where}/p\n"
            "warmup_delay = 0\n"
            f"[watcher:a]\ncmd = {argv[0]}\nargs = {argv[1]}\nnumprocesses = {max(count, 1)}\n"
            "autostart = false\nwarmup_delay = 0\ncopy_env = true\n"
        )
        self.daemon = self.site.spawn(self.site.tools / "circusd", "circus.ini")
        until_answered(self._control("status"), "a: stopped", self.site)

    def _control(self, *words: str) -> list[object]:
        endpoint = f"ipc://{self.site.directory}/c"
        return [self.site.tools / "circusctl", "--endpoint", endpoint, "--timeout", "60", *words]

    def start(self, count: int) -> None:
        self.site.run(*self._control("start", "a"))

    def stop(self, pids: Sequence[int]) -> None:
        self.site.run(*self._control("stop", "a"))

    def down(self) -> None:
        end(self.daemon)


@dataclass(slots=True)
class Pm2:
    site: Site
    program: Path
    name: str = "pm2"

    def up(self, count: int) -> None:
        app = {"script": self.site.argv[0], "args": self.site.argv[1], "interpreter": "none"}
        apps = [{**app, "name": f"a{n}"} for n in range(count)]
        (self.site.directory / "ecosystem.config.json").write_text(json.dumps({"apps": apps}))
        self._pm2("ping")

    def _pm2(self, *words: str) -> None:
        home = f"PM2_HOME={self.site.directory}"
        self.site.run("/usr/bin/env", home, self.program, *words)

    def start(self, count: int) -> None:
        self._pm2("start", "ecosystem.config.json")

    def stop(self, pids: Sequence[int]) -> None:
        self._pm2("stop", "all")

    def down(self) -> None:
        self._pm2("kill")


@dataclass(slots=True)
class TaskSpooler:
    site: Site
    program: str
    name: str = "task-spooler"

    def up(self, count: int) -> None:
        self._tsp("-S", max(count, 1))

    def _tsp(self, *words: object) -> str:
        place = self.site.directory
        settings = [f"TS_SOCKET={place}/ts", f"TMPDIR={place}", "TS_MAXCONN=2000"]
        return self.site.run("/usr/bin/env", *settings, self.program, *words)

    def start(self, count: int) -> None:
        for _ in range(count):
            self._tsp("-n", *self.site.argv)

    def stop(self, pids: Sequence[int]) -> None:
        for job in range(len(pids)):
            self._tsp("-k", job)

    def down(self) -> None:
        self._tsp("-K")


def until_answered(words: Sequence[object], answer: str, site: Site) -> None:
    """A daemon is up when its own client gets this answer; asking is the only way to wait."""
    for _ in range(400):
        if answer in site.run(*words):
            return
    raise RuntimeError(f"{words[0]} got no answer {answer!r}; see {site.directory}/daemon.log")


def end(daemon: "subprocess.Popen[bytes] | None") -> None:
    if daemon is not None:
        deaths = Deaths.of([daemon.pid])
        daemon.terminate()
        deaths.wait()
        daemon.wait()


def tools() -> Path:
    """Where this Python's programs are."""
    return Path(sys.executable).parent


def pm2_program(given: str | None) -> Path | None:
    found = given or os.environ.get("PM2") or which("pm2")
    return Path(found) if found else None
