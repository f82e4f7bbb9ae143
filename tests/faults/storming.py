"""Is anything lost or started twice when supervisor, hosts and agents are killed all the time?"""

import contextlib
import os
import random
import select
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.teams import end

from .ground import Ground, adopting_orphans, reap_all, wait_until
from .lives import Lives

SCRIPTS = (
    ["done all"],
    ["say hello", "bash sleep 0.1", "done all"],
    ["once tried exit 3", "done all"],
    ["bash setsid sleep 60 &", "done all"],
    ["once tried crash", "bash sleep 0.05", "done all", "exit 0"],
)
VICTIMS = ("supervisor", "supervisor", "supervisor", "host", "agent")
# A slow writer gets on by one piece with each kill.
PIECES = 4
# Requests are made only while fewer than this wait or live.
MOST_OPEN = 8
# Seconds between two kills, on average: some supervisors die at once, some get far.
LIFE = 0.4
# Of everything that is left to do after the last kill (seconds).
LONG = 60.0


@dataclass
class Storm:
    """Random kills, with requests coming in."""

    lives: Lives
    dice: random.Random
    made: int = 0
    slow: list[tuple[IO[str], list[str]]] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)

    @property
    def ground(self) -> Ground:
        return self.lives.ground

    def run(self, kills: int) -> None:
        self._start()
        while self.killed.total() < kills:
            if self._open() < MOST_OPEN:
                self._ask()
            self._write_on()
            self._live(self.dice.expovariate(1 / LIFE))
            self._kill(self.dice.choice(VICTIMS))
            reap_all()
        while self.slow:
            self._write_on()

    def finish(self) -> None:
        """Nobody is killed any more: what was asked comes to its end."""
        try:
            wait_until(self._all_over, LONG)
        except AssertionError:
            raise AssertionError(f"left open after {LONG:.0f} s: {self._left()}") from None
        self.lives.over()

    def _all_over(self) -> bool:
        assert not self.lives.ended(), self.lives.ended()
        return not self._open() and all(s.ended for s in self.lives.sessions())

    def _start(self) -> None:
        self.lives.fork(events=self.dice.random() < 0.5)

    def _left(self) -> list[str]:
        names = (n for n in os.listdir(self.ground.workspace) if n.startswith("intern-"))
        return sorted(n for n in names if "-completed" not in n)

    def _live(self, seconds: float) -> None:
        """Some moments of a supervisor that must not end by itself."""
        assert self.lives.program is not None
        pidfd = os.pidfd_open(self.lives.program.pid)
        ended = select.select([pidfd], [], [], seconds)[0]
        os.close(pidfd)
        assert not ended, self.lives.ended()

    def _open(self) -> int:
        return len(self._left())

    def _ask(self) -> None:
        self.made += 1
        name, steps = f"r{self.made}", self.dice.choice(SCRIPTS)
        if self.dice.random() < 0.5:
            self.ground.request(name, *steps)
            return
        directory = self.ground.workspace / f"intern-request-{name}"
        directory.mkdir()
        text = self.ground.text(name, *steps)
        size = len(text) // PIECES + 1
        pieces = [text[n : n + size] for n in range(0, len(text), size)]
        self.slow.append(((directory / "instructions.md").open("w"), pieces))

    def _write_on(self) -> None:
        for file, pieces in list(self.slow):
            if pieces:
                file.write(pieces.pop(0))
                file.flush()
            else:
                file.close()
                self.slow.remove((file, pieces))

    def _kill(self, what: str) -> None:
        if what == "supervisor":
            self.lives.kill()
            self._start()
        elif not self.lives.kill_one(what, self.dice.randrange(1000)):
            return
        self.killed[what] += 1


def storm(kills: int, seed: int, where: Path) -> dict[str, object]:
    """What was killed and what came of it, once the oracle has found nothing."""
    with adopting_orphans():
        ground = Ground(where)
        one = Storm(Lives(ground), random.Random(seed))
        began = time.monotonic()
        try:
            one.run(kills)
            one.finish()
            ground.oracle(cli=True)
        finally:
            one.lives.kill()
            with contextlib.suppress(OSError):
                end(ground.marked())
    return _told(one) | {"seconds": round(time.monotonic() - began)}


def _told(one: Storm) -> dict[str, object]:
    found, witnessed = one.ground.team.sessions(), one.ground.witnessed.read_text()
    return {
        "kills": one.killed.total(),
        **{f"of the {who}": one.killed[who] for who in ("supervisor", "host", "agent")},
        "requests": one.made,
        **{f"sessions {s}": n for s, n in Counter(str(s.state) for s in found).items()},
        "requests lost": len(set(one.ground.asked.values()) - {s.name for s in found}),
        "requests taken twice": len(found) - len({s.name for s in found}),
        "agents started": witnessed.count("began "),
        "agents beside another of their session": witnessed.count("overlap "),
        "processes left behind": len(one.ground.marked()),
    }
