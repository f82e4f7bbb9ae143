"""Which processes are there, what marks do they carry and what do they use?"""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LINUX = sys.platform == "linux"
HOST_NAME = "team-host"
HOST_MODULE = "team_supervisor.host"
_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class ProcessRef:
    """One process, for ever: a pid alone is given to another process sooner or later.

    `ticks` is the start time, in clock ticks since boot (off Linux: whole seconds since 1970).
    """

    pid: int
    ticks: int
    boot_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process and all its descendants use: seconds so far, bytes and processes now."""

    cpu_seconds: float  # with that of the descendants which have ended
    memory: int  # resident; what two processes share counts twice
    processes: int


@dataclass(frozen=True, slots=True)
class Row:
    ref: ProcessRef
    parent: int
    name: str
    zombie: bool
    cpu_seconds: float
    memory: int


def identify(pid: int) -> ProcessRef | None:
    """None for no process, and for one that is dead but not waited for."""
    row = read_row(pid)
    return None if row is None or row.zombie else row.ref


def alive(ref: ProcessRef) -> bool:
    return identify(ref.pid) == ref


def lived(ref: ProcessRef, wall: float) -> float:
    """For how many seconds it has been there; `wall`: now, since 1970."""
    if not LINUX:
        return max(0.0, wall - ref.ticks)
    begun = ref.ticks / os.sysconf("SC_CLK_TCK")
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - begun)


def marked(session: str, workspace: str) -> list[ProcessRef]:
    """Everything with this session's variables, but for hosts, ourselves and our ancestors.

    A person's shell, which `attach` opened, has TEAM_ATTACHED and is left out.
    """
    wanted = {os.fsencode(f"TEAM_SESSION_ID={session}"), os.fsencode(f"TEAM_WORKSPACE={workspace}")}
    return [ref for ref, _ in _with_marks(wanted)]


def marked_sessions(workspace: str) -> set[str]:
    """The sessions of which anything is `marked`; one walk, however many are asked for."""
    mark, name = b"TEAM_WORKSPACE=" + os.fsencode(workspace), b"TEAM_SESSION_ID="
    found: set[str] = set()
    for _, environment in _with_marks({mark}):
        found |= {os.fsdecode(e[len(name) :]) for e in environment if e.startswith(name)}
    return found


def _with_marks(wanted: set[bytes]) -> Iterator[tuple[ProcessRef, set[bytes]]]:
    """Few have any, so what is cheaper to read is looked at first, and once more when it is known
    whose it is: a pid may have been given to another process meanwhile."""
    spared = _ourselves()
    for pid in _pids():
        if pid in spared or (LINUX and not _mentions(pid, wanted)):
            continue
        row = read_row(pid)
        if row is None or row.zombie or row.name == HOST_NAME:
            continue
        environment = _environment(pid)
        if _has_marks(environment, wanted):
            yield row.ref, environment


def _mentions(pid: int, wanted: set[bytes]) -> bool:
    environment = _read(f"/proc/{pid}/environ")
    return all(mark in environment for mark in wanted)


def _ourselves() -> set[int]:
    """This process and its ancestors."""
    found, pid = {0}, os.getpid()
    while pid not in found:
        found.add(pid)
        row = read_row(pid)
        pid = row.parent if row else 0
    return found


def holders(lock: Path) -> list[ProcessRef]:
    """As `marked`, by the session's lock: finds an agent's child that emptied its environment.

    Linux only. Who merely looks at the lock does not hold it.
    """
    with suppress(OSError):
        found = lock.stat()
        return [ref for ref in _others() if _holds(ref.pid, (found.st_dev, found.st_ino))]
    return []


def _others() -> list[ProcessRef]:
    spared = _ourselves()
    candidates = (row for row in read_rows() if row.ref.pid not in spared)
    return [row.ref for row in candidates if not row.zombie and row.name != HOST_NAME]


def _holds(pid: int, file: tuple[int, int]) -> bool:
    with suppress(OSError):
        for descriptor in os.scandir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                found = descriptor.stat()
                if (found.st_dev, found.st_ino) == file:
                    return b"FLOCK  ADVISORY  WRITE" in _read(
                        f"/proc/{pid}/fdinfo/{descriptor.name}"
                    )
    return False


def usage(refs: Mapping[str, ProcessRef]) -> dict[str, Usage]:
    """By name, for those alive; one walk over all processes, however many are asked for."""
    rows = {row.ref.pid: row for row in read_rows()}
    children: dict[int, list[Row]] = {}
    for row in rows.values():
        children.setdefault(row.parent, []).append(row)
    found = {}
    for name, ref in refs.items():
        root = rows.get(ref.pid)
        if root is not None and root.ref == ref and not root.zombie:
            found[name] = _sum(_tree(root, children))
    return found


def read_rows() -> Iterator[Row]:
    """All processes that we may look at."""
    return (row for pid in _pids() if (row := read_row(pid)) is not None)


def _pids() -> list[int]:
    if LINUX:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    import psutil

    return psutil.pids()


def read_row(pid: int) -> Row | None:
    return row_from_proc(pid) if LINUX else row_from_psutil(pid)


def row_from_proc(pid: int) -> Row | None:
    """proc_pid_stat(5); ten times faster than psutil, which matters with a thousand processes."""
    stat = _read(f"/proc/{pid}/stat")
    before, _, after = stat.rpartition(b")")
    if not after:
        return None
    fields = after.split()  # from the third on: the name may hold spaces and parentheses
    state, parent, ticks, pages = fields[0], int(fields[1]), int(fields[19]), int(fields[21])
    return Row(
        ref=ProcessRef(pid, ticks, _boot_id()),
        parent=parent,
        name=os.fsdecode(before.partition(b"(")[2]),
        zombie=state in b"ZXx",
        cpu_seconds=sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK"),
        memory=pages * os.sysconf("SC_PAGE_SIZE"),
    )


def row_from_psutil(pid: int) -> Row | None:
    """Where there is no /proc."""
    import psutil

    try:
        process = psutil.Process(pid)
        with process.oneshot():
            zombie = process.status() == psutil.STATUS_ZOMBIE
            times = process.cpu_times()
            is_host = not zombie and any(HOST_MODULE in word for word in process.cmdline())
            return Row(
                ref=ProcessRef(pid, int(process.create_time()), ""),
                parent=process.ppid(),
                name=HOST_NAME if is_host else process.name(),
                zombie=zombie,
                cpu_seconds=times.user + times.system,
                memory=process.memory_info().rss,
            )
    except psutil.Error:
        return None


def _environment(pid: int) -> set[bytes]:
    """`NAME=value` as the process was started with; empty when it is another user's."""
    if LINUX:
        return set(_read(f"/proc/{pid}/environ").split(b"\0"))
    import psutil

    with suppress(psutil.Error):
        return {os.fsencode(f"{k}={v}") for k, v in psutil.Process(pid).environ().items()}
    return set()


def _has_marks(environment: set[bytes], wanted: set[bytes]) -> bool:
    return wanted <= environment and not any(e.startswith(b"TEAM_ATTACHED=") for e in environment)


def _tree(root: Row, children: Mapping[int, list[Row]]) -> list[Row]:
    tree = [root]
    for row in tree:  # grows while it is walked
        tree += children.get(row.ref.pid, ())
    return tree


def _sum(rows: list[Row]) -> Usage:
    return Usage(
        cpu_seconds=sum(row.cpu_seconds for row in rows),
        memory=sum(row.memory for row in rows),
        processes=sum(not row.zombie for row in rows),
    )


def _read(path: str) -> bytes:
    """Without a file object, which costs more than the reading."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        data = chunk = os.read(descriptor, _AT_ONCE)
        while chunk:
            chunk = os.read(descriptor, _AT_ONCE)
            data += chunk
        return data
    except OSError:
        return b""
    finally:
        os.close(descriptor)


@cache
def _boot_id() -> str:
    return _read("/proc/sys/kernel/random/boot_id").decode().strip()
