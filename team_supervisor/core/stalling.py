"""When is an agent that works taken for stalled, and what is done about it? It is never killed."""

from team_supervisor.core.model import Doing
from team_supervisor.core.words import age
from team_supervisor.core.world import NudgeStalled, SessionFacts, World

# In units of `stall_after`: it is marked, nudged, and then a person is asked.
MARK, NUDGE, ATTENTION = 1, 2, 3


def plan(facts: SessionFacts, world: World) -> list[NudgeStalled]:
    """Once for each stall; any word of the agent begins anew."""
    session = facts.session
    due = facts.talks and not session.stall_rung and _lasts(facts, world, NUDGE)
    return [NudgeStalled(session)] if due else []


def state(facts: SessionFacts, world: World) -> tuple[Doing, str] | None:
    """What a stalled agent is doing; None for one that is not stalled."""
    if not _lasts(facts, world, MARK):
        return None
    words = (
        "no output, no CPU, no child process and no file change for "
        f"{age(world.rules.stall_after)} and more"
    )
    if _lasts(facts, world, ATTENTION):
        return Doing.ATTENTION, f"{words}; it may hang"
    return Doing.STALLED, words


def _lasts(facts: SessionFacts, world: World, units: int) -> bool:
    after = world.rules.stall_after
    return facts.still is not None and after > 0 and facts.still >= after * units
