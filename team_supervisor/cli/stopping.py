"""How is a stop carried through, with and without a running supervisor?"""

import os
import select
from collections.abc import Sequence

import click

from team_supervisor.adapters import clock, locks
from team_supervisor.adapters.rows import QUERIES
from team_supervisor.adapters.store import Store, open_reader
from team_supervisor.adapters.workspace import Workspace, is_real
from team_supervisor.cli import options
from team_supervisor.cli.show import safe
from team_supervisor.core.model import PUBLISHED, Session
from team_supervisor.core.world import World
from team_supervisor.errors import TeamError, UsageError, WorkspaceBusy
from team_supervisor.settings import Settings, load

# Beyond the grace: freezing, killing and making sure that nothing is left (seconds).
MARGIN = 30.0
# Seconds between two glances at whether anything was written, and how many until the supervisor
# itself is looked for.
GLANCE, LOOKS = 0.02, 5
# So many rests at most for the copies of the last rows.
PATIENCE = 10


def wait_until_stopped(workspace: Workspace, stopping: Sequence[Session]) -> None:
    """Until all have ended; by the supervisor that lives, else by ourselves in its place."""
    settings = _settings(workspace)
    wanted = {s.id for s in stopping}
    _progress(f"Stopping {len(wanted)} session{'s' if len(wanted) > 1 else ''} …")
    deadline = clock.now().monotonic + settings.stop_grace + MARGIN
    store = open_reader(workspace.database)
    try:
        while left := _living(store) & wanted:
            if clock.now().monotonic > deadline:
                names = ", ".join(sorted(left))
                raise TeamError(f"still not ended: {names}; see `team-supervisor attach --list`")
            if not _drain(workspace, wanted):
                _rest(store)
        _until_published(store)
    finally:
        store.close()
    for session in stopping:
        kept = "kept" if is_real(workspace.directory(session.id)) else "gone"
        click.echo(f"⏹️  Stopped {safe(session.name)} ({session.id}): its directory is {kept}")


def _living(store: Store) -> set[str]:
    return {row["id"] for row in store.rows(QUERIES["live_ids"], {})}


def _until_published(store: Store) -> None:
    """Who reads session.json next is to find there that the session has ended."""
    last = store.last_event()
    for _ in range(PATIENCE):
        if int(store.team(PUBLISHED) or last) >= last:
            return
        _rest(store)


def _settings(workspace: Workspace) -> Settings:
    """A broken team.yaml must not keep anybody from ending a team that spends money."""
    try:
        return load(workspace.settings, os.environ)[0]
    except UsageError as error:
        click.echo(f"Warning: {safe(str(error))}; stopping with the defaults", err=True)
        return Settings()


def _drain(workspace: Workspace, wanted: set[str]) -> bool:
    """Take the supervisor's place and only stop; False when there is one already."""
    if locks.held_by(workspace.lock):
        return False
    from team_supervisor.supervisor import supervise

    settings = _settings(workspace)
    try:
        with supervise(workspace, settings, os.environ, lambda *_: None, "team stop") as one:
            one.draining = True
            one.run(lambda world: _ended(world, wanted))
    except WorkspaceBusy:
        return False
    return True


def _ended(world: World, wanted: set[str]) -> bool:
    return all(session.ended for session in world.live if session.id in wanted)


def _rest(store: Store) -> None:
    """Until another process changed the database, which nothing tells, or may have ended."""
    known = store.version()
    for _ in range(LOOKS):
        select.select([], [], [], GLANCE)
        if store.version() != known:
            return


def _progress(words: str) -> None:
    if options.rich_output():
        click.echo(words, err=True)
