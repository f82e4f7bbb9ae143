"""How is a process started, named and signalled?"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from team_supervisor.adapters import files
from team_supervisor.adapters.control import Launch, tell_launch
from team_supervisor.adapters.locks import lock_held
from team_supervisor.adapters.process_table import (
    ProcessRef,
    Usage,
    alive,
    holders,
    identify,
    lived,
    marked,
    usage,
)

__all__ = [
    "Exit",
    "HostView",
    "Launch",
    "ProcessRef",
    "Usage",
    "alive",
    "ask_to_stop",
    "identify",
    "keep",
    "lived",
    "lock_held",
    "look",
    "marked",
    "open_pidfd",
    "reap",
    "send_signal",
    "start_host",
    "sweep",
    "usage",
]

ROOT = Path(__file__).resolve().parents[2]
# Not `python host.py`: an imported module is compiled once, a script at each start. Nor sys.exit:
# what Python clears away then is gone with the process, and takes longer than all of a host's end.
BOOT = (
    "import sys; sys.path.append(sys.argv[1]); from team_supervisor.host import main; "
    "import os; os._exit(main(sys.argv[2]))"
)
PIDFD = hasattr(os, "pidfd_open") and hasattr(signal, "pidfd_send_signal")  # not in every build
READ_LIMIT = 64 * 1024
ROUNDS = 5
PATIENCE = 200  # milliseconds without another death until a round of killing is over

_T = TypeVar("_T")
# Asked, each says None as long as the host lives.
_started: dict[Path, list[Callable[[], int | None]]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """exit.json. `code` and `signal` are both None when no agent was started."""

    attempt: int
    code: int | None
    signal: int | None
    reason: str  # exited, signalled, stopped (it was asked to), spawn-error
    error: str | None
    ended_at: float  # seconds since 1970
    left_behind: int = 0  # processes that had to be killed besides the agent


@dataclass(frozen=True, slots=True, kw_only=True)
class HostView:
    """One attempt, as seen from beside. `host` and `agent` are of this attempt, and alive.

    Not locked, no exit, not starting: nothing runs, and how it ended is unknown (or it never
    began). Host but no agent: starting, or ending what the agent left behind.
    """

    locked: bool  # the host or its agent lives, of this attempt or of an earlier one
    host: ProcessRef | None
    agent: ProcessRef | None
    exit: Exit | None
    starting: bool = False  # begun, and the host has not said yet who its agent is
    recorded: bool = False  # its host wrote itself down, whatever became of it

    @property
    def orphaned(self) -> bool:
        """The host died before its agent: `sweep` ends it, and how it ended stays unknown."""
        return self.locked and not (self.host or self.exit or self.starting)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stop:
    attempt: int
    grace: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _HostRecord:
    attempt: int
    host: ProcessRef
    agent: ProcessRef | None


def start_host(control: Path, launch: Launch, environ: Mapping[str, str]) -> int:
    """The host's pid. It depends on nothing of this process; `environ` is the agent's."""
    tell_launch(control, launch)
    log = files.open_to_append(control / "host.log")
    try:
        host = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", BOOT, str(ROOT), str(control.absolute())],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environ,
            cwd="/",
        )
    except OSError:
        # No process could be made: nothing was launched, and no attempt failed.
        (control / "launch.json").unlink(missing_ok=True)
        raise
    finally:
        os.close(log)
    keep(control, host.poll)
    return host.pid


def keep(control: Path, poll: Callable[[], int | None]) -> None:
    """A host was begun there: whether it lives is asked of `poll` until it does not."""
    _started.setdefault(control, []).append(poll)


def reap() -> None:
    """Wait for the hosts of this process that have ended; never blocks."""
    for control, polls in list(_started.items()):
        _started[control] = [poll for poll in polls if poll() is None]
        if not _started[control]:
            del _started[control]


def look(control: Path, attempt: int) -> HostView:
    """What can be said of this attempt. A file cut short, or garbage, counts as missing.

    The order matters: a host writes exit.json before it frees the lock, so the lock is looked at
    first and exit.json last; a free lock is then never seen without the exit that goes with it.
    """
    begun = lock_held(control / "lock")
    locked = begun
    if not begun:
        begun = any(poll() is None for poll in _started.get(control, ()))
    record = _read_json(control / "host.json", _HostRecord)
    if record is not None and record.attempt != attempt:
        record = None
    host = record.host if record and alive(record.host) else None
    agent = record.agent if record and record.agent and alive(record.agent) else None
    unsaid = record is None or (host is not None and record.agent is None)
    ended = _read_json(control / "exit.json", Exit)
    if ended is not None and ended.attempt != attempt:
        ended = None
    starting = begun and unsaid and ended is None
    return HostView(
        locked=locked,
        host=host,
        agent=agent,
        exit=ended,
        starting=starting,
        recorded=record is not None,
    )


def ask_to_stop(control: Path, attempt: int, grace: float) -> None:
    """Seconds from now until everything is killed; asking again can only shorten them.

    A host that has not started its agent yet will not start it.
    """
    earlier = _read_json(control / "stop.json", _Stop)
    if earlier is not None and earlier.attempt == attempt:
        grace = min(grace, earlier.grace)  # the host may not have seen it yet
    _write_json(control / "stop.json", {"attempt": attempt, "grace": grace})
    record = _read_json(control / "host.json", _HostRecord)
    if record is not None and record.attempt == attempt:
        send_signal(record.host, signal.SIGTERM)


def open_pidfd(ref: ProcessRef) -> int | None:
    """Readable once the process has ended; None when it has, or where there is no such thing."""
    if not PIDFD:
        return None
    try:
        descriptor = os.pidfd_open(ref.pid)
    except OSError:
        return None
    if alive(ref):  # asked only now: from here on the descriptor means this process alone
        return descriptor
    os.close(descriptor)
    return None


def send_signal(ref: ProcessRef, number: int) -> bool:
    """Whether it was sent; never to another process that was given the same pid."""
    descriptor = open_pidfd(ref)
    try:
        if descriptor is not None:
            signal.pidfd_send_signal(descriptor, number)
        elif alive(ref):  # no pidfd here: the moment between this look and the signal remains
            os.kill(ref.pid, number)
        else:
            return False
    except OSError:
        return False
    finally:
        if descriptor is not None:
            os.close(descriptor)
    return True


def sweep(session: str, workspace: str) -> int:
    """Kill all that is `marked` or holds the lock; how many are left after a second or so."""
    for _ in range(ROUNDS):
        frozen = _freeze(session, workspace)
        if not frozen:
            return 0
        _kill(frozen)
    return len(_of_session(session, workspace))


def _of_session(session: str, workspace: str) -> set[ProcessRef]:
    lock = Path(workspace, ".supervisor", "sessions", session, "lock")
    return {*marked(session, workspace), *(holders(lock) if lock_held(lock) else ())}


def _freeze(session: str, workspace: str) -> set[ProcessRef]:
    frozen: set[ProcessRef] = set()
    for _ in range(ROUNDS):
        fresh = _of_session(session, workspace) - frozen
        if not fresh:
            break
        for ref in fresh:
            send_signal(ref, signal.SIGSTOP)
        frozen |= fresh
    return frozen


def _kill(refs: Collection[ProcessRef]) -> None:
    deaths = select.poll()
    descriptors = {fd for ref in refs if (fd := open_pidfd(ref)) is not None}
    for descriptor in descriptors:
        deaths.register(descriptor, select.POLLIN)
    for ref in refs:
        send_signal(ref, signal.SIGKILL)
    while descriptors and (ended := deaths.poll(PATIENCE)):
        for descriptor, _ in ended:
            deaths.unregister(descriptor)
            descriptors.discard(descriptor)
            os.close(descriptor)
    for descriptor in descriptors:
        os.close(descriptor)


def _write_json(path: Path, value: object) -> None:
    """Through `json`, as it can say a path that is not UTF-8."""
    files.write(path, json.dumps(value), durable=False)


def _read_json(path: Path, kind: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(files.read(path, READ_LIMIT), type=kind)
    except (files.Unreadable, OSError, ValueError, RecursionError):
        return None
