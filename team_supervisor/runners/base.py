"""What must a module say about a kind of agent, so that we can start and follow it?"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from team_supervisor.core.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """All that a command line is made of; paths are absolute, `extra` comes from team.yaml."""

    binary: str
    conversation: str
    resume: bool
    persona_file: str
    session_directory: str
    workspace: str
    name: str
    model: str | None = None
    permission_mode: str = "acceptEdits"
    allowed_tools: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    max_budget_usd: float | None = None
    extra: tuple[str, ...] = ()


class Runner(Protocol):
    """A module with these names is a runner; the habit is pre-commit's (`lang_base.Language`)."""

    name: str
    TALKS: bool
    """It has turns and takes messages."""

    def command(self, start: Start) -> list[str]:
        """The command line, as a list of arguments."""

    def message(self, uuid: str, text: str) -> bytes:
        """One line for the inbox, with the newline at its end."""

    def parse(self, line: bytes) -> tuple[Progress, ...]:
        """What one line of output means; () for what is unknown, torn or hostile. Never raises."""

    def find(self, configured: str | None, environ: Mapping[str, str]) -> str:
        """The absolute path of the program, or TeamError that says how to get it."""


def located(program: str, environ: Mapping[str, str]) -> str | None:
    """The absolute path of a program given by name or path; None when it can't be executed."""
    if program == "~" or program.startswith("~/"):
        program = environ.get("HOME", "~") + program[1:]
    found = shutil.which(program, path=environ.get("PATH", os.defpath))
    return str(Path(found).absolute()) if found else None
