"""How is this program started, asked and watched in a benchmark?"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import PATIENCE, Deaths, Late, now
from benchmarks.peers import Site, end
from team_supervisor.adapters.workspace import Workspace, create, locate

QUIET = 0.2
DONE = "# Tasks\n\n- [x] the work\n"
SETTINGS = """\
runner: command
runners: {{command: {{argv: [{agent}, {fifo}]}}}}
limits: {{sessions: 100000, spawned_per_hour: 1000000, disk_free_mb: 0}}
quiet: {quiet}
completion_grace: {quiet}
stop_grace: 5
"""


class Events:
    """The `--json` lines of a running `orchestrate`, read as they come: its pipe never fills."""

    def __init__(self, descriptor: int) -> None:
        self._lines: queue.SimpleQueue[tuple[float, dict[str, Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(descriptor,), daemon=True).start()

    def wait(self, kind: str, count: int = 1) -> list[tuple[float, dict[str, Any]]]:
        """The next `count` events of this kind, with the moment each was read; others are lost."""
        found: list[tuple[float, dict[str, Any]]] = []
        until = now() + PATIENCE
        while len(found) < count:
            try:
                line = self._lines.get(timeout=max(0.0, until - now()))
            except queue.Empty:
                raise Late(f"{len(found)} of {count} {kind} after {PATIENCE:.0f} s") from None
            if line[1]["event"] == kind:
                found.append(line)
        return found

    def clear(self) -> None:
        while not self._lines.empty():
            self._lines.get()

    def _read(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb") as pipe:
            for line in pipe:
                self._lines.put((now(), json.loads(line)))


@dataclass(slots=True)
class Ours:
    """One workspace and its `orchestrate`."""

    site: Site
    name: str = "team-supervisor"
    daemon: "subprocess.Popen[bytes] | None" = None
    events: Events | None = None
    requested: int = 0

    @property
    def workspace(self) -> Workspace:
        return locate(self.site.directory / "ws")

    @property
    def root(self) -> Path:
        return self.workspace.root

    def prepare(self) -> None:
        create(self.workspace)
        text = SETTINGS.format(agent=self.site.agent, fifo=self.site.fifo, quiet=QUIET)
        self.workspace.settings.write_text(text)

    def up(self, count: int) -> None:
        self.prepare()
        self.orchestrate()
        self.wait("supervisor_started")
        self.hide(count)

    def orchestrate(self) -> None:
        reader, writer = os.pipe()
        with (self.site.directory / "errors").open("ab") as errors:
            self.daemon = subprocess.Popen(
                [*PROGRAM, "orchestrate", "--workspace", str(self.root), "--json"],
                env=self.site.environ,
                cwd=self.site.directory,
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=errors,
                start_new_session=True,
            )
        os.close(writer)
        self.events = Events(reader)

    def wait(self, kind: str, count: int = 1) -> list[tuple[float, dict[str, Any]]]:
        assert self.events is not None
        return self.events.wait(kind, count)

    def forget_events(self) -> None:
        assert self.events is not None
        self.events.clear()

    def hide(self, count: int) -> None:
        """Requests are written beforehand; asking is one rename each."""
        for number in range(self.requested, self.requested + count):
            hidden = self.root / f".r{number}"
            hidden.mkdir()
            (hidden / "instructions.md").write_text("# Wait\n\n- [ ] the work\n")

    def start(self, count: int) -> None:
        for number in range(self.requested, self.requested + count):
            (self.root / f".r{number}").rename(self.root / f"intern-request-r{number}")
        self.requested += count

    def sessions(self) -> list[Path]:
        return [
            path
            for path in self.root.iterdir()
            if path.name.startswith("intern-") and path.name.rpartition("-")[2].isdecimal()
        ]

    def complete(self, session: Path) -> None:
        """As an agent does: the whole list at once."""
        beside = session / ".tasks.new"
        beside.write_text(DONE)
        beside.rename(session / "tasks.md")

    def stop(self, pids: Sequence[int]) -> None:
        self.site.run(*PROGRAM, "team", "stop", "--workspace", self.root)

    def kill(self) -> None:
        assert self.daemon is not None
        deaths = Deaths.of([self.daemon.pid])
        os.kill(self.daemon.pid, signal.SIGKILL)
        deaths.wait()
        self.daemon.wait()

    def down(self) -> None:
        if self.daemon is not None and self.daemon.poll() is None:
            end(self.daemon)


PROGRAM = [str(Path(sys.executable).parent / "team-supervisor")]
