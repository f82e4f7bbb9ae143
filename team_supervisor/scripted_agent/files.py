"""Where are the agent's files, and how are they read and replaced?"""

import errno
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MOST = 1024 * 1024


class Place(NamedTuple):
    """The directories of one session; all of them the current one outside a team."""

    name: str
    session: Path
    workspace: Path

    @property
    def shared(self) -> Path:
        return self.workspace / "shared"

    @property
    def tasks(self) -> Path:
        return self.session / "tasks.md"

    @property
    def persona(self) -> str:
        return self.name.rpartition("-")[0]

    def variables(self) -> dict[str, str]:
        """What a script may name: $SESSION, $WORKSPACE and $SHARED."""
        return {
            "SESSION": str(self.session),
            "WORKSPACE": str(self.workspace),
            "SHARED": str(self.shared),
        }

    def expand(self, path: str) -> Path:
        """A path of a script with its variables filled in."""
        known = self.variables()
        return Path(re.sub(r"\$(SESSION|WORKSPACE|SHARED)\b", lambda m: known[m[1]], path))


def place_of(environ: Mapping[str, str]) -> Place:
    """The place that TEAM_WORKSPACE and TEAM_SESSION_ID name."""
    workspace, name = environ.get("TEAM_WORKSPACE"), environ.get("TEAM_SESSION_ID")
    if not workspace or not name:
        return Place(name or "", Path.cwd(), Path.cwd())
    return Place(name, Path(workspace) / name, Path(workspace))


def read_text(path: Path) -> str:
    """The text of a regular file of at most 1 MiB; empty where there is none, else OSError."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    with open(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        data = file.read(MOST + 1)
    if len(data) > MOST:
        raise OSError(errno.EFBIG, "more than 1 MiB", str(path))
    return data.decode("utf-8-sig", errors="replace")


def replace_text(path: Path, text: str) -> None:
    """Replace a whole file by a rename, so that no reader sees half of it."""
    temporary = path.with_name(f".{path.name.lstrip('.')}.{os.getpid()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(temporary, flags, 0o644), "w", encoding="utf-8", newline="") as file:
        file.write(text)
    temporary.replace(path)
