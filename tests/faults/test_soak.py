"""A little of the soak in every run: is nothing lost at random moments, and does nothing grow?"""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]


def soak(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.soak", *map(str, words)],
        cwd=HERE,
        capture_output=True,
        text=True,
    )


def test_some_kills_at_random_moments_lose_nothing() -> None:
    """Case 1; the seed that failed is printed."""
    ran = soak("--kills", 15, "--sessions", 0)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_some_sessions_leave_nothing_behind_in_the_supervisor() -> None:
    """Case 55."""
    ran = soak("--kills", 0, "--sessions", 30)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_a_thousand_kills_and_ten_thousand_sessions() -> None:
    """Cases 1 and 55, as large as they are meant to be."""
    ran = soak("--kills", 1000, "--sessions", 10_000)
    print(ran.stdout)
    assert ran.returncode == 0, ran.stdout + ran.stderr
