"""Which processes descend from this one, and how do they all end?

Stands alone, as the host does: standard library only, and few imports.
"""

import os
import sys
import time

from team_supervisor.lean import suppress

TYPE_CHECKING = False  # importing typing would cost each host memory
if TYPE_CHECKING:
    import signal
    from typing import Any
else:
    import _signal as signal  # what `signal` makes enums of

LINUX = sys.platform == "linux"
NAME = b"team-host"
PR_SET_NAME, PR_SET_CHILD_SUBREAPER = 15, 36


class Tree:
    """All descendants of this process, which has to be their subreaper."""

    def __init__(self) -> None:
        self.killed: set[int] = set()
        self._seen: dict[int, str] = {}  # pid -> start; used where there is no subreaper

    def remember(self) -> None:
        """Before the first signal: without a subreaper, orphans are lost from sight."""
        if not LINUX:
            self._descendants()

    def strays(self) -> bool:
        """Whether anything lives on that waitpid does not know of."""
        return not LINUX and bool(self._descendants())

    def strike(self) -> set[int]:
        """Freeze all, so that none can fork away, then kill all. What it met, dead or dying."""
        frozen: set[int] = set()
        while (found := self._descendants()) - frozen:
            send(found - frozen, signal.SIGSTOP)
            frozen |= found
        self.killed |= {pid for pid in found if not _dead(pid)}
        send(found, signal.SIGKILL)
        return found

    def _descendants(self) -> set[int]:
        if os.access(f"/proc/self/task/{os.getpid()}/children", os.R_OK):
            return walk(os.getpid())
        found = walk_table(os.getpid(), table := ask_ps(), self._seen)
        self._seen = {pid: table[pid][1] for pid in found}
        return found


def walk(root: int) -> set[int]:
    """From the kernel's own lists of children (CONFIG_PROC_CHILDREN): costs only this tree."""
    found: set[int] = set()
    todo = [root]
    while todo:
        fresh = set(_children(todo.pop())) - found
        found |= fresh
        todo += fresh
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for thread in os.scandir(f"/proc/{pid}/task"):
            with suppress(OSError), open(f"{thread.path}/children", "rb") as file:
                found += map(int, file.read().split())
    return found


def ask_ps() -> dict[int, tuple[int, str]]:
    """pid -> (parent, start time) of every process, where the kernel has no such lists."""
    reader, writer = os.pipe()
    program = ["ps", "-A", "-o", "pid=,ppid=,lstart="]
    to_us = [(os.POSIX_SPAWN_DUP2, writer, 1)]
    ps = os.posix_spawnp("ps", program, {**os.environ, "LC_ALL": "C"}, file_actions=to_us)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        rows = [line.decode().split(None, 2) for line in answer]
    os.waitpid(ps, 0)
    return {int(pid): (int(up), start.strip()) for pid, up, start in rows if int(pid) != ps}


def walk_table(root: int, table: dict[int, tuple[int, str]], seen: dict[int, str]) -> set[int]:
    """Also what was seen before and its descendants, though the link to `root` be gone."""
    still = {pid for pid, start in seen.items() if table.get(pid, (0, ""))[1] == start}
    found = {root} | still
    while fresh := {pid for pid, (parent, _) in table.items() if parent in found} - found:
        found |= fresh
    return found - {root}


def send(pids: "set[int]", number: int) -> None:
    for pid in pids:
        with suppress(OSError):  # gone, or another user's
            os.kill(pid, number)


def _dead(pid: int) -> bool:
    """A zombie, whose parent has not waited for it; never said off Linux."""
    with suppress(OSError), open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()[0] in b"ZX"
    return False


def identity(pid: int) -> "dict[str, Any]":
    """What adapters/processes.py knows a process by; off Linux, whole seconds since 1970."""
    if not LINUX:
        start = time.strptime(ask_ps()[pid][1])
        return {"pid": pid, "ticks": int(time.mktime(start)), "boot_id": ""}
    with open(f"/proc/{pid}/stat", "rb") as file:
        ticks = int(file.read().rpartition(b")")[2].split()[19])
    with open("/proc/sys/kernel/random/boot_id") as file:
        return {"pid": pid, "ticks": ticks, "boot_id": file.read().strip()}


def become_expendable(score: str = "/proc/self/oom_score_adj") -> None:
    """What spares the supervisor, and us, when memory runs out is not for agents (proc(5))."""
    with suppress(OSError, ValueError):
        with open(score) as file:
            if int(file.read()) >= 0:
                return
        with open(score, "w") as file:
            file.write("0")


def become_root(title: str) -> None:
    """Inherit every orphan below, and be spared by an agent's `pkill -f python`.

    Not by argv[0] at the start: a relocatable Python finds its library by it.
    """
    if not LINUX:
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "Cannot become a child subreaper")
    take_name(libc, NAME, title)


def take_name(libc: "Any", name: bytes, title: str) -> None:
    """What `ps` shows, instead of the command line; Linux only."""
    import ctypes

    libc.prctl(PR_SET_NAME, name, 0, 0, 0)
    with open("/proc/self/stat", "rb") as file:
        start, end = map(int, file.read().rpartition(b")")[2].split()[45:47])  # arg_start, arg_end
    words = name + b"\0" + os.fsencode(title)
    if 0 < start < end:
        ctypes.memset(start, 0, end - start)
        ctypes.memmove(start, words, min(len(words), end - start - 1))
