"""How is a team founded in a workspace whose supervisor is at work?"""

import os
import select
import uuid
from collections.abc import Sequence
from pathlib import Path

import msgspec

from team_supervisor.adapters import clock, files, git, locks, personas
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.workspace import Workspace, reserve
from team_supervisor.cli.founding import Founding, check, write_files
from team_supervisor.core.model import Session
from team_supervisor.errors import TeamError
from team_supervisor.settings import Settings

PATIENCE = 15.0  # seconds
PAUSE = 0.05


def join(place: Workspace, store: Store, settings: Settings, wanted: Founding) -> list[Session]:
    """Put the members' directories there, as the supervisor takes up any that is put back.

    Each is whole when it gets its name; the one writer of state makes the rows. Waits for that.
    """
    known = personas.load(personas.search_path(place.root, place.project)).by_name
    check(place, settings, known, wanted)
    team = [_member(place, store, *member) for member in wanted.members]
    for session in team:
        _draft(place, session, wanted, team)
    store.set_team("wanted", "run")
    # The manager last: whoever it writes to is there.
    for session in reversed(team):
        os.rename(_hidden(place, session), place.directory(session.id))
    locks.ring(place.doorbell)
    _wait_until_known(place, store, team)
    return team


def _member(place: Workspace, store: Store, persona: str, name: str) -> Session:
    now = clock.now().wall
    last = int(store.team("last_ms") or 0)
    session = reserve(place, persona, max(int(now * 1000), last + 1))
    store.set_team("last_ms", str(max(last, int(session.rpartition("-")[2]))))
    return Session(
        id=session,
        persona=persona,
        name=name,
        created_at=now,
        requester=None,
        depth=0,
        runner="",
        conversation=str(uuid.uuid4()),
        directory=session,
        start_commit=git.head(place.project),
    )


def _draft(place: Workspace, session: Session, wanted: Founding, team: Sequence[Session]) -> None:
    hidden = _hidden(place, session)
    hidden.mkdir()
    write_files(hidden, session, wanted, team)
    published = {"name": session.name, "start_commit": session.start_commit}
    files.write(hidden / "session.json", msgspec.json.encode(published) + b"\n")


def _hidden(place: Workspace, session: Session) -> Path:
    return place.root / f".{session.id}"


def _wait_until_known(place: Workspace, store: Store, team: Sequence[Session]) -> None:
    ids = {session.id for session in team}
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
