"""When has a look that nobody waits for done what it can?"""

from dataclasses import dataclass, field

from team_supervisor.core.model import Doing, Standing
from team_supervisor.core.world import World
from team_supervisor.supervisor import settled

# Seconds that a visit takes at most; what it leaves is for the next one.
VISIT = 60.0
# What an agent does that ends by somebody else's doing, or takes too long.
FOR_OTHERS = frozenset({Doing.VERIFYING, Doing.ATTENTION, Doing.OVER_BUDGET, Doing.RATE_LIMITED})


@dataclass(slots=True)
class Visit:
    """Settled, and no agent is about to be found done: that takes two looks and some quiet."""

    _begun: float | None = None
    _near: set[str] = field(default_factory=set)

    def looked(self, world: World | None) -> None:
        """To be told of every look: after the first, which adopts all, only some are looked at."""
        if world is None:
            return
        self._begun = self._begun or world.now.monotonic
        for facts in world.sessions:
            session = facts.session
            near = facts.unread or (facts.watch is not None and facts.watch.reading.complete)
            near = near or session.standing == Standing.CLAIMED
            if near and session.doing not in FOR_OTHERS:
                self._near.add(session.id)
            else:
                self._near.discard(session.id)
        self._near &= {session.id for session in world.live if not session.ended}

    def __call__(self, world: World) -> bool:
        begun = self._begun or world.now.monotonic
        if world.now.monotonic - begun >= VISIT:
            return True
        return settled(world) and not self._near
