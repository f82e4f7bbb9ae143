"""How does a session get a new process because a person asked, and who may not get one?"""

from typing import Any

from team_supervisor.adapters import processes
from team_supervisor.apply.tools import Tools, change
from team_supervisor.core.events import Event, SessionRestartAsked, Warned
from team_supervisor.core.model import Moment, Session
from team_supervisor.core.world import EndForRestart, RefuseAgain


def end_for_restart(tools: Tools, action: EndForRestart, now: Moment) -> bool:
    """Ask its host to end the agent. The want stays until the row says that the attempt is over,
    so that a crash in between is finished by the next look."""
    session = action.session
    control = tools.workspace.session_control(session.id)
    processes.ask_to_stop(control, session.attempt, action.grace)
    return True


def restarted(session: Session) -> tuple[dict[str, Any], list[Event]]:
    """What is written with the end of the attempt that a person wanted ended."""
    if not session.restart_wanted:
        return {}, []
    event = SessionRestartAsked(
        session=session.id,
        name=session.name,
        attempt=session.attempt,
        reason=session.restart_reason,
    )
    return {"restart_wanted": 0}, [event]


def refuse_again(tools: Tools, action: RefuseAgain, now: Moment) -> bool:
    """It stays ended, and the person hears why."""
    session = action.session
    reason = f"{session.id} cannot go on: {action.reason}"
    event = Warned(session=session.id, reason=reason)
    change(tools, session, now, event, retry_wanted=0, restore_wanted=0)
    return True
