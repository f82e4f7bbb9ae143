"""How is a team founded in a workspace whose supervisor is at work?"""

import select
from collections.abc import Sequence

from team_supervisor.adapters import clock, locks, personas
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.workspace import Workspace, is_real
from team_supervisor.cli.founding import Founding, Member, check, draft, kept, promised, show
from team_supervisor.errors import TeamError
from team_supervisor.settings import Settings

PATIENCE = 15.0  # seconds
PAUSE = 0.05


def join(place: Workspace, store: Store, settings: Settings, wanted: Founding) -> list[Member]:
    """Put the members' directories there, as the supervisor takes up any that is put back.

    Each is whole when it gets its name; the one writer of state makes the rows. Waits for that.
    """
    known = personas.load(personas.search_path(place.root, place.project)).by_name
    check(place, settings, known, wanted)
    team = draft(place, store, wanted)
    keep(place, store)
    return team


def keep(place: Workspace, store: Store) -> list[str]:
    """Keep the promise of a founding; answers the ids, none where there was no promise."""
    ids = promised(store)
    if ids:
        show(place, ids)
        locks.ring(place.doorbell)
        _wait_until_known(place, store, [i for i in ids if is_real(place.directory(i))])
        kept(store)
    return ids


def _wait_until_known(place: Workspace, store: Store, team: Sequence[str]) -> None:
    ids = set(team)
    deadline = clock.now().monotonic + PATIENCE
    while store.known_ids(ids) != ids:
        if locks.held_by(place.lock) is None:
            raise TeamError(
                "the supervisor ended meanwhile: the team is in its workspace and begins "
                "with the next `team-supervisor orchestrate`"
            )
        if clock.now().monotonic > deadline:
            raise TeamError(
                f"the supervisor has not taken up the team within {PATIENCE:.0f} s; it will when "
                "it can: see `team-supervisor track`"
            )
        select.select([], [], [], PAUSE)
