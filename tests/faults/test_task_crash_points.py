"""Killed at each point of a plan: has each task as many workers as tries, and no more?"""

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from .crashing import Search, run
from .points import killed_at
from .test_crash_points import AT_ONCE, HERE, SPAWNS, explore
from .ticks import Aims
from .ticks import run as run_ticks

ASKING = ["AskForWorker", "MoveTask"]
# The row names the request; then it is made under another name, and renamed.
ALONG_THE_WAY = {
    "AskForWorker sqlite BEGIN #1",
    "AskForWorker sqlite COMMIT #1",
    "AskForWorker os.mkdir .intern-request-good #1",
    "AskForWorker os.rename .intern-request-good to intern-request-good #1",
    "MoveTask sqlite BEGIN #1",
    "MoveTask sqlite COMMIT #2",
}


@pytest.mark.timeout(600)
def test_a_supervisor_killed_while_it_asks_for_a_worker_gets_one_and_only_one(
    tmp_path: Path,
) -> None:
    """Each life is killed at the first point that nobody was killed at, until none is left."""
    known = tmp_path / "known"
    known.mkdir()
    for number in range(60):
        case = run(Search([f"*{known}"], only=ASKING, planned=True), tmp_path / str(number))
        assert not case["wrong"], f"killed at {case['killed']}: {case['wrong']}"
        if not case["killed"][0]:
            break
    assert killed_at(known) >= ALONG_THE_WAY


# One worker hangs and is given a new process, one fails and its task gets another; one waits.
PLAN = Search([], tasks=True)
OF_A_STALL = {
    "NudgeStalled sqlite BEGIN #1",
    "NudgeStalled sqlite COMMIT #1",
    "EndForRestart open .../.stop.json.tmp #1",
}
OF_A_RETRY = {"MoveTask sqlite BEGIN #3", "MoveTask sqlite COMMIT #3"}
ASKED_AGAIN = {
    "AskForWorker os.rename .intern-request-fails-2 to intern-request-fails-2 #1",
    "AskForWorker os.rename .intern-request-last to intern-request-last #1",
}


@pytest.mark.parametrize(
    "only",
    [
        pytest.param(["NudgeStalled", "EndForRestart", "MoveTask"], id="stall and retry"),
        pytest.param([], marks=pytest.mark.soak, id="everything"),
    ],
)
@pytest.mark.timeout(1200)
def test_a_supervisor_killed_anywhere_in_a_plan_starts_each_worker_as_often_as_it_is_tried(
    tmp_path: Path, only: list[str]
) -> None:
    known = tmp_path / "known"
    known.mkdir()
    explore([replace(PLAN, lives=[f"*{known}"], only=only)] * AT_ONCE, tmp_path / "cases")
    points = killed_at(known)
    assert points >= OF_A_STALL | OF_A_RETRY
    assert only or points >= ASKED_AGAIN


def test_a_supervisor_killed_before_it_starts_a_worker_costs_neither_a_try_nor_a_failure(
    tmp_path: Path,
) -> None:
    """A worker is given up at its first failure, and nothing of it has run yet."""
    case = run(replace(PLAN, lives=[f"={SPAWNS}"]), tmp_path / "case")
    assert (case["killed"][0], case["wrong"]) == (SPAWNS, [])


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_supervisor_killed_again_while_it_recovers_from_a_stall_or_a_retry_loses_no_task(
    tmp_path: Path,
) -> None:
    later = tmp_path / "later"
    later.mkdir()
    searches = []
    for number, point in enumerate(sorted(OF_A_STALL | OF_A_RETRY | ASKED_AGAIN)):
        place = tmp_path / f"recovery-{number}"
        place.mkdir()
        searches.append(replace(PLAN, lives=[f"={point}", f"*{place},{later}"]))
    explore(searches, tmp_path / "cases")


# The first tick ends the worker of a task that is done; all of them do the rest of the plan.
OF_A_TICK = {"outside subprocess.Popen #1"}
MOVED = "MoveTask sqlite COMMIT #1"
ASKED = "AskForWorker sqlite COMMIT #1"


def killed_ticks(aims: Aims, where: Path, at_once: int = 1) -> list[str]:
    """At which points somebody was killed, in cases in which nothing was wrong at the end."""
    text = f"{json.dumps(asdict(aims))}\n"
    argv = [sys.executable, "-m", "tests.faults.ticks"]
    searches = []
    for number in range(at_once):
        (where / str(number)).mkdir(parents=True)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": HERE}
        searches.append(subprocess.Popen([*argv, str(where / str(number))], **pipes))
        searches[-1].stdin.write(text)
        searches[-1].stdin.flush()
    cases = [json.loads(line) for each in searches for line in each.communicate()[0].splitlines()]
    assert [each.returncode for each in searches] == [0] * at_once
    wrong = [f"killed before {case['killed']}: {line}" for case in cases for line in case["wrong"]]
    assert not wrong, "\n".join(wrong[:20])
    return [case["killed"] for case in cases if case["killed"]]


@pytest.mark.timeout(600)
def test_a_tick_killed_before_anything_it_does_is_made_good_by_the_next_one(
    tmp_path: Path,
) -> None:
    known = tmp_path / "known"
    known.mkdir()
    assert set(killed_ticks(Aims(tick=f"*{known}"), tmp_path / "cases")) >= OF_A_TICK


@pytest.mark.timeout(600)
def test_a_tick_killed_while_its_visit_works_keeps_the_next_one_from_nothing(
    tmp_path: Path,
) -> None:
    """The visit goes on alone; who comes meanwhile finds that another one looks after it."""
    case = run_ticks(Aims(alone=True), tmp_path / "case")
    assert (case["killed"], case["wrong"]) == ("its visit begins", [])


@pytest.mark.parametrize("after", ["", "fails"])
def test_a_visit_killed_while_it_writes_what_became_of_a_task_is_made_good_by_the_next_tick(
    tmp_path: Path, after: str
) -> None:
    case = run_ticks(Aims(visit=f"={MOVED}", after=after), tmp_path / "case")
    assert (case["killed"], case["wrong"]) == (MOVED, [])


@pytest.mark.soak
@pytest.mark.parametrize("after", ["", "fails"])
@pytest.mark.timeout(3600)
def test_a_visit_killed_before_anything_it_does_is_made_good_by_the_next_tick(
    tmp_path: Path, after: str
) -> None:
    known = tmp_path / "known"
    known.mkdir()
    killed = killed_ticks(Aims(visit=f"*{known}", after=after), tmp_path / "cases", AT_ONCE)
    assert set(killed) == killed_at(known) >= {MOVED, ASKED}
