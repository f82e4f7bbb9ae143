"""Whatever happens, in whatever order: does the one oracle hold in the end?

Hypothesis chooses what happens in a workspace and in which order; the real program, hosts and
scripted agents live through it. A failure is shown as the shortest sequence of calls found.
TEAM_STATEFUL_EXAMPLES and TEAM_STATEFUL_STEPS make it look harder (`make soak` does).
"""

import contextlib
import itertools
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from team_supervisor.core.model import State
from tests.teams import end, script

from .clockwork import set_clock
from .ground import Ground, gate, reap_all, wait_until
from .lives import Lives
from .mounts import fill, tmpfs

EXAMPLES = int(os.environ.get("TEAM_STATEFUL_EXAMPLES", "12"))
STEPS = int(os.environ.get("TEAM_STATEFUL_STEPS", "16"))
# Of everything that may be left to do at the end (seconds).
LONG = 40.0
DISK = "16m"
MOST_OPEN = 6

SCRIPTS = {
    "works": ["done all"],
    "takes a moment": ["say hello", "bash sleep 0.1", "done all"],
    "fails once": ["once tried exit 3", "done all"],
    "crashes once": ["once tried crash", "bash sleep 0.05", "done all", "exit 0"],
    "leaves a server": ["bash setsid nohup sleep 60 > /dev/null 2>&1 &", "done all"],
    "leaves by itself": ["done all", "exit 0"],
    "is held": ["GATE", "done all"],
    "is held in its second task": ["tasks one | two", "done one", "GATE", "done all"],
}
JUMPS = {"an hour back": -3600.0, "a day on": 86400.0, "right again": 0.0}
TO_1970 = "to 1970"
BEFORE_AN_ATTEMPT = "before an attempt"
MOMENTS = st.sampled_from(["now", BEFORE_AN_ATTEMPT])


def step(**strategies: Any) -> Callable[[Callable[..., None]], Any]:
    """A rule after which the invariants are asked; as hypothesis' own they would fill the story."""

    def checked(function: Callable[..., None]) -> Any:
        @wraps(function)
        def call(self: "AnyWorkspace", **given: Any) -> None:
            function(self, **given)
            self.check()

        return rule(**strategies)(call)

    return checked


@dataclass
class Writer:
    """Somebody who has a request's instructions open, and writes slowly."""

    directory: Path
    token: str
    file: IO[str]
    rest: list[str]


@dataclass
class Expected:
    """What must become of all that was asked."""

    completed: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)


