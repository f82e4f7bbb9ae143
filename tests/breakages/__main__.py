"""Do the tests notice when what they are about is broken?

Each entry of breakages.toml is one promise of this program, one change that breaks it, and the
tests that must then fail. They run in a copy; nothing here is changed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TABLE = Path(__file__).with_name("breakages.toml")
PARTS = ("team_supervisor", "tests", "benchmarks", "docs", "pyproject.toml", "README.md")
FAILED = 1  # pytest's exit code when tests ran, and some failed


@dataclass(frozen=True, slots=True)
class Breakage:
    """`old` stands once in `file`; `tests` are what pytest is given."""

    promise: str
    file: str
    old: str
    new: str
    tests: str


def table() -> list[Breakage]:
    found = tomllib.loads(TABLE.read_text())
    return [Breakage(**entry) for entry in found["breakage"]]


def copied(to: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, to / name)


def noticed(breakage: Breakage) -> bool:
    """Do its tests fail on a copy that has it?"""
    with tempfile.TemporaryDirectory(prefix="breakage-") as name:
        place = Path(name)
        copied(place)
        file = place / breakage.file
        file.write_text(file.read_text().replace(breakage.old, breakage.new))
        words = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "--reruns", "0"]
        done = subprocess.run(
            [*words, "-p", "no:cacheprovider", "--timeout", "90", *breakage.tests.split()],
            cwd=place,
            env={**os.environ, "PYTHONPATH": name},
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
    return done.returncode == FAILED


def judged(entries: list[Breakage]) -> Iterator[tuple[Breakage, bool]]:
    for entry in entries:
        yield entry, noticed(entry)


def main() -> int:
    wanted = sys.argv[1:]
    chosen = [e for e in table() if not wanted or any(w in e.promise for w in wanted)]
    missed = 0
    for entry, seen in judged(chosen):
        missed += not seen
        print("noticed  " if seen else "MISSED   ", entry.promise, flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} are noticed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
