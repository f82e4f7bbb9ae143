"""Which troubles of the machine last, and who has heard of them?"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

from team_supervisor.adapters import machine
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core.trouble import HOLDS_BACK, Trouble, begins, ends, trouble_of

# What must fit on the disk until it counts as having room again (bytes).
ROOM = 1 << 20


@dataclass(slots=True)
class Episodes:
    """`say` is called once when a trouble begins, and once when it is over; times in seconds."""

    workspace: Workspace
    say: Callable[[str], None]
    _since: dict[Trouble, float] = field(default_factory=dict)
    _now: set[Trouble] = field(default_factory=set)

    @property
    def holding_back(self) -> bool:
        return not HOLDS_BACK.isdisjoint(self._since)

    def met(self, error: Exception, monotonic: float) -> bool:
        """Is this error one of a trouble that concerns everything?"""
        trouble = trouble_of(getattr(error, "errno", None), str(error))
        if trouble is None:
            return False
        self.begin(trouble, monotonic)
        return True

    def begin(self, trouble: Trouble, monotonic: float) -> None:
        self._now.add(trouble)
        if trouble not in self._since:
            self._since[trouble] = monotonic
            self.say(begins(trouble, str(self.workspace.root)))

    def look(self, monotonic: float) -> None:
        """After each look of the loop: what was not met in it may be over."""
        for trouble in self._since.keys() - self._now:
            if trouble in HOLDS_BACK and not machine.has_room(self.workspace.control, ROOM):
                continue
            since = self._since.pop(trouble)
            self.say(ends(trouble, str(self.workspace.root), monotonic - since))
        self._now.clear()


Refused = (OSError, sqlite3.OperationalError)
