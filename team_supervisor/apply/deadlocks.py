"""How is a deadlock said, once?"""

import json

from team_supervisor.adapters import clock
from team_supervisor.apply.tools import Tools
from team_supervisor.core.deadlock import PLAN, AnnounceDeadlock, EndDeadlock
from team_supervisor.core.events import DeadlockFound, DeadlockOver
from team_supervisor.core.model import Moment


def announce(tools: Tools, action: AnnounceDeadlock, now: Moment) -> bool:
    """The event and that it was said, in one transaction."""
    found = action.deadlock
    with tools.store.transaction(durable=False):
        said = f"{found.words}, since {clock.stamp(found.since)}"
        known = tools.store.deadlocks() | {found.key: said}
        tools.store.set_team("deadlocks", json.dumps(known))
        event = DeadlockFound(
            members=list(found.members), words=found.words, since=clock.stamp(found.since)
        )
        tools.store.record(event, now.wall)
    return True


def end(tools: Tools, action: EndDeadlock, now: Moment) -> bool:
    members = [] if action.key == PLAN else action.key.split("|")
    with tools.store.transaction(durable=False):
        known = tools.store.deadlocks()
        known.pop(action.key, None)
        tools.store.set_team("deadlocks", json.dumps(known))
        tools.store.record(DeadlockOver(members=members, words=action.words), now.wall)
    return True
