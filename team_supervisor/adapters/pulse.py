"""Does anything below a process do something, though nothing is heard of it?"""

from dataclasses import dataclass

from team_supervisor.adapters.process_table import LINUX, ProcessRef, alive, read_row
from team_supervisor.tree import walk


@dataclass(frozen=True, slots=True)
class Pulse:
    """Of all descendants of a host: seconds of CPU so far, and how many there are besides one."""

    cpu_seconds: float
    others: int


def pulse(host: ProcessRef) -> Pulse | None:
    """None when the host is gone, so that nothing can be said."""
    if not alive(host):
        return None
    rows = [row for pid in _below(host.pid) if (row := read_row(pid)) and not row.zombie]
    return Pulse(sum(row.cpu_seconds for row in rows), max(0, len(rows) - 1))


def _below(root: int) -> set[int]:
    """From the kernel's lists of children: costs this tree alone."""
    if LINUX:
        return walk(root)
    import psutil

    try:
        return {child.pid for child in psutil.Process(root).children(recursive=True)}
    except psutil.Error:
        return set()
