"""What became of a session's verification, and how long has the session been silent?"""

from dataclasses import dataclass
from pathlib import Path

from team_supervisor.adapters import control, files, processes, verification
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core.completion import Verdict
from team_supervisor.core.facts import Life
from team_supervisor.core.model import Moment, Session, Standing

# A host that was launched and shows neither lock nor exit after this long (seconds) is lost.
LOST_AFTER = 2.0
SIGNS = ("transcript.jsonl", "stderr.log", "tasks.md", "instructions.md")


@dataclass(slots=True)
class Listening:
    """Since when a verification is launched without a trace; the last sign of life, and when."""

    number: int = 0
    launched_since: float | None = None
    signs: tuple[files.Signature | None, ...] = ()
    heard_at: float = 0.0


def silent(directory: Path, memory: Listening, now: Moment) -> float:
    """Seconds in which nothing was printed or written; nothing is known from before we looked."""
    signs = tuple(files.signature(directory / name) for name in SIGNS)
    if signs != memory.signs:
        memory.signs, memory.heard_at = signs, now.monotonic
    return now.monotonic - memory.heard_at


def check(
    workspace: Workspace, session: Session, memory: Listening, now: Moment
) -> tuple[Life, Verdict | None]:
    """Of the last verification that was begun."""
    number = session.verification
    if number == 0:
        return Life.NONE, None
    if memory.number != number:
        memory.number, memory.launched_since = number, None
    where = workspace.verification_control(session.id)
    life = _life(where, number, memory, now)
    if life != Life.ENDED or session.standing != Standing.CLAIMED:
        return life, None
    return life, verification.verdict(where, workspace.directory(session.id), number)


def _life(where: Path, number: int, memory: Listening, now: Moment) -> Life:
    view = processes.look(where, number)
    if view.orphaned:
        return Life.ORPHANED
    if view.locked:
        return Life.ALIVE
    if view.exit is not None:
        return Life.ENDED
    if control.launched_attempt(where) != number:
        return Life.NONE
    if memory.launched_since is None:
        memory.launched_since = now.monotonic
    lost = now.monotonic - memory.launched_since >= LOST_AFTER
    return Life.ENDED if lost else Life.STARTING
