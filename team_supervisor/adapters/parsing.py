"""How is a large tasks.md understood without anybody waiting for it?"""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from team_supervisor.adapters import files
from team_supervisor.adapters.waker import Waker
from team_supervisor.core import tasklist
from team_supervisor.core.completion import TasksReading, pause_of

# Up to so many bytes (some 10 ms) the loop reads a list itself.
SMALL = 32 << 10
# A list that takes longer (seconds) was made to take long.
PATIENCE = 30.0
ROOT = Path(__file__).resolve().parents[2]
# A thread would hold the interpreter, and with it the loop, at every call of the system.
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from team_supervisor.adapters.parsing import main; main()"
)


def understand(data: bytes) -> TasksReading:
    """The reading of a list, known by the digest of its bytes."""
    tasks = tasklist.parse(data.decode("utf-8", "replace"))
    pause = pause_of([task.status for task in tasks.tasks if not task.done])
    return TasksReading(files.digest(data), tasks.total, tasks.done, tasks.open_titles, pause)


@dataclass(slots=True)
class _Job:
    session: str
    digest: str
    worker: subprocess.Popen[bytes]
    answer: IO[bytes]
    begun: float
    pidfd: int | None


@dataclass(slots=True)
class Parser:
    """One list at a time, each in a process of its own that ends with it; times in seconds."""

    waker: Waker | None = None
    _job: _Job | None = None
    _answers: dict[str, TasksReading] = field(default_factory=dict)

    def reading(self, session: str, data: bytes, now: float) -> TasksReading | None:
        """None while it is not understood yet: ask again, the end of the worker wakes."""
        digest = files.digest(data)
        self._collect(now)
        found = self._answers.pop(session, None)
        if found is not None and found.digest == digest:
            return found
        if len(data) <= SMALL:
            return understand(data)
        if self._job is None:
            self._job = self._begin(session, digest, data, now)
        return None

    def _begin(self, session: str, digest: str, data: bytes, now: float) -> _Job:
        import tempfile

        answer = tempfile.TemporaryFile()  # noqa: SIM115
        with tempfile.TemporaryFile() as text:
            text.write(data)
            text.seek(0)
            worker = subprocess.Popen(
                [sys.executable, "-I", "-c", BOOT, str(ROOT)],
                stdin=text,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                cwd="/",
            )
        pidfd = os.pidfd_open(worker.pid) if hasattr(os, "pidfd_open") and self.waker else None
        if pidfd is not None and self.waker is not None:
            self.waker.follow(pidfd, session)
        return _Job(session, digest, worker, answer, now, pidfd)

    def _collect(self, now: float) -> None:
        job = self._job
        if job is None:
            return
        late = now - job.begun > PATIENCE
        if job.worker.poll() is None and not late:
            return
        self._job = None
        self._answers[job.session] = self._end(job)

    def _end(self, job: _Job) -> TasksReading:
        job.worker.kill()
        job.worker.wait()
        if job.pidfd is not None and self.waker is not None:
            self.waker.forget(job.pidfd)
        job.answer.seek(0)
        with job.answer:
            try:
                return msgspec.json.decode(job.answer.read(), type=TasksReading)
            except msgspec.MsgspecError:
                return TasksReading(job.digest, problem="tasks.md takes too long to be read")

    def close(self) -> None:
        if self._job is not None:
            self._end(self._job)
            self._job = None


def main() -> None:
    """The worker: a list on standard input, its reading on standard output."""
    sys.stdout.buffer.write(msgspec.json.encode(understand(sys.stdin.buffer.read())))
