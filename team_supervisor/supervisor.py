"""The loop: wait, observe, plan, apply; nothing else."""

import contextlib
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from team_supervisor.adapters import clock, locks, processes
from team_supervisor.adapters.database import PARTS
from team_supervisor.adapters.store import Store, open_store
from team_supervisor.adapters.waker import Waker
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.apply import Tools
from team_supervisor.apply.importing import import_lost
from team_supervisor.carrying import Carrier, publish_again
from team_supervisor.core.due import LATER, SOON
from team_supervisor.core.events import Event, SupervisorStarted, SupervisorStopped, Warned
from team_supervisor.core.model import Moment, State
from team_supervisor.core.reconcile import plan
from team_supervisor.core.trouble import Trouble
from team_supervisor.core.world import World
from team_supervisor.episodes import Episodes, Refused
from team_supervisor.errors import TeamError, WorkspaceBusy
from team_supervisor.heartbeat import Heart, said_of
from team_supervisor.observe import Observer
from team_supervisor.reload import SettingsFile
from team_supervisor.settings import Settings
from team_supervisor.telling import Telling
from team_supervisor.watching import Watching

# After so many looks in a row that changed something, the loop rests a moment all the same.
BUSY_LOOKS = 200

Sink = Callable[[float, Event], None]


@dataclass(slots=True)
class Supervisor:
    """One workspace's one writer; made by `supervise`."""

    workspace: Workspace
    store: Store
    tools: Tools
    observer: Observer
    waker: Waker
    lock: int
    sink: Sink
    command: str = "a supervisor"
    draining: bool = False
    stopping: bool = False
    settings_file: SettingsFile | None = None
    after_look: Callable[[World | None], None] = lambda world: None
    _printed: int = 0
    _warned: set[str] = field(default_factory=set)
    episodes: Episodes = field(init=False)
    carrier: Carrier = field(init=False)
    watching: Watching = field(init=False)
    telling: Telling = field(init=False)
    heart: Heart = field(init=False)
    _held: dict[Path, locks.Identity | None] = field(init=False)

    def __post_init__(self) -> None:
        self.episodes = Episodes(self.workspace, self.say)
        self.carrier = Carrier(self.episodes, self.warn)
        attention = self.observer.attention
        self.telling = Telling(self.workspace, self.store, self.tools.environ, self.waker.ring)
        self.heart = Heart(self.store, said_of(self.command, os.getpid(), os.uname().nodename))
        self.watching = Watching(self.workspace, self.waker, attention, self.warn)
        held, database = os.fstat(self.lock), self.workspace.database
        self._held = {
            self.workspace.lock: (held.st_dev, held.st_ino),
            database: locks.identity(database),
        }
        # Without its log, too, others would see another database than we do.
        for part in (database.with_name(f"{database.name}{suffix}") for suffix in PARTS[1:3]):
            if found := locks.identity(part):
                self._held[part] = found

    def tick(self) -> tuple[World, bool]:
        """One look and what follows from it: the world, and whether anything changed."""
        now = clock.now()
        processes.reap()
        self._keep_settings(now)
        world = self.observer.observe(now, draining=self.draining)
        actions = plan(world)
        self.observer.planned(world, actions)
        changed = self.carrier.carry_out(actions, self.tools, now)
        self.episodes.look(now.monotonic)
        self.tell()
        self.telling.look(self.tools.settings.told, now)
        return world, changed

    def _keep_settings(self, now: Moment) -> None:
        """What changed in team.yaml holds for all that is decided from here on."""
        told = self.settings_file and self.settings_file.again(now.monotonic, self._use)
        if told:
            events, warnings = told
            for event in events:
                self.record(event)
            for warning in warnings:
                self.warn(warning)

    def _use(self, settings: Settings) -> None:
        self.tools = replace(self.tools, settings=settings)
        self.observer.use(settings)

    def run(self, done: Callable[[World], bool]) -> None:
        """Until `done` says so of a world in which nothing changed, or `stop` was called."""
        busy = 0
        if self.tools.settings.file_events:
            self.watching.begin()
        while not self.stopping:
            self._keep_lock()
            try:
                world, changed = self.tick()
            except Refused as error:
                self.after_look(None)
                self._without_a_look(error)
                continue
            self.after_look(world)
            self.heart.keep(world)
            if not changed and done(world):
                return
            busy = busy + 1 if changed else 0
            if changed and busy % BUSY_LOOKS:
                continue
            self.watching.keep(self.tools.settings.file_events)
            self._rest(world, changed)

    def _rest(self, world: World, changed: bool) -> None:
        """Until somebody has to be looked at; a file event may concern nobody right now."""
        begun = clock.now().monotonic
        most = SOON if changed else self.observer.rest(world, begun)
        attention = self.observer.attention
        while (left := begun + most - clock.now().monotonic) > 0:
            # Who was heard of a moment after a look is due before the others are.
            woken = self.waker.wait(min(left, attention.until_next(clock.now().monotonic)))
            attention.mark(woken.ended)
            attention.hear(clock.now().monotonic)
            if woken.rung or attention.until_next(clock.now().monotonic) <= 0:
                return

    def stop(self) -> None:
        """From a signal handler: end the loop after this look."""
        self.stopping = True
        self.waker.ring()

    def record(self, event: Event) -> None:
        self.store.record(event, clock.now().wall)
        self.tell()

    def warn(self, reason: str) -> None:
        """Say it once, even when the disk is too full to record it."""
        if reason not in self._warned:
            self._warned.add(reason)
            self.say(reason)

    def say(self, reason: str) -> None:
        try:
            self.record(Warned(reason=reason))
        except Refused:
            self.sink(clock.now().wall, Warned(reason=reason))

    def tell(self) -> None:
        """Hand the facts recorded since the last time to whoever shows them."""
        for number, at, event in self.store.events_after(self._printed):
            self._printed = number
            self.sink(at, event)

    def _without_a_look(self, error: Exception) -> None:
        now = clock.now().monotonic
        if not self.workspace.root.is_dir():
            self.episodes.begin(Trouble.GONE, now)
        elif not self.episodes.met(error, now):
            self.warn(f"{self.workspace.root} cannot be looked at ({error}): agents go on")
        self.observer.attention.mark_all()
        self.waker.wait(LATER)

    def _keep_lock(self) -> None:
        """Not one more action once the workspace is another's, or another one stands there."""
        # What is written into a database that has no name any more is lost with this process.
        if path := locks.replaced(self.workspace.root, self._held):
            kind = WorkspaceBusy if path == self.workspace.lock else TeamError
            raise kind(
                f"{path} was removed or replaced: this supervisor stops, "
                "its agents go on; start it again with `orchestrate`"
            )

    def close(self) -> None:
        self.carrier.publish(self.tools, clock.now())
        self.telling.close(self.tools.settings.told)
        self.watching.close()
        self.tools.mover.close()
        self.observer.sessions.forget_all_but(set())
        self.observer.sessions.parser.close()
        self.waker.close()
        self.store.close()
        os.close(self.lock)


