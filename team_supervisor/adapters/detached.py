"""How does a supervisor run without a terminal, and how is surely the right one ended?"""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from team_supervisor.adapters import files, locks, process_table, processes
from team_supervisor.adapters.locks import Holder
from team_supervisor.adapters.process_table import ProcessRef
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.errors import TeamError

LOG = "orchestrate.log"
# Bytes; with the one before, a log takes twice that.
LIMIT = 1 << 20
# A process with these in its environment would be taken for one of a session's.
SESSIONS_OWN = ("TEAM_SESSION_ID", "TEAM_WORKSPACE", "TEAM_SUPERVISOR_WORKSPACE", "TEAM_ATTACHED")
STEP = 0.05


def log_of(workspace: Workspace) -> Path:
    return workspace.control / LOG


def spawn(
    workspace: Workspace, arguments: Sequence[str], environ: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """This program in a session of its own: no terminal, its words in the workspace's log."""
    kept = {name: value for name, value in environ.items() if name not in SESSIONS_OWN}
    log = log_of(workspace)
    turn(log)
    descriptor = files.open_to_append(log)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "team_supervisor", *arguments],
            cwd=workspace.project,
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


def turn(log: Path) -> bool:
    """Put a log that is full aside, in place of the one before it."""
    found = files.signature(log)
    if found is None or found.size < LIMIT:
        return False
    with files.directory(log.parent) as parent:
        os.replace(log.name, f"{log.name}.1", src_dir_fd=parent, dst_dir_fd=parent)
    return True


def keep_small(log: Path) -> None:
    """For the supervisor that writes it: go on in a new one once it is full."""
    if turn(log):
        descriptor = files.open_to_append(log)
        for number in (1, 2):
            os.dup2(descriptor, number)
        os.close(descriptor)


def last_line(workspace: Workspace) -> str:
    """What it said last; "" when nothing."""
    lines = files.tail(log_of(workspace)).decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def rest(seconds: float = STEP) -> None:
    """There is nothing to wait on in another process but its next step."""
    select.select([], [], [], seconds)


def surely(lock: Path, holder: Holder) -> ProcessRef:
    """The process that holds a lock now, for ever; TeamError when it is not surely the one.

    While the same words stand in a lock that is held, their process lives: its identity, taken in
    between, is no later process's.
    """
    if holder.host != os.uname().nodename:
        raise TeamError(f"it runs on {holder.host}, as {holder}: stop it there")
    ref = process_table.identify(holder.pid) if holder.pid > 0 else None
    same = ref is not None and (not holder.ticks or (ref.ticks, ref.boot_id) == _born(holder))
    if ref is None or not same or locks.held_by(lock) != holder:
        raise TeamError(f"{lock} is not surely held by {holder}: stop that by hand, if it runs")
    return ref


def _born(holder: Holder) -> tuple[int, str]:
    return holder.ticks, holder.boot


def end(lock: Path, holder: Holder, grace: float) -> None:
    """End the supervisor that holds this lock; its agents go on.

    One that hangs or takes longer than `grace` seconds is killed: what it did is on disk.
    """
    ref = surely(lock, holder)
    processes.send_signal(ref, signal.SIGTERM)
    processes.send_signal(ref, signal.SIGCONT)
    if not _gone(ref, grace):
        processes.send_signal(ref, signal.SIGKILL)
        if not _gone(ref, grace):
            raise TeamError(f"{holder} does not end, not even killed: see what its disk does")


def _gone(ref: ProcessRef, seconds: float) -> bool:
    for _ in range(max(1, int(seconds / STEP))):
        if not process_table.alive(ref):
            return True
        rest()
    return not process_table.alive(ref)
