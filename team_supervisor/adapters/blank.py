"""What does a workspace hold in which nothing was recorded yet?"""

import sqlite3

from team_supervisor.adapters.migrations import migrate
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.workspace import Workspace, archives, scan


def is_blank(workspace: Workspace) -> bool:
    """Without a database, and without a directory that tells of one that was lost."""
    if workspace.database.exists():
        return False
    return not scan(workspace).sessions and not archives(workspace)


def blank_store() -> Store:
    """Empty, and in memory alone."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db)
    return Store(db)
