"""How does a test run the program and end everything that it started?"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from .lines import JsonLines, Line

PROGRAM = Path(sys.executable).parent / "team-supervisor"
STOP_SECONDS = 60.0


def marked(name: str, value: str) -> list[psutil.Process]:
    """Every process with this variable in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(name) == value:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue
    return found


def described(processes: list[psutil.Process]) -> list[str]:
    lines = []
    for process in processes:
        try:
            lines.append(f"{process.pid} {' '.join(process.cmdline())[:150]}")
        except psutil.NoSuchProcess:
            continue
    return lines


class Orchestrator(JsonLines):
    """A running `orchestrate --json`."""

    def wait_for_event(self, kind: str, seconds: float = 60.0, **details: Any) -> Line:
        """The first event of this kind with these details."""
        wanted = {"event": kind, **details}.items()
        return self.wait_for(lambda line: wanted <= line.items(), seconds)

    def interrupt(self) -> list[Line]:
        """Ctrl-C; every event up to the end."""
        self.process.send_signal(signal.SIGINT)
        return self.rest()

    def kill(self) -> list[Line]:
        """`kill -9`; every event up to it."""
        self.process.kill()
        return self.rest()


class Team:
    """A workspace and what runs in it."""

    def __init__(self, project: Path, environ: Mapping[str, str]) -> None:
        self.project = project
        self.workspace = project / ".database"
        self.environ = dict(environ)
        self.errors = project.parent / "orchestrate.stderr"
        self.orchestrators: list[Orchestrator] = []

    def settings(self, text: str) -> None:
        self.workspace.mkdir(parents=True, exist_ok=True)
        (self.workspace / "team.yaml").write_text(text)

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`team-supervisor <words> -w <workspace>`, to its end."""
        done = subprocess.run(
            [PROGRAM, *words, "-w", self.workspace],
            **self.surroundings(),
            capture_output=True,
            text=True,
            timeout=60,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{words} ended with {done.returncode}: {done.stderr}")
        return done

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json").stdout)

    def orchestrate(self) -> Orchestrator:
        with self.errors.open("ab") as errors:
            process = subprocess.Popen(
                [PROGRAM, "orchestrate", "-w", self.workspace, "--json"],
                **self.surroundings(),
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        started = Orchestrator(process)
        self.orchestrators.append(started)
        started.wait_for_event("supervisor_started")
        return started

    def surroundings(self) -> dict[str, Any]:
        return {"cwd": self.project, "env": self.environ, "stdin": subprocess.DEVNULL}

    def directory(self, session: str) -> Path:
        """Where the session's files are, archived or not."""
        archive = self.workspace / f"{session}-completed"
        return archive if archive.exists() else self.workspace / session

    def end(self) -> None:
        """Stop the team and the supervisor; nothing of this workspace may be left after it."""
        if (self.workspace / ".supervisor").exists():
            self.run("team", "stop", "--now", check=False)
        psutil.wait_procs(self.processes(), timeout=STOP_SECONDS)
        for orchestrator in self.orchestrators:
            self.end_orchestrator(orchestrator)
        left = self.processes()
        words = described(left)
        for process in left:
            process.kill()
        assert not words, f"`team stop --now` left these behind: {words}"

    def end_orchestrator(self, orchestrator: Orchestrator) -> None:
        process = orchestrator.process
        try:
            if process.poll() is None:
                process.terminate()
                orchestrator.rest()
        finally:
            process.kill()
            process.wait()
            orchestrator.stream.close()

    def processes(self) -> list[psutil.Process]:
        return marked("TEAM_WORKSPACE", os.fspath(self.workspace))
