"""How is a tick's decision carried out?"""

import math
from collections.abc import Collection, Sequence
from typing import Any

from team_supervisor.adapters import locks, visits
from team_supervisor.adapters.store import open_store
from team_supervisor.cli import tickcame
from team_supervisor.core import ticking
from team_supervisor.core.model import Wanted
from team_supervisor.core.ticking import Decision, Spawn, Zombie
from team_supervisor.errors import TeamError
from team_supervisor.ticklook import Seen


def carry_out(
    decision: Decision, seen: Seen, *, outside: bool
) -> tuple[Decision, list[dict[str, Any]]]:
    """The decision as it came about, and what was done: zombies one by one, then projects, then
    who was to start, or started, in those looked after here.

    `outside`: who runs was said by another scheduler. What runs there under a task that is queued
    here is not started here: its project is left to that scheduler.
    """
    done = [_end(zombie, seen) for zombie in decision["zombies"]]
    theirs = {s["project"] for s in decision.get("skipped", [])} if outside else set()
    needed = _needed(decision, seen) - theirs
    done += [{"project": slug, "did": "left to who runs it"} for slug in sorted(theirs)]
    alone = {}
    for slug in [*_in_order(seen, needed), *_unread(seen)]:
        place = seen.places[slug]
        if locks.held_by(place.lock) is not None:
            locks.ring(place.doorbell)
            done.append({"project": slug, "did": "rang"})
        else:
            alone[slug] = place.root
    before = {slug: tickcame.assigned(seen.places[slug]) for slug in alone}
    found = {slug: _said(said) for slug, said in visits.visit(alone).items()}
    done += [{"project": slug, "did": said} for slug, said in found.items()]
    tickcame.revived(done, seen, alone)
    mine = {slug for slug, said in found.items() if said == visits.LOOKED}
    decision, came = tickcame.came(decision, seen, before, mine)
    return decision, done + [{"label": label, "did": did} for label, did in came.items()]


def _in_order(seen: Seen, needed: Collection[str]) -> list[str]:
    return [each.slug for each in ticking.by_priority(seen.outlooks) if each.slug in needed]


def _unread(seen: Seen) -> list[str]:
    """Whose database cannot be used: a look builds it again, or says why not."""
    return [slug for slug in seen.problems if slug in seen.places]


def _spawns(decision: Decision) -> Sequence[Spawn]:
    return decision["spawns"] if decision["action"] == "spawn" else ()


def _said(words: str) -> str:
    """Another tick, or a supervisor that just started, was there first: no error."""
    return "busy: another one looks after it" if "is supervised by" in words else words


def _needed(decision: Decision, seen: Seen) -> set[str]:
    """Projects with something to start or to finish."""
    found = {zombie["slug"] for zombie in decision["zombies"]}
    found |= {spawn["project"] for spawn in _spawns(decision)}
    whose = (ticking.named(session.label) for session in seen.sessions)
    found |= {slug for slug, _ in filter(None, whose)}
    return found | {each.slug for each in seen.outlooks if each.busy}


def _end(zombie: Zombie, seen: Seen) -> dict[str, Any]:
    """As `team stop SESSION` does; what has ended needs no more than a look."""
    did = "is not ours to end"
    session = seen.ours.get(zombie["label"])
    if zombie["reason"] == "session-ended":
        did = "has ended" if session is None else "has no process"
    elif session is not None:
        limit = _limit(seen, zombie) if zombie["reason"] == "timeout" else None
        did = _want_stop(seen, zombie["slug"], session, limit)
    return {"label": zombie["label"], "reason": zombie["reason"], "did": did}


def _limit(seen: Seen, zombie: Zombie) -> float | None:
    """Over which it is, in seconds: its own, else its project's."""
    own = (s.limit for s in seen.sessions if s.label == zombie["label"] and s.limit is not None)
    project = (o.worker_timeout for o in seen.outlooks if o.slug == zombie["slug"])
    return next((limit for limit in (*own, *project) if math.isfinite(limit)), None)


def _want_stop(seen: Seen, slug: str, session: str, limit: float | None) -> str:
    try:
        store = open_store(seen.places[slug].database)
    except TeamError as error:
        return str(error)
    try:
        return "is told to stop" if store.want(session, Wanted.STOP, limit) else "has ended"
    finally:
        store.close()