class AnyWorkspace(RuleBasedStateMachine):
    """The model: what was asked, who is held, what is broken now."""

    def __init__(self, root: Path, small_disks: bool) -> None:
        super().__init__()
        root.mkdir()
        self.small_disks = small_disks
        self.ground = Ground(root)
        self.after = contextlib.ExitStack()
        self.expected = Expected()
        self.writers: list[Writer] = []
        self.names = (f"r{n}" for n in itertools.count())
        self.filler: Path | None = None
        self.can_fill = self.was_full = False
        # Was the disk full at any time of this supervisor?
        self.excused = False
        self.events = False
        # What supervisors said that ended because of the full disk.
        self.refusals: list[str] = []
        self.lives = Lives(self.ground)

    @initialize(events=st.booleans(), small_disk=st.booleans())
    def begin(self, events: bool, small_disk: bool) -> None:
        # Half of them cannot be filled: what a full disk did to an agent excuses too much.
        self.can_fill = self.small_disks and small_disk
        if self.small_disks:
            from team_supervisor.adapters.workspace import create

            self.after.enter_context(tmpfs(self.ground.workspace, DISK))
            create(self.ground.team.workspace)
        self.lives.write_settings()
        self.start(events)

    def start(self, events: bool) -> None:
        self.excused, self.events = self.full, events
        self.lives.start(events=events)

    @property
    def running(self) -> bool:
        return self.lives.program is not None

    @property
    def full(self) -> bool:
        return self.filler is not None

    def slow(self) -> set[str]:
        """Names of what is still being written."""
        return {self.ground.asked[writer.token] for writer in self.writers}

    def unfinished(self) -> set[str]:
        """Names of what has neither ended nor was refused yet."""
        over = {s.name for s in self.lives.sessions() if s.ended}
        return self.expected.completed - over

    def text(self, name: str, kind: str) -> str:
        steps = [gate(name) if step == "GATE" else step for step in SCRIPTS[kind]]
        if "GATE" in SCRIPTS[kind]:
            self.expected.held.add(name)
        if any(step.startswith("once") for step in SCRIPTS[kind]):
            self.expected.failing.add(name)
        self.expected.completed.add(name)
        return self.ground.text(name, *steps)

    # Requests

    @precondition(lambda self: not self.full and len(self.unfinished()) < MOST_OPEN)
    @step(kind=st.sampled_from(sorted(SCRIPTS)))
    def request(self, kind: str) -> None:
        """The Maildir way."""
        name = next(self.names)
        self.ground.team.request(name, text=self.text(name, kind))

    @precondition(lambda self: not self.full and len(self.unfinished()) < MOST_OPEN)
    @step(kind=st.sampled_from(sorted(SCRIPTS)), pieces=st.integers(2, 4))
    def begin_to_write(self, kind: str, pieces: int) -> None:
        name = next(self.names)
        directory = self.ground.workspace / f"intern-request-{name}"
        directory.mkdir()
        text = self.text(name, kind)
        size = len(text) // pieces + 1
        rest = [text[n : n + size] for n in range(0, len(text), size)]
        file = (directory / "instructions.md").open("w")
        self.writers.append(Writer(directory, list(self.ground.asked)[-1], file, rest))

    @precondition(lambda self: self.writers and not self.full)
    @step(which=st.integers(0, 9))
    def write_on(self, which: int) -> None:
        """One piece more, or the end of it."""
        writer = self.writers[which % len(self.writers)]
        if writer.rest:
            writer.file.write(writer.rest.pop(0))
            writer.file.flush()
        else:
            writer.file.close()
            self.writers.remove(writer)

    @precondition(lambda self: self.writers)
    @step(which=st.integers(0, 9))
    def take_back(self, which: int) -> None:
        """A request that is not whole cannot have been taken yet."""
        writer = self.writers.pop(which % len(self.writers))
        name = self.ground.asked.pop(writer.token)
        os.rename(writer.directory, self.ground.workspace / f".taken-back-{name}")
        with contextlib.suppress(OSError):
            writer.file.close()
        self.expected.completed.discard(name)
        self.expected.held.discard(name)
        self.expected.failing.discard(name)

    @precondition(lambda self: not self.full)
    @step()
    def request_somebody_unknown(self) -> None:
        name = next(self.names)
        self.expected.rejected.add(name)
        self.ground.request(name, "done all", persona="nobody")

    # Faults

    @precondition(lambda self: self.running)
    @step(moment=MOMENTS)
    def kill_supervisor(self, moment: str) -> None:
        self.until(moment)
        self.lives.kill()

    @precondition(lambda self: not self.running)
    @step(events=st.booleans())
    def start_supervisor(self, events: bool) -> None:
        self.start(events)

    @precondition(lambda self: self.running and not self.full)
    @step()
    def lose_events(self) -> None:
        self.lives.lose_events()

    @step(who=st.sampled_from(["host", "agent"]), which=st.integers(0, 9))
    def kill_one(self, who: str, which: int) -> None:
        self.lives.kill_one(who, which)

    @step(jump=st.sampled_from([*JUMPS, TO_1970]), moment=MOMENTS)
    def set_clock(self, jump: str, moment: str) -> None:
        self.until(moment)
        set_clock(self.lives.clock, JUMPS.get(jump, 10.0 - time.time()))

    @precondition(lambda self: self.can_fill and not self.full)
    @step()
    def fill_disk(self) -> None:
        self.filler, self.was_full = fill(self.ground.workspace), True
        self.excused = True

    @precondition(lambda self: self.full)
    @step()
    def free_disk(self) -> None:
        assert self.filler is not None
        self.filler.unlink()
        self.filler = None

    # The work goes on

    @precondition(lambda self: self.expected.held and not self.full)
    @step(which=st.integers(0, 9))
    def let_go_on(self, which: int) -> None:
        """Whoever is held, or would be."""
        held = sorted(self.expected.held)
        name = held[which % len(held)]
        self.ground.open_gate(name)
        self.expected.held.discard(name)

    @precondition(lambda self: self.running and not self.full)
    @step()
    def until_all_are_claimed(self) -> None:
        """Every request that is whole, whatever happened before."""
        asked = self.expected.completed - self.slow()
        self.wait(
            lambda: asked <= {s.name for s in self.lives.sessions()}, f"{asked} to be claimed"
        )

    @precondition(lambda self: self.running and not self.full)
    @step()
    def until_one_has_ended(self) -> None:
        """If there is one that can."""
        able = self.unfinished() - self.slow() - self.expected.held
        if able and not self.was_full:
            self.wait(lambda: able - self.unfinished(), f"one of {able} to end")

    @precondition(lambda self: self.running and not self.full)
    @step(which=st.integers(0, 9))
    def until_one_is_held(self, which: int) -> None:
        """In the middle of its work, if there is one that gets there."""
        if (held := sorted(self.expected.held - self.slow())) and not self.was_full:
            name = held[which % len(held)]
            self.wait(lambda: self.ground.reached(name), f"{name} to get to its gate")

    def until(self, moment: str) -> None:
        """Between a failure and the next attempt, if it is asked for and one is to fail."""
        able = self.expected.failing - self.slow()
        if moment == BEFORE_AN_ATTEMPT and able and self.running and not self.was_full:
            self.wait(
                lambda: (
                    not able & self.unfinished()
                    or any(s.restart_at is not None for s in self.lives.sessions())
                ),
                f"one of {able} to fail",
            )

    def wait(self, fact: Callable[[], object], what: str, seconds: float = 20.0) -> None:
        try:
            wait_until(lambda: self.died() or fact(), seconds)
        except AssertionError:
            raise AssertionError(f"waited in vain for {what}; {self.story()}") from None
        assert not self.died(), self.story()

    # What must hold at any moment

    def died(self) -> bool:
        """Has the supervisor ended by itself? It may only say that there is no room to start.

        Then another one is started once there is, as a service manager would.
        """
        ended = self.lives.ended()
        if ended is not None and self.excused and ended.startswith("1: "):
            assert len(ended.strip().splitlines()) == 1, ended
            self.refusals.append(ended)
            self.lives.kill()
            if not self.full:
                self.start(self.events)
            return False
        return ended is not None

    def check(self) -> None:
        """The supervisor lives, and no two agents of one session do."""
        assert not self.died(), self.story()
        witnessed = self.ground.witnessed
        if witnessed.exists():
            assert "overlap" not in witnessed.read_text(), self.story()

    def story(self) -> str:
        sessions = [f"{s.name} is {s.state} ({s.reason})" for s in self.lives.sessions()]
        told = "\n".join(self.lives.said()[-30:])
        ended = f"ended: {self.lives.ended()}, before that {self.refusals}"
        return f"{ended}; {sessions}\n{told}"

    # The end

    def teardown(self) -> None:
        failed = sys.exc_info()[0] is not None
        try:
            if not failed:
                self.finish()
                self.ground.oracle()
        except AssertionError:
            note(self.story())
            raise
        finally:
            self.clean_up()

    def finish(self) -> None:
        """All that is broken is mended, all that was asked is let go on; nobody is killed now."""
        if self.full:
            self.free_disk()
        while self.writers:
            self.write_on(which=0)
        while self.expected.held:
            self.let_go_on(which=0)
        if self.excused:
            self.lives.kill()
        if not self.running:
            self.start_supervisor(events=False)
        if self.was_full:
            self.remind()
        self.wait(lambda: not self.unfinished(), f"{self.unfinished()} to end", LONG)
        self.wait(self.refused, f"{self.expected.rejected} to be refused")
        self.lives.over()
        states = {s.name: s.state for s in self.lives.sessions()}
        assert states == dict.fromkeys(self.expected.completed, State.COMPLETED), self.story()

    def refused(self) -> bool:
        root = self.ground.workspace
        names = {f"nobody-request-{name}-rejected" for name in self.expected.rejected}
        return all((root / name / "reason.md").exists() for name in names)

    def remind(self) -> None:
        """An agent whose edit of tasks.md failed on the full disk does not try again by itself."""
        self.wait(
            lambda: self.expected.completed == {s.name for s in self.lives.sessions()}, "claims"
        )
        for name in sorted(self.unfinished()):
            again = script("done all")
            self.ground.team.call("say", name, again, "--workspace", self.ground.workspace)

    def clean_up(self) -> None:
        self.lives.kill()
        for writer in self.writers:
            with contextlib.suppress(OSError):
                writer.file.close()
        while left := self.ground.marked():
            end(left)
        reap_all()
        self.after.close()


@pytest.mark.timeout(900)
def test_any_sequence_of_requests_and_faults_ends_well(tmp_path: Path) -> None:
    """Requests, slow writers, kills, clock jumps, full disks and lost events (cases 1 to 52)."""
    numbers = itertools.count()
    small_disks = os.geteuid() == 0 and _mountable(tmp_path)
    run_state_machine_as_test(
        lambda: AnyWorkspace(tmp_path / f"w{next(numbers)}", small_disks),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _mountable(tmp_path: Path) -> bool:
    place = tmp_path / "mount"
    place.mkdir()
    try:
        with tmpfs(place, "1m"):
            return True
    except pytest.skip.Exception:
        return False
