"""How are many hosts started at once, without an interpreter's start for each?"""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from team_supervisor.adapters import files, processes
from team_supervisor.adapters.control import Launch, tell_launch
from team_supervisor.adapters.process_table import LINUX

BOOT = (
    "import sys; sys.path.append(sys.argv[1]); from team_supervisor.launcher import main; "
    "main(sys.argv[2], int(sys.argv[3]))"
)
# The number of the system call `clone`, by machine; elsewhere each host is started by itself.
CLONE = {"x86_64": 56, "aarch64": 220} if LINUX and sys.maxsize > 1 << 32 else {}
NAME = "team-launcher"
CHUNK = 65536
PATIENCE = 5.0  # seconds; what has not answered by then is not waited for


def possible() -> bool:
    return os.uname().machine in CLONE


class Launcher:
    """A process that makes hosts out of copies of itself, for as long as this one gives it orders.

    They are children of this process, like any other host. What it does not answer for, since it
    was killed or there was no room, may have begun or not.
    """

    def __init__(self, sessions: Path, environ: Mapping[str, str]) -> None:
        """`environ` is what all of the agents have; OSError when no process can be made."""
        self._sessions, self._ordered = sessions, list[Path]()
        self._said, self._lost = b"", False
        words = [str(processes.ROOT), str(sessions), str(CLONE[os.uname().machine])]
        self._channel, theirs = socket.socketpair()
        self._channel.setblocking(False)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", BOOT, *words],
                start_new_session=True,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environ,
                cwd="/",
            )
        except OSError:
            self._channel.close()
            raise
        finally:
            theirs.close()

    def order(self, control: Path, launch: Launch, own: Mapping[str, str]) -> None:
        """`own` is what this agent's environment has besides; OSError as of a full disk."""
        os.close(files.open_to_append(control / "host.log"))
        tell_launch(control, launch)
        self._ordered.append(control)
        line = json.dumps({"session": control.name, "environ": dict(own)})
        self._say(f"{line}\n".encode())

    def _say(self, words: bytes) -> None:
        """Hears meanwhile: were each to wait until the other one reads, neither would."""
        while words and not self._lost:
            found = self._wait(select.POLLIN | select.POLLOUT)
            if found & select.POLLIN:
                self._hear()
            elif found & select.POLLOUT:
                with contextlib.suppress(BlockingIOError):
                    words = words[self._send(words) :]

    def _send(self, words: bytes) -> int:
        try:
            return self._channel.send(words)
        except BrokenPipeError:
            self._lost = True
            return 0

    def _wait(self, events: int) -> int:
        """What came; once nothing did for so long, it is lost."""
        poll = select.poll()
        poll.register(self._channel, events)
        found = poll.poll(PATIENCE * 1000)
        self._lost = self._lost or not found
        return found[0][1] if found else 0

    def _hear(self) -> None:
        try:
            more = self._channel.recv(CHUNK)
        except OSError:
            more = b""
        self._said += more
        self._lost = self._lost or not more

    def collect(self) -> dict[Path, int]:
        """The pids of those that have begun. The launcher ends."""
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_WR)
        pids = self._answers()
        if len(pids) < len(self._ordered):
            self._process.kill()
            self._lost = False
            pids = self._answers()
        self._channel.close()
        processes.keep(self._sessions, self._process.poll)
        begun = dict(zip(self._ordered, pids, strict=False))
        self._ordered = []
        for control, pid in begun.items():
            processes.keep(control, partial(_poll, pid))
        return begun

    def _answers(self) -> list[int]:
        while not self._lost and self._said.count(b"\n") < len(self._ordered):
            if self._wait(select.POLLIN):
                self._hear()
        return [int(line) for line in self._said.split(b"\n")[:-1]]


def _poll(pid: int) -> int | None:
    """As Popen.poll of a child; its pid is nobody else's until it was waited for."""
    try:
        return None if os.waitpid(pid, os.WNOHANG)[0] == 0 else 0
    except ChildProcessError:
        return 0
