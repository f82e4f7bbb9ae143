"""Does it hold for long: kills at random moments, and thousands of sessions through one process?

`python -m tests.faults.soak --kills 1000 --sessions 10000` prints a table, and ends with 1 when
anything was wrong. A run of that size or more, with `--write`, puts its table into docs/soak.md.
"""

import argparse
import os
import platform
import random
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import leaking
from .leaking import Load, leaks
from .storming import storm

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "soak.md"
KILLS, SESSIONS = 1000, 10_000
BETWEEN = re.compile(r"(?<=<!-- measured -->\n).*?(?=<!-- end -->)", re.DOTALL)


def table(head: list[str], rows: list[list[str]]) -> str:
    """In Markdown, its columns aligned, so that it reads well in a terminal, too."""
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    bar = ["-" * width for width in widths]
    for row in rows:
        row[1:] = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths)] for row in [head, bar, *rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def of_storm(found: dict[str, object]) -> str:
    return table(["random kills", ""], [[name, f"{found[name]:,}"] for name in found])


def of_leaks(loads: list[Load]) -> str:
    """Each measure, and last by how much each figure grows in 1,000 sessions."""
    head = ["sessions", "descriptors", "threads", "memory (MiB)", "CPU (s)", "sessions/s"]
    rows = [_row(before, load) for before, load in zip([None, *loads], loads)]
    kept = leaking.settled(loads)
    grown = {what: 1000 * leaking.slope(kept, what) for what in leaking.NOISE}
    slopes = [f"{grown['descriptors']:+.2f}", f"{grown['threads']:+.2f}"]
    slopes.append(f"{grown['memory'] / 1024:+.2f}")
    return table(head, [*rows, ["in 1,000", *slopes, "", ""]])


def _row(before: Load | None, load: Load) -> list[str]:
    done = load.sessions - (before.sessions if before else 0)
    took = load.seconds - (before.seconds if before else 0.0)
    memory, rate = f"{load.memory / 1024:.1f}", f"{done / took:.1f}"
    return [f"{load.sessions:,}", f"{load.descriptors}", f"{load.threads}", memory,
            f"{load.cpu:.0f}", rate]  # fmt: skip


class Soak:
    """What was measured, in Markdown, and what was wrong."""

    def __init__(self, scratch: Path, seed: int) -> None:
        self.scratch, self.seed = scratch, seed
        self.told: list[str] = []
        self.wrong: list[str] = []

    def say(self, text: str) -> None:
        self.told.append(text)
        print(text, flush=True)

    def kills(self, number: int) -> None:
        self.say(of_storm(storm(number, self.seed, self.scratch / "storm")))

    def sessions(self, number: int) -> None:
        loads = leaks(number, self.scratch / "leaks")
        self.say(of_leaks(loads))
        self.wrong += leaking.leaked(loads)

    def part(self, run: Callable[[int], None], number: int) -> None:
        """One after the other, whatever becomes of the first."""
        try:
            run(number) if number else None
        except AssertionError as error:
            self.wrong.append(f"{run.__name__}: {error}")
            print(self.wrong[-1], flush=True)


def machine() -> str:
    system = f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}.\n"


def write(document: Path, told: list[str]) -> None:
    """Between the markers, which stay."""
    measured = "\n".join(["", machine(), *told, ""])
    document.write_text(BETWEEN.sub(lambda _: measured, document.read_text()))


def main() -> int:
    given = argparse.ArgumentParser(prog="python -m tests.faults.soak")
    given.add_argument("--kills", type=int, default=KILLS)
    given.add_argument("--sessions", type=int, default=SESSIONS)
    given.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    given.add_argument("--write", action="store_true", help="a full run into docs/soak.md")
    asked = given.parse_args()
    print(f"{asked.kills:,} kills (seed {asked.seed}), {asked.sessions:,} sessions\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="team-soak-", ignore_cleanup_errors=True) as scratch:
        soak = Soak(Path(scratch), asked.seed)
        soak.part(soak.kills, asked.kills)
        soak.part(soak.sessions, asked.sessions)
    if asked.write and not soak.wrong and asked.kills >= KILLS and asked.sessions >= SESSIONS:
        write(DOCUMENT, soak.told)
    print("\n".join(soak.wrong) or "nothing wrong")
    return 1 if soak.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
