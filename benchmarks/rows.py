"""How is a workspace filled with sessions that nobody runs?"""

import time

from team_supervisor.adapters.store import open_store
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core.model import Session, State

BEGIN = 1_700_000_000_000
FILES = ("instructions.md", "tasks.md", "session.json", "tracker.json", "transcript.jsonl")


def fill(workspace: Workspace, count: int) -> None:
    """Rows of active sessions with their directories, for the commands that look."""
    _insert(workspace, count, State.ACTIVE, "")


def archive(workspace: Workspace, count: int) -> None:
    """Rows of completed sessions with their archives."""
    if count:
        _insert(workspace, count, State.COMPLETED, "-completed")


def _insert(workspace: Workspace, count: int, state: State, suffix: str) -> None:
    store = open_store(workspace.database)
    with store.transaction():
        for number in range(count):
            session = f"intern-{BEGIN + number}"
            directory = workspace.root / f"{session}{suffix}"
            directory.mkdir()
            for name in FILES:
                (directory / name).write_text("- [x] the work\n")
            store.insert(_session(session, number, state, directory.name))
    store.close()


def _session(session: str, number: int, state: State, directory: str) -> Session:
    ended = state == State.COMPLETED
    return Session(
        id=session,
        persona="intern",
        name=f"r{number}",
        created_at=time.time() - 86_400,  # noqa: TID251
        runner="command",
        conversation="",
        directory=directory,
        state=state,
        attempt=1,
        ended_at=time.time() if ended else None,  # noqa: TID251
        attempt_at=None if ended else time.time(),  # noqa: TID251
    )
