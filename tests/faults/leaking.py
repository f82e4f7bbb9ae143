"""Does one supervisor hold more and more while thousands of sessions go through it?

Most sessions are a shell script's, which ticks its tasks; some are the scripted agent's, whose
conversation the supervisor reads. What it holds is asked of the kernel, while it rests.
"""

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.teams import end

from .ground import Ground, adopting_orphans, reap_all, wait_until
from .lives import Lives

# As the witness does: who began, and whether another of its session lived, ends up in the audit.
TICKER = """\
#!/bin/sh
exec 9> "$TEAM_AUDIT.$TEAM_SESSION_ID"
flock -n 9 || echo "overlap $TEAM_SESSION_ID $$" >> "$TEAM_AUDIT.witness"
echo "began $TEAM_SESSION_ID $$" >> "$TEAM_AUDIT.witness"
sed -i 's/^- \\*\\*Status\\*\\*: .*/- **Status**: completed/' "$1/tasks.md"
echo "exit $TEAM_SESSION_ID $$ 0" >> "$TEAM_AUDIT.witness"
"""
PERSONA = """\
---
description: Ticks its tasks.
runner: command
---
Tick your tasks.
"""
AT_ONCE = 50
# Every so many sessions one is the scripted agent's.
TALKER = 10
MEASURES, FEWEST = 20, 8
# Of the first sessions some leave their code and their caches in memory: no leak yet.
WARM_UP = 4
# More than this must not have come over the whole run (descriptors, threads, KiB).
NOISE = {"descriptors": 2.0, "threads": 1.0, "memory": 3072.0}
BATCH_SECONDS = 120.0


@dataclass(frozen=True)
class Load:
    """What the supervisor's process holds after so many sessions; memory in KiB."""

    sessions: int
    descriptors: int
    threads: int
    memory: int
    cpu: float
    seconds: float


def leaks(sessions: int, where: Path) -> list[Load]:
    """One supervisor, measured now and then while sessions go through it."""
    with adopting_orphans():
        ground = _ground(where)
        lives = Lives(ground)
        settings = ground.team.workspace.settings
        settings.write_text(settings.read_text() + _command(where))
        lives.start(events=True)
        try:
            found = list(_measured(lives, sessions))
            lives.over()
            ground.oracle(cli=True)
        finally:
            lives.kill()
            end(ground.marked())
    return found


def _ground(where: Path) -> Ground:
    ground = Ground(where)
    script = where / "ticker"
    script.write_text(TICKER)
    script.chmod(stat.S_IRWXU)
    personas = ground.team.workspace.root / "personas"
    personas.mkdir(exist_ok=True)
    (personas / "ticker.md").write_text(PERSONA)
    return ground


def _command(where: Path) -> str:
    return f'runners: {{command: {{argv: ["{where / "ticker"}", "{{session}}"]}}}}\n'


def _measured(lives: Lives, sessions: int) -> Iterator[Load]:
    began, archived = time.monotonic(), _archived(lives)
    at_once = min(AT_ONCE, max(1, sessions // FEWEST))
    every = max(at_once, sessions // MEASURES // at_once * at_once)
    for done in range(0, sessions, at_once):
        batch = range(done, min(done + at_once, sessions))
        for n in batch:
            persona = "intern" if n % TALKER == 0 else "ticker"
            lives.ground.request(f"r{n}", "done all", persona=persona)
        wait_until(partial(archived, batch.stop), BATCH_SECONDS)
        reap_all()
        if batch.stop % every == 0 or batch.stop == sessions:
            yield _load(lives, batch.stop, time.monotonic() - began)


def _archived(lives: Lives) -> Callable[[int], bool]:
    """Have so many sessions been archived by now, as the supervisor says?"""
    read = count = 0

    def archived(number: int) -> bool:
        nonlocal read, count
        assert lives.ended() is None, lives.ended()
        with lives.output.open("rb") as file:
            file.seek(read)
            new = file.read()
        lines = new[: new.rfind(b"\n") + 1]
        read, count = read + len(lines), count + lines.count(b'{"event": "session_archived"')
        return count >= number

    return archived


def _load(lives: Lives, sessions: int, seconds: float) -> Load:
    assert lives.program is not None
    proc = Path(f"/proc/{lives.program.pid}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    times = (proc / "stat").read_text().rpartition(")")[2].split()[11:13]
    return Load(
        sessions=sessions,
        descriptors=len(os.listdir(proc / "fd")),
        threads=int(status["Threads"]),
        memory=int(status["RssAnon"].split()[0]),
        cpu=sum(map(int, times)) / os.sysconf("SC_CLK_TCK"),
        seconds=seconds,
    )


def slope(loads: Sequence[Load], what: str) -> float:
    """By how much it grows with each session: the least squares' line through the measures."""
    xs = [float(load.sessions) for load in loads]
    ys = [float(getattr(load, what)) for load in loads]
    middle, level = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle) ** 2 for x in xs)
    return sum((x - middle) * (y - level) for x, y in zip(xs, ys)) / spread if spread else 0.0


def settled(loads: Sequence[Load]) -> Sequence[Load]:
    """Without the first measures, as long as enough are left."""
    return loads[len(loads) // WARM_UP :]


def leaked(loads: Sequence[Load]) -> list[str]:
    """What grows with the sessions, in a sentence each."""
    kept = settled(loads)
    over = kept[-1].sessions - kept[0].sessions
    wrong = []
    for what, noise in NOISE.items():
        grown = slope(kept, what) * over
        if grown > noise:
            wrong.append(f"leak: {what} grew by {grown:.1f} over {over} sessions")
    return wrong
