"""Does it hold for long: kills at random moments, and thousands of sessions through one process?

`python -m tests.faults.soak --kills 1000 --sessions 10000` prints a table, and ends with 1 when
anything was wrong.
"""

import argparse
import contextlib
import ctypes
import os
import random
import select
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import msgspec

from team_supervisor.adapters.processes import ProcessRef
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.supervisor import nothing_left, supervise
from tests.teams import end, run_until

from .ground import Ground, kill, reap_all

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
MOST_OPEN = 6
BATCH = 10
# Seconds between two kills, on average: some supervisors die at once, some get far.
LIFE = 0.4
# Of the first sessions some leave their code and their caches in memory (bytes).
NOISE = 4 << 20
PER_SESSION = 512


@dataclass
class Storm:
    """Random kills, with requests coming in."""

    ground: Ground
    dice: random.Random
    child: int = 0
    made: int = 0
    slow: list[tuple[IO[str], list[str]]] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)

    def run(self, kills: int) -> None:
        self.child = self._fork()
        while self.killed.total() < kills:
            if self._open() < MOST_OPEN:
                self._ask()
            self._write_on()
            pidfd = os.pidfd_open(self.child)
            ended = select.select([pidfd], [], [], self.dice.expovariate(1 / LIFE))[0]
            os.close(pidfd)
            assert not ended, (self.ground.root / "traceback").read_text()
            self._kill(self.dice.choice(VICTIMS))
            reap_all()
        while self.slow:
            self._write_on()
        self._kill("supervisor")
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)

    def _fork(self) -> int:
        child = os.fork()
        if child == 0:
            try:
                self.ground.team.run(lambda _: False)
            except BaseException as error:
                (self.ground.root / "traceback").write_text(repr(error)[:5000])
            finally:
                os._exit(70)
        return child

    def _open(self) -> int:
        names = os.listdir(self.ground.workspace)
        return sum("-completed" not in n and n.startswith("intern-") for n in names)

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
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
            self.child = self._fork()
        elif found := list(self._recorded(what)):
            victim = self.dice.choice(found)
            self.ground.killed.add(victim.pid)
            kill(victim)
        else:
            return
        self.killed[what] += 1

    def _recorded(self, who: str) -> Iterator[ProcessRef]:
        for path in self.ground.team.workspace.control.glob("sessions/*/host.json"):
            with contextlib.suppress(OSError, msgspec.MsgspecError, KeyError, TypeError):
                ref = ProcessRef(**msgspec.json.decode(path.read_bytes())[who])
                if Path(f"/proc/{ref.pid}").exists():
                    yield ref


def storm(kills: int, seed: int, where: Path) -> dict[str, Any]:
    """What was killed and what came of it."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    ground = Ground(where)
    ground.set(restarts=RestartPolicy(first_delay=0.02, max_delay=0.1, failures=30))
    ground.set(limits=replace(ground.team.settings.limits, spawned_per_hour=1_000_000))
    one = Storm(ground, random.Random(seed))
    began = time.monotonic()
    try:
        one.run(kills)
        ground.team.run()
        ground.oracle(cli=True)
    finally:
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(one.child, signal.SIGKILL) if one.child and _is_child(one.child) else None
        end(ground.marked())
        reap_all()
    states = Counter(str(session.state) for session in ground.team.sessions())
    return {
        "kills": dict(one.killed),
        "requests": one.made,
        "sessions": dict(states),
        "seconds": round(time.monotonic() - began, 1),
    }


def _is_child(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


@dataclass(frozen=True)
class Load:
    """What the supervisor's process holds after so many sessions."""

    sessions: int
    descriptors: int
    threads: int
    memory: int


def leaks(sessions: int, where: Path) -> list[Load]:
    """One supervisor's process, measured now and then while sessions go through it."""
    ground = Ground(where)
    team = ground.team
    limits = replace(
        team.settings.limits, sessions=BATCH, spawned_per_hour=1_000_000, disk_free_mb=0
    )
    ground.set(limits=limits)
    found: list[Load] = []
    # Our own list of events would grow with every session.
    with supervise(
        team.workspace, team.settings, team.environ, lambda *_: None, "a test"
    ) as supervisor:
        for done in range(0, sessions, BATCH):
            for n in range(done, min(done + BATCH, sessions)):
                ground.request(f"r{n}", "done all")
            run_until(supervisor, nothing_left, 60)
            if done % max(BATCH, sessions // 10 // BATCH * BATCH) == 0:
                found.append(_load(done + BATCH))
        found.append(_load(sessions))
    ground.oracle(cli=True)
    return found


def _load(sessions: int) -> Load:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Load(
        sessions=sessions,
        descriptors=len(os.listdir("/proc/self/fd")),
        threads=threading.active_count(),
        memory=pages * os.sysconf("SC_PAGE_SIZE"),
    )


def leaked(loads: list[Load]) -> list[str]:
    """What grew from the first measure to the last."""
    first, last = loads[0], loads[-1]
    wrong = []
    if last.descriptors > first.descriptors:
        wrong.append(f"descriptors: {first.descriptors} -> {last.descriptors}")
    if last.threads > first.threads:
        wrong.append(f"threads: {first.threads} -> {last.threads}")
    most = NOISE + PER_SESSION * (last.sessions - first.sessions)
    if last.memory - first.memory > most:
        wrong.append(f"memory: {first.memory:,} -> {last.memory:,} bytes")
    return wrong


def main() -> int:
    given = argparse.ArgumentParser(prog="python -m tests.faults.soak")
    given.add_argument("--kills", type=int, default=1000)
    given.add_argument("--sessions", type=int, default=10_000)
    given.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    asked = given.parse_args()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="team-soak-", ignore_cleanup_errors=True) as scratch:
        if asked.kills:
            print(f"random kills (seed {asked.seed})")
            try:
                for name, value in storm(asked.kills, asked.seed, Path(scratch, "storm")).items():
                    print(f"  {name:10} {value}")
            except AssertionError as error:
                wrong.append(str(error))
        if asked.sessions:
            loads = leaks(asked.sessions, Path(scratch, "leaks"))
            print(f"{'sessions':>10} {'descriptors':>12} {'threads':>8} {'MiB':>8}")
            for load in loads:
                shown = f"{load.sessions:>10} {load.descriptors:>12} {load.threads:>8}"
                print(f"{shown} {load.memory / (1 << 20):>8.1f}")
            wrong += leaked(loads)
    print("\n".join(wrong) or "nothing wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
