"""What came of reading files that have not changed since, kept from one command to the next?"""

import json
import os
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Two changes so close to each other can leave a file's times the same (as git's "racily clean").
RACY = 2_000_000_000
MOST = 16 << 20
Signature = list[int] | None


class Recall:
    """Values of JSON by a name, each as long as the files that it was read from stay the same.

    A file that cannot be read or written is no file; nothing but time is lost with it. Without a
    path nothing is kept.
    """

    def __init__(self, path: Path | None, version: str) -> None:
        self._path = path
        self._version = version
        self._kept = self._load()
        self._seen: dict[str, tuple[list[Signature] | None, int]] = {}
        self._used: dict[str, Any] = {}
        self._changed = False

    def _load(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            if os.stat(self._path).st_size > MOST:
                return {}
            found = json.loads(self._path.read_bytes())
            return dict(found["kept"]) if found["version"] == self._version else {}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return {}

    def get(self, name: str, files: Sequence[str]) -> Any:
        """What was kept under this name, None when there is none or a file is another one now."""
        now = time.time_ns()
        of = signatures(files)
        self._seen[name] = of, now
        entry = self._kept.get(name)
        if of is None or not isinstance(entry, dict) or entry.get("of") != of:
            return None
        self._used[name] = entry
        return entry.get("value")

    def keep(self, name: str, files: Sequence[str], value: Any) -> None:
        """After `get` found none: what came of reading, unless a file changed just before."""
        of, at = self._seen.get(name, (None, 0))
        self._used.pop(name, None)
        if of is None or signatures(files) != of:
            return
        if all(max(each[2:]) < at - RACY for each in of if each):
            self._used[name] = {"of": of, "value": value}
            self._changed = True

    def close(self) -> None:
        """Keep what was used or is new, and forget the rest."""
        same = not self._changed and self._used.keys() == self._kept.keys()
        if self._path is None or same:
            return
        from team_supervisor.adapters import files

        text = json.dumps({"version": self._version, "kept": self._used})
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.write(self._path, text, durable=False, real=0)
        except OSError:
            pass  # it is read again the next time


def signatures(files: Sequence[str]) -> list[Signature] | None:
    """Of each file; an empty one is as good as none. None when one is no regular file."""
    found: list[Signature] = []
    for name in files:
        try:
            at = os.lstat(name)
        except (FileNotFoundError, NotADirectoryError):
            found.append(None)
            continue
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(at.st_mode):
            return None
        times = [at.st_mtime_ns, at.st_ctime_ns]
        found.append([at.st_ino, at.st_size, *times] if at.st_size else None)
    return found
