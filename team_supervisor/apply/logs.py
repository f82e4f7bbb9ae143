"""How are logs that grow kept small?"""

import threading
from pathlib import Path

from team_supervisor.adapters import logs
from team_supervisor.apply.tools import Tools
from team_supervisor.core.logs import MoveLogs
from team_supervisor.core.model import Moment
from team_supervisor.settings import Settings


def move_logs(tools: Tools, action: MoveLogs, now: Moment) -> bool:
    """Beside the loop. All that the transcript ever said is kept; of complaints, the newest."""
    if problem := tools.mover.problem():
        raise OSError(problem)
    session, settings = action.session, tools.settings
    directory = tools.workspace.directory(session.id)
    heard = session.transcript_offset
    tools.mover.start(lambda stop: _move(directory, heard, settings, stop))
    return False


def _move(directory: Path, heard: int, settings: Settings, stop: threading.Event) -> None:
    limit = settings.logs.limit
    while not stop.is_set() and logs.move(directory / "transcript.jsonl", heard, limit):
        pass
    complaints = directory / "stderr.log"
    while not stop.is_set() and logs.move(complaints, 1 << 62, limit):
        logs.drop_oldest(complaints, settings.log_keep)
