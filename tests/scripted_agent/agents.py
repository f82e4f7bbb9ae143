"""What does a test need to start scripted agents and talk to them?"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
DEADLINE = 20.0


class Team:
    """A workspace with sessions, each of which an agent can be started for."""

    def __init__(self, root: Path) -> None:
        self.project = root / "project"
        self.workspace = root / "workspace"
        (self.workspace / "shared").mkdir(parents=True)
        self.project.mkdir()
        self.audit = root / "audit"
        self.agents: list[Agent] = []

    def session(self, name: str, script: str = "", tasks: str = "") -> Path:
        folder = self.workspace / name
        folder.mkdir(exist_ok=True)
        block = f"```scripted-agent\n{script}\n```\n" if script else "Do it.\n"
        with open(folder / "instructions.md", "a") as file:
            file.write(block)
        (folder / "tasks.md").write_text(tasks)
        return folder

    def start(self, name: str, *options: str) -> "Agent":
        environ = os.environ | {
            "PYTHONPATH": str(ROOT),
            "TEAM_WORKSPACE": str(self.workspace),
            "TEAM_SESSION_ID": name,
            "TEAM_AUDIT": str(self.audit),
            "TEAM_SCRIPTED_PACE": "0",
        }
        self.agents.append(Agent(environ, self.project, options))
        return self.agents[-1]


class Agent:
    """One running agent and its three streams."""

    def __init__(self, environ: dict[str, str], cwd: Path, options: tuple[str, ...]) -> None:
        formats = "-p --input-format stream-json --output-format stream-json --verbose"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "team_supervisor.scripted_agent", *formats.split(), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=environ,
        )
        self._partial = b""
        self._lines: list[bytes] = []

    def tell(self, text: str, message_id: str | None = None) -> None:
        message = {"type": "user", "message": {"role": "user", "content": text}}
        self.put(json.dumps(message | ({"uuid": message_id} if message_id else {})))

    def put(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def line(self) -> bytes:
        assert self.process.stdout is not None
        while not self._lines:
            ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            assert chunk, f"no line came; exit code {self.process.poll()}"
            *self._lines, self._partial = (self._partial + chunk).split(b"\n")
        return self._lines.pop(0)

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        lines = [json.loads(self.line())]
        while not wanted(lines[-1]):
            lines.append(json.loads(self.line()))
        return lines

    def turn(self, text: str = "go on") -> list[dict[str, Any]]:
        self.tell(text)
        return self.rest()

    def rest(self) -> list[dict[str, Any]]:
        return self.until(lambda line: line["type"] == "result")

    def end(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, errors.decode()


def said(lines: list[dict[str, Any]]) -> list[str]:
    blocks = [line["message"]["content"][0] for line in lines if line["type"] == "assistant"]
    return [block["text"] for block in blocks if block["type"] == "text"]


def tool_results(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    users = [line for line in lines if line["type"] == "user" and "isReplay" not in line]
    return [line["message"]["content"][0] for line in users]


def open_fifo(path: Path) -> int:
    os.mkfifo(path)
    return os.open(path, os.O_RDWR)


def read_line(fd: int) -> str:
    ready, _, _ = select.select([fd], [], [], DEADLINE)
    assert ready, "nothing was written"
    return os.read(fd, 100).decode().strip()


def kill_and_await(pid: int) -> None:
    fd = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert select.select([fd], [], [], DEADLINE)[0]
    os.close(fd)
