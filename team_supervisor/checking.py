"""What became of a session's verification, and how long has the session been silent?"""

from dataclasses import dataclass
from pathlib import Path

from team_supervisor.adapters import control, files, processes, verification
from team_supervisor.adapters.pulse import pulse
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core.completion import Verdict
from team_supervisor.core.facts import Life
from team_supervisor.core.model import Moment, Session, Standing

# A host that was launched and shows neither lock nor exit after this long (seconds) is lost.
LOST_AFTER = 2.0
# A process tree is felt when it was silent for so long, and again after as long (seconds).
FEEL_AFTER = 5.0
# More than this share of one core is work; what only waits for its timers uses less.
BUSY = 0.01
# The kernel counts in ticks of 0.01 s: one of them within a moment is no work yet (seconds).
TICK = 0.015
SIGNS = ("transcript.jsonl", "stderr.log", "tasks.md", "instructions.md")


@dataclass(slots=True)
class Listening:
    """Since when a verification is launched without a trace; the last sign of life, and when."""

    number: int = 0
    launched_since: float | None = None
    signs: tuple[files.Signature | None, ...] = ()
    heard_at: float = 0.0
    cpu_seconds: float | None = None
    based_at: float = 0.0
    felt_at: float = 0.0
    children_at: float = 0.0


def feel_every(stall_after: float) -> float:
    """Seconds; so often that a child is seen before who waits for it is taken for stalled."""
    return min(FEEL_AFTER, stall_after / 3) if stall_after else FEEL_AFTER


def silent(
    directory: Path,
    host: processes.ProcessRef | None,
    memory: Listening,
    now: Moment,
    stall_after: float = 0.0,
) -> tuple[float, float]:
    """Seconds without output, file change and CPU; and those without a child process as well.

    Nothing is known from before we looked.
    """
    signs = tuple(files.signature(f"{directory}/{name}") for name in SIGNS)
    if signs != memory.signs:
        memory.signs, memory.heard_at = signs, now.monotonic
        memory.cpu_seconds = None
    elif host is not None and _unfelt(memory, now) >= feel_every(stall_after):
        _feel(host, memory, now)
    idle = now.monotonic - max(memory.heard_at, memory.based_at)
    return idle, min(idle, now.monotonic - memory.children_at)


def _unfelt(memory: Listening, now: Moment) -> float:
    return now.monotonic - max(memory.heard_at, memory.felt_at)


def _feel(host: processes.ProcessRef, memory: Listening, now: Moment) -> None:
    """Only of who is silent: does its tree use the CPU, or does it wait for a program?"""
    found = pulse(host)
    if found is None:
        return
    known, elapsed = memory.cpu_seconds, now.monotonic - memory.felt_at
    if known is None:
        memory.based_at = now.monotonic
    elif found.cpu_seconds - known > max(elapsed * BUSY, TICK):
        memory.heard_at = now.monotonic
    if found.others:
        memory.children_at = now.monotonic
    memory.cpu_seconds, memory.felt_at = found.cpu_seconds, now.monotonic


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