@contextlib.contextmanager
def supervise(
    workspace: Workspace, settings: Settings, environ: Mapping[str, str], sink: Sink, name: str
) -> Iterator[Supervisor]:
    """Hold the workspace; WorkspaceBusy when somebody else does. `name` is the command."""
    lock = locks.hold(workspace.lock, locks.ourselves(name, clock.stamp(clock.now().wall)))
    # A lease that a writer breaks sends SIGIO, which would end the process.
    with contextlib.suppress(AttributeError, ValueError):
        signal.signal(signal.SIGIO, signal.SIG_IGN)
    store, problem = _open(workspace)
    observer = Observer(workspace, settings, store)
    waker = Waker(workspace.doorbell)
    observer.sessions.waker = observer.sessions.parser.waker = waker
    tools = Tools(
        workspace=workspace,
        settings=settings,
        store=store,
        personas=observer.personas,
        started=observer.sessions.started,
        environ=environ,
    )
    supervisor = Supervisor(
        workspace, store, tools, observer, waker, lock, sink, name, _printed=store.last_event()
    )
    if problem:
        supervisor.warn(problem)
    import_lost(tools, clock.now())
    publish_again(tools)
    try:
        yield supervisor
    finally:
        supervisor.close()


def _open(workspace: Workspace) -> tuple[Store, str | None]:
    """The store; a broken database is put aside and built again from the directories."""
    try:
        return open_store(workspace.database), None
    except sqlite3.OperationalError as error:
        raise TeamError(
            f"{workspace.database} cannot be used ({error}): see that its disk has room "
            "and that it belongs to you"
        ) from None
    except sqlite3.DatabaseError as error:
        aside = workspace.database.with_suffix(f".corrupt-{int(clock.now().wall)}")
        for suffix in ("", "-wal", "-shm"):
            old = workspace.database.with_name(workspace.database.name + suffix)
            if old.exists():
                os.rename(old, f"{aside}{suffix}")
        store = open_store(workspace.database)
        return store, f"the database was broken ({error}): kept as {aside.name}, built anew"


def orchestrate(supervisor: Supervisor, done: Callable[[World], bool]) -> None:
    """Announce, run, and say what goes on without us."""
    store = supervisor.store
    running = [s for s in store.live() if s.attempt_at is not None]
    supervisor.record(
        SupervisorStarted(
            workspace=str(supervisor.workspace.root), pid=os.getpid(), adopted=len(running)
        )
    )
    try:
        supervisor.run(done)
    finally:
        left = [s for s in store.live() if s.state in (State.ACTIVE, State.STARTING)]
        with contextlib.suppress(sqlite3.OperationalError):
            supervisor.record(SupervisorStopped(running=len(left)))


def take_up_stopped_team(store: Store) -> None:
    """After `team stop` the team goes on where it was; sessions that were stopped one by one
    stay stopped until `retry`. Only wants are written: any process may."""
    if store.team("wanted") == "stop":
        with store.transaction():
            for session in store.sessions():
                if session.state == State.STOPPED and session.ended_at is not None:
                    _take_up(store, session.id, session.ended_at)
            store.set_team("wanted", "run")


def _take_up(store: Store, session: str, ended_at: float) -> None:
    if ended_at >= float(store.team("stop_asked_at") or "inf"):
        store.want_retry(session)


def nothing_left(world: World) -> bool:
    """No session lives and no request waits."""
    return not world.requests and all(session.ended for session in world.live)


def settled(world: World) -> bool:
    """What should run runs, as far as one look can tell."""
    busy = (State.REQUESTED, State.STARTING, State.STOPPING)
    return not any(
        session.state in busy and session.restart_at is None for session in world.live
    ) and all(look.row is not None and look.row.status == "queued" for look in world.requests)
