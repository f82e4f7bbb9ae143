"""When has the workspace's root to be scanned again?"""

import os
import sys
import time
from dataclasses import dataclass

from team_supervisor.adapters import machine
from team_supervisor.adapters.workspace import Scan, Workspace, scan

MILLISECOND, SECOND = 10**6, 10**9
# Nanoseconds. No time of a file is coarser than the first, none with fractions than the second.
COARSE, FINE = 2 * SECOND, 50 * MILLISECOND
# <linux/time.h>: the clock from which the kernel takes the times of files (current_time).
CLOCK_REALTIME_COARSE = 5


@dataclass(slots=True)
class Scans:
    """The last scan, as long as the root's time says that it is how the root looks."""

    workspace: Workspace
    _found: tuple[int, Scan] | None = None
    _certain: bool = False
    _exact: bool | None = None

    def latest(self) -> Scan:
        """OSError when the root is gone."""
        if self._exact is None:
            self._exact = _stamped_by_this_clock(self.workspace)
        # First of the three: what a scan did not see was stamped no earlier.
        from_now = time.clock_gettime_ns(CLOCK_REALTIME_COARSE) if self._exact else time.time_ns()
        changed = os.stat(self.workspace.root).st_mtime_ns
        if self._found is None or self._found[0] != changed or not self._certain:
            self._found = (changed, scan(self.workspace))
            self._certain = certain(changed, from_now, exact=self._exact)
        return self._found[1]


def _stamped_by_this_clock(workspace: Workspace) -> bool:
    """Not by another machine's, nor by a program's."""
    kind = machine.filesystem_type(workspace.root)
    local = not machine.is_network_filesystem(kind) and not kind.startswith("fuse")
    return sys.platform == "linux" and local


def certain(changed: int, from_now: int, *, exact: bool) -> bool:
    """Does whatever changes `from_now` on get another time than `changed`? Nanoseconds.

    `exact` where both are of one clock, unless what is kept of it is rounded.
    """
    grain = FINE if changed % SECOND else COARSE
    if exact and changed % MILLISECOND:
        grain = 0
    return from_now - changed > grain
