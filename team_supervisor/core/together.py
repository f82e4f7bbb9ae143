"""Which actions are recorded in one transaction?"""

from collections.abc import Iterable, Sequence

from team_supervisor.core.world import (
    Action,
    ClaimRequest,
    Hear,
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
    Hear: False,
    NoteTasks: False,
    NoteDoing: False,
}
# So many at most, since other writers wait as long.
MOST = 50


def groups(actions: Iterable[Action]) -> list[list[Action]]:
    """In their order; neighbours that may be recorded together, every other one by itself."""
    found: list[list[Action]] = []
    for action in actions:
        if found and len(found[-1]) < MOST and _alike(found[-1][-1], action):
            found[-1].append(action)
        else:
            found.append([action])
    return found


def _alike(one: Action, other: Action) -> bool:
    return type(one) in RECORDED and type(other) in RECORDED


def durable(group: Sequence[Action]) -> bool | None:
    """None for an action that commits by itself whatever it has to."""
    if type(group[0]) not in RECORDED:
        return None
    return any(RECORDED.get(type(action)) for action in group)


def concerning(session: str, group: Sequence[Action]) -> Action:
    """The action of a group that is about a session, as far as one is."""
    about = (a for a in group if getattr(getattr(a, "session", None), "id", None) == session)
    return next(about, group[0])
