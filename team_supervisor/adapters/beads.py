"""What does bd (beads) know of the work, and how does it hear what became of it?"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from team_supervisor.core import tasksources
from team_supervisor.core.tasksources import Draft, SourceError

# Seconds in which it has to answer.
TIMEOUT = 60
_STATUS = {"in_progress": "in_progress", "blocked": "blocked", "failed": "blocked"}


def drafts(directory: Path, environ: Mapping[str, str]) -> list[Draft]:
    """The beads of a project. One that bd holds back for a reason of its own is not queued."""
    found = _asked(directory, environ, "list")
    ready = {str(b.get("id")) for b in _asked(directory, environ, "ready") if isinstance(b, dict)}
    status = {str(b.get("id")): b.get("status") for b in found if isinstance(b, dict)}
    return [
        replace(d, optional=status[d.id] == "open" and not d.depends_on and d.id not in ready)
        for d in tasksources.beads(found)
    ]


def _asked(directory: Path, environ: Mapping[str, str], what: str) -> list[Any]:
    program = shutil.which("bd", path=environ.get("PATH"))
    if program is None:
        raise SourceError("bd is not installed: install beads, or import files instead")
    try:
        ran = subprocess.run(
            [program, what, "--json"],
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"`bd {what} --json` did not answer: {error}") from None
    if ran.returncode:
        said = ran.stderr.strip()[:300] or f"exit {ran.returncode}"
        raise SourceError(f"`bd {what} --json` failed in {directory}: {said}")
    try:
        found = json.loads(ran.stdout or "[]")
    except ValueError:
        raise SourceError(f"`bd {what} --json` printed no JSON") from None
    return found if isinstance(found, list) else []


@dataclass(slots=True)
class Beads:
    """Tells bd what became of a task, one at a time, while the loop goes on."""

    _running: subprocess.Popen[bytes] | None = None
    _about: tuple[str, str] | None = None
    problems: list[str] = field(default_factory=list)

    def tell(self, task: str, state: str, where: tuple[Path, Mapping[str, str]]) -> bool:
        """True once bd has heard it (or refused, which is a problem); ask again until then."""
        if self._running is None:
            return self._start(task, state, where)
        code = self._running.poll()
        if code is None or self._about is None:
            return False
        heard, self._running = self._about == (task, state), None
        if code:
            self.problems.append(f"bd did not take that {self._about[0]} is {self._about[1]}")
        return heard

    def _start(self, task: str, state: str, where: tuple[Path, Mapping[str, str]]) -> bool:
        directory, environ = where
        program = shutil.which("bd", path=environ.get("PATH"))
        if program is None:
            self.problems.append(f"bd is gone: it does not hear that {task} is {state}")
            return True
        arguments = ["close", task] if state == "completed" else _update(task, state)
        self._about = (task, state)
        self._running = subprocess.Popen(
            [program, *arguments],
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return False


def _update(task: str, state: str) -> list[str]:
    return ["update", task, "--status", _STATUS[state]]
