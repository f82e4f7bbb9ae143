"""A little of the soak in every run: is nothing lost at random moments, and does nothing grow?"""

import subprocess
import sys
from pathlib import Path

import pytest

from . import soak
from .leaking import Load, leaked, slope

HERE = Path(__file__).resolve().parents[2]
BEFORE = "# Soak\n\n<!-- measured -->\nold\n<!-- end -->\n\nafter\n"


def run(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.soak", *map(str, words)],
        cwd=HERE,
        capture_output=True,
        text=True,
    )


def loads(descriptors: float = 0.0, threads: float = 0.0, memory: float = 0.0) -> list[Load]:
    """Measures of 10,000 sessions; what grows is given for each session, memory in KiB."""
    return [
        Load(
            sessions=n,
            descriptors=round(13 + descriptors * n),
            threads=round(4 + threads * n),
            memory=round(20_000 + memory * n) + n % 300,
            cpu=0.0,
            seconds=n / 10,
        )
        for n in range(500, 10_001, 500)
    ]


def test_some_kills_at_random_moments_lose_nothing() -> None:
    """Case 1; the seed that failed is printed."""
    ran = run("--kills", 10, "--sessions", 0)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "nothing wrong" in ran.stdout


def test_some_sessions_leave_nothing_behind_in_the_supervisor() -> None:
    """Case 55."""
    ran = run("--kills", 0, "--sessions", 60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "nothing wrong" in ran.stdout


def test_the_slope_is_that_of_the_line_through_the_measures() -> None:
    assert slope(loads(descriptors=0.25), "descriptors") == pytest.approx(0.25)
    assert slope(loads()[:1], "memory") == 0.0


def test_what_stays_the_same_is_no_leak() -> None:
    assert leaked(loads()) == []


@pytest.mark.parametrize(
    "grown", [{"descriptors": 0.001}, {"threads": 0.001}, {"memory": 1.0}], ids=str
)
def test_what_grows_with_the_sessions_is_a_leak(grown: dict[str, float]) -> None:
    [wrong] = leaked(loads(**grown))
    assert next(iter(grown)) in wrong


def test_what_only_the_first_sessions_took_is_no_leak() -> None:
    first, *others = loads()
    early = Load(first.sessions, 9, 1, 9_000, 0.0, 0.0)
    assert leaked([early, *others]) == []


def test_a_full_run_replaces_the_old_table_in_the_document(tmp_path: Path) -> None:
    document = tmp_path / "soak.md"
    document.write_text(BEFORE)
    soak.write(document, [soak.of_storm({"kills": 1000}), soak.of_leaks(loads())])
    written = document.read_text()
    assert "old" not in written
    assert "| kills        | 1,000 |" in written
    assert "| 10,000   |" in written
    assert written.startswith("# Soak\n") and written.endswith("<!-- end -->\n\nafter\n")


def test_the_document_has_a_place_for_the_table() -> None:
    assert soak.BETWEEN.search(soak.DOCUMENT.read_text())


def test_make_soak_runs_this_and_takes_a_size() -> None:
    make = ["make", "--no-print-directory", "-n", "soak", "KILLS=20", "SESSIONS=50"]
    said = subprocess.run(make, cwd=HERE, capture_output=True, text=True).stdout
    assert "-m tests.faults.soak --kills 20 --sessions 50 --write" in said
