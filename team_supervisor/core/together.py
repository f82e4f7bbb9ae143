"""Which actions are recorded in one transaction?"""

from collections.abc import Sequence

from team_supervisor.core.model import Session
from team_supervisor.core.world import (
    Action,
    AskToStop,
    ClaimRequest,
    Finish,
    Hear,
    Launch,
    MarkActive,
    NoteDoing,
    NoteTasks,
    Prepare,
    QueueRequest,
    SeeRequest,
)

# Of these only rows are the effect, or what can be done again at once; True: a loss of power
# may not take them back.
RECORDED = {
    SeeRequest: True,
    QueueRequest: True,
    ClaimRequest: True,
    Prepare: False,
    MarkActive: True,
    AskToStop: True,
    Finish: True,
    Hear: False,
    NoteTasks: False,
    NoteDoing: False,
}
# So many at most, since other writers wait as long.
MOST = 50


def groups(actions: Sequence[Action]) -> list[list[Action]]:
    """In their order; neighbours that may be recorded together, every other one by itself.

    Where several begin, their hosts are started after the transaction, and at once.
    """
    several = sum(_begins(action) for action in actions) > 1
    found: list[list[Action]] = []
    joins = False
    for action in actions:
        before, joins = joins, type(action) in RECORDED or (several and _begins(action))
        if before and joins and len(found[-1]) < MOST:
            found[-1].append(action)
        else:
            found.append([action])
    return found


def untouched(session: Session) -> bool:
    """A new id, for which nothing was ever started: there is nothing to clear away."""
    return session.attempt == 0 and session.request_name is not None


def _begins(action: Action) -> bool:
    return isinstance(action, Launch) and untouched(action.session)


def durable(group: Sequence[Action]) -> bool | None:
    """None for an action that commits by itself whatever it has to."""
    if len(group) == 1 and type(group[0]) not in RECORDED:
        return None
    return any(RECORDED.get(type(action)) and not _adopts(action) for action in group)


def _adopts(action: Action) -> bool:
    """Its row stays as it is; a loss of power ends what was adopted, too."""
    return isinstance(action, MarkActive) and action.adopted


def concerning(session: str, group: Sequence[Action]) -> Action:
    """The action of a group that is about a session, as far as one is."""
    about = (a for a in group if getattr(getattr(a, "session", None), "id", None) == session)
    return next(about, group[0])
