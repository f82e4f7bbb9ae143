"""How is a request made, so that nobody can see half of it?"""

import errno
import os
import uuid
from pathlib import Path

from team_supervisor.adapters import files
from team_supervisor.adapters.workspace import Workspace


def make(workspace: Workspace, request: str, text: str) -> Path:
    """Written under a name that starts with a dot, then renamed: the Maildir way.

    FileExistsError when the name is taken, OSError when it cannot be written.
    """
    target = workspace.root / request
    hidden = workspace.root / f".{target.name}.{uuid.uuid4().hex[:12]}"
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "is there already", str(target))
    hidden.mkdir()
    files.write(hidden / "instructions.md", text)
    # rename would replace an empty directory made in between; that one held nothing.
    os.rename(hidden, target)
    return target


def is_free(workspace: Workspace, request: str) -> bool:
    """Nothing has this name, and nothing that was refused had it."""
    names = (request, f"{request}-rejected")
    return not any(os.path.lexists(workspace.root / name) for name in names)
