"""What of what a supervisor wrote would be gone after a loss of power?

A model in the manner of ALICE (OSDI 2014), of the worst that a file system may do: what no fsync
has confirmed did not happen. Of the database's log only what a durable commit has synced is left,
files that were put in place unsynced are empty, renamed directories have their old names.
"""

import json
import os
from pathlib import Path
from typing import Any

WAL = ".supervisor/supervisor.db-wal"


class Disk:
    """Follows one process: its calls as they are heard, its fsyncs by a profile function."""

    def __init__(self, root: Path) -> None:
        self._wal = root / WAL
        self._full, self._committing, self._kept = True, False, 0
        self._unsynced: dict[int, str] = {}
        self._confirmed: set[int] = set()
        self._moved: list[tuple[str, str]] = []

    def statement(self, sql: str) -> None:
        """Before SQLite carries it out."""
        self.settle()
        words = sql.upper().split()
        if words[:2] == ["PRAGMA", "SYNCHRONOUS"] and len(words) == 4:
            self._full = words[3] == "FULL"
        self._committing = words[:1] == ["COMMIT"] and self._full

    def settle(self) -> None:
        """A durable commit is over: all of the log up to here is on the disk."""
        if self._committing:
            self._committing = False
            self._kept = self._wal.stat().st_size if self._wal.exists() else 0

    def renames(self, source: str, target: str) -> None:
        """Before it is done; both are absolute."""
        if os.path.isdir(source):
            self._moved.append((source, target))
        elif os.path.exists(source):
            inode = os.lstat(source).st_ino
            if inode not in self._confirmed:
                self._unsynced[inode] = os.path.basename(target)

    def profile(self, frame: Any, event: str, function: object) -> None:
        if event != "c_call" or function is not os.fsync:
            return
        for value in list(frame.f_locals.values()):
            if type(value) is int and os.path.lexists(f"/proc/self/fd/{value}"):
                self._synced(value)

    def _synced(self, descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        self._confirmed.add(inode)
        self._unsynced.pop(inode, None)
        self._moved = [m for m in self._moved if os.stat(os.path.dirname(m[1])).st_ino != inode]

    def write(self, path: Path) -> None:
        self.settle()
        lost = {"wal": self._kept, "files": sorted(self._unsynced.items()), "moved": self._moved}
        path.write_text(json.dumps(lost))


def lose(root: Path, said: Path) -> None:
    """Take away what was not on the disk; nothing runs any more."""
    lost = json.loads(said.read_text())
    wal = root / WAL
    if wal.exists():
        os.truncate(wal, lost["wal"])
    wal.with_name(wal.name.replace("-wal", "-shm")).unlink(missing_ok=True)
    for source, target in reversed(lost["moved"]):
        if os.path.isdir(target) and not os.path.exists(source):
            os.rename(target, source)
    for directory, _, names in os.walk(root):
        for name in names:
            path = os.path.join(directory, name)
            # By its name, too: an inode that became free is another file's by now.
            if [os.lstat(path).st_ino, name] in lost["files"]:
                os.truncate(path, 0)
