"""How does a workspace come to thousands of sessions that nobody has to run?"""

from pathlib import Path

from team_supervisor.adapters.store import open_store
from team_supervisor.adapters.workspace import create, locate
from team_supervisor.core.model import Session, State

FIRST = 1_700_000_000_000
TASKS = "## Task: Sleep\n- **Status**: in progress\n"


def populate(root: Path, count: int, state: State) -> None:
    """Rows and directories, as the program itself would have left them."""
    workspace = locate(root)
    root.parent.mkdir(exist_ok=True)
    create(workspace)
    store = open_store(workspace.database)
    try:
        with store.transaction():
            for number in range(count):
                session = _session(number, state)
                directory = root / session.directory
                directory.mkdir()
                (directory / "tasks.md").write_text(TASKS)
                store.insert(session)
    finally:
        store.close()


def _session(number: int, state: State) -> Session:
    at = (FIRST + number) / 1000
    name = f"intern-{FIRST + number}"
    archived = state == State.COMPLETED
    return Session(
        id=name,
        persona="intern",
        name=f"work-{number}",
        created_at=at,
        state=state,
        runner="command",
        attempt=1,
        tasks_total=1,
        tasks_most=1,
        tasks_done=int(archived),
        started_at=at,
        ended_at=at if archived else None,
        directory=f"{name}-completed" if archived else name,
    )
