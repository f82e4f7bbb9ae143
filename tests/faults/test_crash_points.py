"""Killed at each point, one after the other: does the next supervisor go on from there?"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parents[2]
# More than there are cores: a case waits more than it works.
AT_ONCE = 4
# How many events a run may have more or less than another one.
SPREAD = 12

PLAIN = ["done all"]
# Its first agent fails, the second one goes on in its conversation and leaves a process behind.
EVENTFUL = ["once tried exit 3", "bash setsid sleep 60 &", "done all"]

Result = dict[str, Any]


def results(cases: Sequence[dict[str, Any]], where: Path) -> list[Result]:
    """Each case's, in order; a few processes run them side by side."""
    shares = [cases[n::AT_ONCE] for n in range(min(AT_ONCE, len(cases)))]
    places = [where / str(n) for n in range(len(shares))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(_share, shares, places))
    return [found[n % AT_ONCE][n // AT_ONCE] for n in range(len(cases))]


def _share(cases: Sequence[dict[str, Any]], where: Path) -> list[Result]:
    where.mkdir()
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.crashing", where],
        input="".join(f"{json.dumps(case)}\n" for case in cases),
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(found) == len(cases), f"exit code {ran.returncode}"
    return found


def expect_nothing_wrong(cases: Sequence[dict[str, Any]], found: Sequence[Result]) -> None:
    wrong = [
        f"{case} killed before {result['killed']}: {line}"
        for case, result in zip(cases, found, strict=True)
        for line in result["wrong"]
    ]
    assert not wrong, f"{len(wrong)} violations\n" + "\n".join(wrong[:20])


def undisturbed(steps: list[str], where: Path) -> Result:
    [found] = results([{"steps": steps, "cli": True}], where)
    assert found["killed"] == [""]
    assert not found["wrong"], found["wrong"]
    return found


POINTS = ("-request-good', ", "subprocess.Popen", "-completed')", "-rejected')")


@pytest.mark.parametrize("steps", [EVENTFUL, pytest.param(PLAIN, marks=pytest.mark.soak)])
@pytest.mark.timeout(300)
def test_a_supervisor_killed_before_anything_it_does_loses_nothing_and_starts_nothing_twice(
    tmp_path: Path, steps: list[str]
) -> None:
    """Cases 1 and 2: every point between the request and its archive."""
    where = [tmp_path / "first", tmp_path / "all"]
    for place in where:
        place.mkdir()
    last = len(undisturbed(steps, where[0])["events"])
    cases = [{"kills": [n], "steps": steps} for n in range(1, last + SPREAD + 1)]
    found = results(cases, where[1])
    expect_nothing_wrong(cases, found)
    killed = [result["killed"][0] for result in found]
    assert sum(map(bool, killed)) >= last - SPREAD
    # A slow machine makes a few calls more, so that a number means another call from run to run.
    missed = [point for point in POINTS if not any(point in event for event in killed)]
    assert len(missed) <= 1, f"never killed at {missed}"


@pytest.mark.parametrize("steps", [PLAIN, pytest.param(EVENTFUL, marks=pytest.mark.soak)])
@pytest.mark.timeout(300)
def test_a_host_killed_before_anything_it_does_loses_nothing_and_starts_nothing_twice(
    tmp_path: Path, steps: list[str]
) -> None:
    """Cases 6 and 10: before its agent runs, while it runs, and before the exit is recorded."""
    where = [tmp_path / "first", tmp_path / "all"]
    for place in where:
        place.mkdir()
    points = undisturbed(steps, where[0])["host"]
    cases = [{"host": n, "steps": steps} for n in range(1, len(points) + 1)]
    found = results(cases, where[1])
    expect_nothing_wrong(cases, found)
    assert {"os.fork None", "os.rename exit.json.new"} <= {result["host"][-1] for result in found}


@pytest.mark.timeout(300)
def test_a_supervisor_killed_again_while_it_recovers_loses_nothing(tmp_path: Path) -> None:
    """Case 3, a sample of the pairs: every third first point, the second one spread over all."""
    cases = [{"kills": [n, n * 37 % 70 + 1], "steps": PLAIN} for n in range(2, 80, 3)]
    expect_nothing_wrong(cases, results(cases, tmp_path))


@pytest.mark.timeout(300)
def test_a_supervisor_and_a_host_killed_at_any_two_points_lose_nothing(tmp_path: Path) -> None:
    """Case 7, a sample of the pairs."""
    cases = [
        {"kills": [n * 29 % 30 + 45], "host": n % 20 + 1, "steps": PLAIN} for n in range(1, 21)
    ]
    expect_nothing_wrong(cases, results(cases, tmp_path))


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_every_pair_of_points_at_which_supervisors_are_killed_loses_nothing(
    tmp_path: Path,
) -> None:
    """Case 3, all of it."""
    cases = [{"kills": [n, m], "steps": PLAIN} for n in range(1, 81) for m in range(1, 81)]
    expect_nothing_wrong(cases, results(cases, tmp_path))


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_every_pair_of_points_at_which_supervisor_and_host_are_killed_loses_nothing(
    tmp_path: Path,
) -> None:
    """Case 7, all of it."""
    cases = [
        {"kills": [n], "host": m, "steps": EVENTFUL} for n in range(40, 110) for m in range(1, 22)
    ]
    expect_nothing_wrong(cases, results(cases, tmp_path))


def test_the_oracle_sees_what_is_wrong(tmp_path: Path) -> None:
    """A case in which a supervisor never came back: the oracle must say so."""
    from .ground import Ground

    ground = Ground(tmp_path / "ground")
    ground.request("good", "done all")
    ground.team.run()
    ground.oracle(cli=True)
    session = ground.team.session("good")
    archive = ground.workspace / session.directory
    for harm in (
        lambda: (archive / "session.json").write_text('{"state": "active"}'),
        lambda: (archive / "tasks.md").write_text("- [ ] open\n"),
        lambda: (archive / "instructions.md").unlink(),
        lambda: (ground.outside / "kept.txt").write_text("changed"),
        lambda: ground.witnessed.write_text(f"overlap {session.id} 1\n"),
    ):
        wrong = len(_said(ground))
        harm()
        assert len(_said(ground)) > wrong
    assert os.path.isdir(archive)


def _said(ground: Any) -> list[str]:
    try:
        ground.oracle()
    except AssertionError as error:
        return str(error).splitlines()
    return []
