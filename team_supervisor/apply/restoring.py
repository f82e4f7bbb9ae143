"""How does an archived session get back to work?"""

from team_supervisor.adapters.workspace import bring_back
from team_supervisor.apply.tools import FRESH, Tools, change
from team_supervisor.core.events import SessionRestored, Warned
from team_supervisor.core.lifecycle import check
from team_supervisor.core.model import Moment, State
from team_supervisor.core.world import Restore


def restore(tools: Tools, action: Restore, now: Moment) -> bool:
    """Rename, then record. The want in the row is the intent: it stays until the row says that
    the session is at work, so that a crash in between is finished by the next look.
    """
    session = action.session
    if problem := bring_back(tools.workspace, session.id, session.directory):
        reason = f"{session.id} cannot be taken back to work: {problem}"
        change(tools, session, now, Warned(session=session.id, reason=reason), restore_wanted=0)
        return True
    change(
        tools,
        session,
        now,
        SessionRestored(session=session.id, name=session.name, archive=session.directory),
        state=check(session.state, State.STARTING),
        directory=session.id,
        restored=1,
        restore_wanted=0,
        **FRESH,
    )
    return True
