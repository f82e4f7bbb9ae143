"""What is to be told elsewhere, and what has become of it?"""

import random
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from team_supervisor.adapters import clock, registry
from team_supervisor.adapters.channel import Messenger, Result
from team_supervisor.adapters.outbox import Message, Outbox
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core import telling
from team_supervisor.core.event import Event
from team_supervisor.core.model import Moment
from team_supervisor.core.restarts import Death, RestartAfter, RestartPolicy, decide
from team_supervisor.core.taskgraph import AT_WORK
from team_supervisor.core.telling import DAY, Memory, Notify, Place, Told
from team_supervisor.preferences import PreferencesFile

POLICY = RestartPolicy(first_delay=5.0, max_delay=3600.0, failures=1 << 30)
# How long one sending may take, and how long all may take at the end (seconds).
PATIENCE, LAST_WORDS = 20.0, 2.0
_OF_THE_PLAN = ("task", "tasks_imported", "queue", "iteration")


@dataclass(slots=True)
class Line:
    """To one channel: one message at a time, and a rest after each that failed."""

    messenger: Messenger
    channel: str | None = None
    failures: int = 0
    again_at: float = 0.0


@dataclass(slots=True)
class Telling:
    """Fills the outbox from events and empties it; a channel can delay nothing but itself.

    A message is delivered at least once: after a crash between its sending and the note of that
    it is sent again.
    """

    workspace: Workspace
    store: Store
    environ: Mapping[str, str]
    ring: Callable[[], None]
    policy: RestartPolicy = POLICY
    patience: float = PATIENCE
    outbox: Outbox = field(init=False)
    _file: PreferencesFile = field(init=False)
    _lines: dict[Place, Line] = field(init=False)
    _registered: str | None = None
    _tidied_at: float = float("-inf")

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.store)
        self._file = PreferencesFile(self.environ)
        places: tuple[Place, ...] = ("project", "orchestrator")
        self._lines = {place: Line(Messenger(self.ring)) for place in places}

    def look(self, own: Notify, now: Moment) -> None:
        """After each look of the loop; returns at once, whatever the channel does."""
        try:
            self._look(own, now)
        except (OSError, sqlite3.OperationalError):
            pass  # the disk is full or gone, which the loop says: the next look tries again

    def _look(self, own: Notify, now: Moment) -> None:
        machine = self._file.current(now.monotonic).notify
        place = telling.place(own, machine)
        if place is None:
            if self.outbox.cursor() is not None:
                self.outbox.keep(None, Memory())
            return
        self._fill(place, (machine, own), now.wall)
        if now.monotonic - self._tidied_at > 60.0:
            self._tidied_at = now.monotonic
            self.outbox.tidy(now.wall)
        for each in self._lines:
            self._collect(each, now)
            self._hand_out(each, (machine, own), now)

    def _fill(self, place: Place, layers: tuple[Notify, Notify], now: float) -> None:
        cursor = self.outbox.cursor()
        if cursor is None:
            # Nobody wants to hear what happened before there was a channel.
            self.outbox.keep(self.store.last_event(), Memory())
            return
        found = self.store.events_after(cursor)
        if not found:
            return
        memory = self.outbox.memory()
        with self.store.transaction(durable=False):
            for number, at, event in found:
                memory, told = telling.tell(event, at, memory)
                self._put(place, layers, told, (at, now))
                cursor = number
            memory = self._plan(memory, [event for _, _, event in found], place, layers, now)
            self.outbox.keep(cursor, memory)

    def _put(
        self,
        place: Place,
        layers: tuple[Notify, Notify],
        told: Told | None,
        times: tuple[float, float],
    ) -> None:
        at, now = times
        if told and telling.rule(told.event, *layers).enabled and at > now - DAY:
            self.outbox.put(place, told, at, now)

    def _plan(
        self,
        memory: Memory,
        found: list[Event],
        place: Place,
        layers: tuple[Notify, Notify],
        now: float,
    ) -> Memory:
        if not any(event.kind in _OF_THE_PLAN for event in found):
            return memory
        table = TaskTable(self.store)
        counts = table.counts()
        at_work = sum(number for state, number in counts.items() if state in AT_WORK)
        states = {state.value: number for state, number in counts.items() if number}
        plan = telling.Plan(len(table.ready()), at_work, states)
        memory, told = telling.idle(plan, memory)
        self._put(place, layers, told, (now, now))
        return memory

    def _collect(self, place: Place, now: Moment, seconds: float = 0.0) -> None:
        messenger = self._lines[place].messenger
        result = messenger.result(seconds)
        late = now.monotonic - messenger.since > self.patience
        if result is None and messenger.number is not None and late:
            result = messenger.abandon()
        if result is not None:
            self._note(place, result, now)

    def _note(self, place: Place, result: Result, now: Moment) -> None:
        line = self._lines[place]
        if result.problem is None:
            line.failures, line.again_at = 0, 0.0
            self.outbox.delivered(result.number)
            return
        death = Death(line.failures, ran=0.0, progressed=False)
        then = decide(death, self.policy, random.uniform(-1.0, 1.0))
        assert isinstance(then, RestartAfter)
        line.failures = then.failures
        # The channel rests, not only this message: the others would meet the same.
        line.again_at = now.monotonic + then.delay
        self.outbox.failed(result.number, result.problem, now.wall + then.delay)

    def _hand_out(
        self, place: Place, layers: tuple[Notify, Notify], now: Moment, *, soon: bool = False
    ) -> None:
        machine, own = layers
        channel = own.channel if place == "project" else machine.channel
        line = self._renewed(place, channel, now)
        if not channel or now.monotonic < line.again_at or not line.messenger.free:
            return
        message = self.outbox.next(place, now.wall, soon=soon)
        if message is None:
            return
        self.outbox.begun(message.number, now.wall)
        url, problem = telling.resolved(channel, self.environ, place)
        if problem:
            self._note(place, Result(message.number, problem), now)
        else:
            text = self._text(message, layers)
            line.messenger.start(message.number, url, text, now.monotonic)

    def _renewed(self, place: Place, channel: str | None, now: Moment) -> Line:
        """What another channel refused does not count against the one that is set now."""
        line = self._lines[place]
        if channel != line.channel:
            line.channel, line.failures, line.again_at = channel, 0, 0.0
            self.outbox.rest_no_longer(place, now.wall)
        return line

    def _text(self, message: Message, layers: tuple[Notify, Notify]) -> str:
        mention = telling.rule(message.event, *layers).mention
        told = Told(message.event, message.words[0], message.look)
        return telling.text(self._slug(), told, message.words, message.count, mention)

    def _slug(self) -> str:
        """As it is registered, which is read when the first message is written."""
        if self._registered is None:
            name = registry.slug(self.environ, self.workspace.root)
            self._registered = name or self.workspace.project.name
        return self._registered

    def close(self, own: Notify) -> None:
        """The last words: what was not tried yet, unless the channel does not work."""
        try:
            self._last_words(own)
        except (OSError, sqlite3.OperationalError):
            pass  # they stay in the outbox for the next supervisor

    def _last_words(self, own: Notify) -> None:
        machine = self._file.current(clock.now().monotonic).notify
        place = telling.place(own, machine)
        until = clock.now().monotonic + LAST_WORDS
        if place is None:
            return
        line = self._lines[place]
        while not line.failures and (left := until - clock.now().monotonic) > 0:
            self._collect(place, clock.now(), left)
            self._hand_out(place, (machine, own), clock.now(), soon=True)
            if line.messenger.number is None:
                return
