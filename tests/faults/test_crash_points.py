"""Killed at each point, one after the other: does the next supervisor go on from there?

Nothing is sampled and nothing is counted: cases are run until one came through that passed no
point at which nobody had been killed yet. So a slow machine changes how long it takes, no more.
"""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from .crashing import Search
from .ground import Ground
from .points import killed_at

HERE = Path(__file__).resolve().parents[2]
# More than there are cores: a case waits more than it works.
AT_ONCE = 4

PLAIN = ["done all"]
# Its first agent fails, the second one goes on in its conversation and leaves a process behind.
EVENTFUL = ["once tried exit 3", "bash setsid sleep 60 &", "done all"]


def search(steps: list[str], *lives: str, host: str = "") -> Search:
    return Search(list(lives), host, steps, agents=1 if steps is PLAIN else 2)


RESERVED = "ClaimRequest sqlite COMMIT #1"
ROW = "Prepare os.rename intern-request-good to intern-TIME #1"
CLAIMED = "Prepare open .../.tasks.md.tmp #1"
SPAWNS = "Launch subprocess.Popen #1"
SPAWNED = "MarkActive sqlite BEGIN #1"
COMPLETE = "AskToStop sqlite BEGIN #1"
EMPTY = "Finish os.rename intern-TIME to intern-TIME-completed #1"
ARCHIVED = "Finish sqlite BEGIN #1"
REFUSED = "RejectRequest os.rename nobody-request-bad to nobody-request-bad-rejected #1"
# One for each state in which a crash can leave a session, from its request to its archive.
ALONG_THE_WAY = (RESERVED, ROW, CLAIMED, SPAWNS, SPAWNED, COMPLETE, EMPTY, ARCHIVED)
OF_A_HOST = {"host open host.json.new #1", "host os.fork #1", "host os.rename exit.json.new #1"}


def explore(searches: Sequence[Search], where: Path) -> list[dict[str, Any]]:
    """Every case of these searches; a few processes run them side by side."""
    places = [where / str(n) for n in range(len(searches))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = [case for cases in pool.map(_explore, searches, places) for case in cases]
    wrong = [f"killed at {c['killed']} {c['host']}: {line}" for c in found for line in c["wrong"]]
    assert not wrong, f"{len(wrong)} violations\n" + "\n".join(wrong[:20])
    return found


def _explore(search: Search, where: Path) -> list[dict[str, Any]]:
    where.mkdir(parents=True)
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.crashing", where],
        input=f"{json.dumps(asdict(search))}\n",
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE,
    )
    assert ran.returncode == 0
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A file for each point at which somebody was killed."""
    directory = tmp_path / "known"
    directory.mkdir()
    return directory


def every_point(known: Path, steps: list[str], where: Path) -> set[str]:
    """Kill a supervisor once at each point that it passes; these."""
    explore([search(steps, f"*{known}")] * AT_ONCE, where)
    return killed_at(known)


@pytest.mark.parametrize("steps", [EVENTFUL, pytest.param(PLAIN, marks=pytest.mark.soak)])
@pytest.mark.timeout(600)
def test_a_supervisor_killed_before_anything_it_does_loses_nothing_and_starts_nothing_twice(
    tmp_path: Path, known: Path, steps: list[str]
) -> None:
    """Case 2: every point between the request and its archive."""
    points = every_point(known, steps, tmp_path / "cases")
    assert points >= {*ALONG_THE_WAY, REFUSED}
    # The plain play passes about 82 of them, the eventful one 99.
    assert len(points) > 80


BROUGHT_BACK = "Restore os.rename intern-TIME-completed to intern-TIME #1"
RECORDED = "Restore sqlite BEGIN #1"


@pytest.mark.timeout(600)
def test_a_supervisor_killed_while_it_takes_an_archive_back_loses_nothing(
    tmp_path: Path, known: Path
) -> None:
    """Every point from the want to the second archive, which an agent works for just once."""
    restored = Search([f"*{known}"], steps=PLAIN, agents=2, restored=True)
    explore([restored] * AT_ONCE, tmp_path / "cases")
    assert killed_at(known) >= {BROUGHT_BACK, RECORDED, SPAWNS, EMPTY, ARCHIVED}


# Its first agent would never end by itself; the second one goes on in its conversation.
RENEWED = ["once waited bash sleep 600", "done all"]
ASKED_TO_END = "EndForRestart open .../.stop.json.tmp #1"
ENDED = "NoteDeath sqlite COMMIT #1"


@pytest.mark.timeout(600)
def test_a_supervisor_killed_while_it_gives_an_agent_a_new_process_gives_it_one(
    tmp_path: Path, known: Path
) -> None:
    """Every point from the want of a restart to the archive: two agents, whoever was killed."""
    renewed = Search([f"*{known}"], steps=RENEWED, agents=2, renewed=True)
    explore([renewed] * AT_ONCE, tmp_path / "cases")
    assert killed_at(known) >= {ASKED_TO_END, ENDED, SPAWNS, EMPTY, ARCHIVED}


# Its work passes at once; its work does not, is disputed and mended, and passes then.
PASSES = Search([], steps=PLAIN, verify="true", checks=1)
MENDS = Search(
    [],
    steps=["done all", "wait", "bash touch $SHARED/mended"],
    verify='test -e "$TEAM_WORKSPACE/shared/mended"',
    checks=2,
)
OF_A_VERIFICATION = {
    "Verify open .../.launch.json.tmp #1",
    "Verify sqlite BEGIN #1",
    "Verify sqlite COMMIT #1",
    "Verify subprocess.Popen #1",
    "NoteVerdict sqlite BEGIN #1",
    "NoteVerdict sqlite COMMIT #1",
}
LOOKS_INTO = ["Verify", "NoteVerdict", "EndVerification"]


@pytest.mark.parametrize("life", [PASSES, MENDS], ids=["passes", "mends"])
@pytest.mark.parametrize(
    "only",
    [
        pytest.param(LOOKS_INTO, id="verification"),
        pytest.param([], marks=pytest.mark.soak, id="everything"),
    ],
)
@pytest.mark.timeout(600)
def test_a_supervisor_killed_at_each_step_of_a_verification_loses_none_and_runs_none_twice(
    tmp_path: Path, known: Path, life: Search, only: list[str]
) -> None:
    """From the claim to the verdict: the next one goes on with what runs, or with its result."""
    explore([replace(life, lives=[f"*{known}"], only=only)] * AT_ONCE, tmp_path / "cases")
    points = killed_at(known)
    assert points >= OF_A_VERIFICATION
    if life is MENDS:
        assert points >= {"Verify subprocess.Popen #2", "NoteVerdict sqlite COMMIT #2"}


@pytest.mark.timeout(600)
def test_the_host_of_a_verification_killed_before_anything_it_does_has_it_run_once_more(
    tmp_path: Path, known: Path
) -> None:
    """The one that was cut short is ended before the next one begins."""
    killed = replace(PASSES, host=f"*{known}", host_of=".verify")
    explore([killed] * AT_ONCE, tmp_path / "cases")
    assert killed_at(known) >= OF_A_HOST


@pytest.mark.parametrize("steps", [PLAIN, pytest.param(EVENTFUL, marks=pytest.mark.soak)])
@pytest.mark.timeout(600)
def test_a_host_killed_before_anything_it_does_loses_nothing_and_starts_nothing_twice(
    tmp_path: Path, known: Path, steps: list[str]
) -> None:
    """Cases 2, 6 and 10: before its agent runs, while it runs, before the exit is recorded."""
    explore([search(steps, host=f"*{known}")] * AT_ONCE, tmp_path / "cases")
    assert killed_at(known) >= OF_A_HOST


AT_ONCE_STARTED = Search([], steps=PLAIN, more=2)
# Their rows, then their hosts, which no action has to itself.
STARTS_THEM = ["Launch", "NoteTasks", "look"]
OF_A_BATCH = {
    "NoteTasks sqlite COMMIT #1",
    "Launch subprocess.Popen #1",
    "look open .../.launch.json.tmp #1",
    "look open .../.launch.json.tmp #3",
}


@pytest.mark.parametrize(
    "only",
    [
        pytest.param(STARTS_THEM, id="start"),
        pytest.param([], marks=pytest.mark.soak, id="everything"),
    ],
)
@pytest.mark.timeout(600)
def test_a_supervisor_killed_while_it_starts_several_at_once_loses_none_and_starts_none_twice(
    tmp_path: Path, known: Path, only: list[str]
) -> None:
    """Also when the launcher, which goes on alone, makes a host that nobody heard of."""
    explore([replace(AT_ONCE_STARTED, lives=[f"*{known}"], only=only)] * AT_ONCE, tmp_path / "c")
    assert killed_at(known) >= OF_A_BATCH


@pytest.mark.timeout(600)
def test_a_launcher_killed_before_any_of_its_hosts_loses_none_and_starts_none_twice(
    tmp_path: Path, known: Path
) -> None:
    killed = replace(AT_ONCE_STARTED, host=f"*{known}")
    explore([killed] * AT_ONCE, tmp_path / "cases")
    assert killed_at(known) == {f"host os.fork #{number}" for number in (1, 2, 3)}


def again_while_it_recovers(
    points: Sequence[str], tmp_path: Path, steps: list[str]
) -> dict[str, set[str]]:
    """Kill at each of these points, then again at each one of the recovery from it.

    The recovery is the start of the next supervisor and its first look; what comes later is the
    same after each of them and is done once.
    """
    later, searches, places = tmp_path / "later", [], {}
    later.mkdir()
    for number, point in enumerate(points):
        places[point] = tmp_path / f"recovery-{number}"
        places[point].mkdir()
        searches.append(search(steps, f"={point}", f"*{places[point]},{later}"))
    cases = explore(searches, tmp_path / "cases")
    assert {case["killed"][0] for case in cases} == set(points)
    return {point: killed_at(place) for point, place in places.items()}


@pytest.mark.parametrize(
    "killed_at_first",
    [
        pytest.param((RESERVED, CLAIMED, SPAWNED, ARCHIVED), id="some"),
        pytest.param(ALONG_THE_WAY, marks=pytest.mark.soak, id="all"),
    ],
)
@pytest.mark.timeout(600)
def test_a_supervisor_killed_again_while_it_recovers_loses_nothing(
    tmp_path: Path, killed_at_first: tuple[str, ...]
) -> None:
    """Case 3: every point of the recovery from each state in which a crash can leave a session."""
    found = again_while_it_recovers(killed_at_first, tmp_path, PLAIN)
    assert all("supervise open .supervisor/lock #1" in points for points in found.values())
    assert "ClaimRequest os.mkdir .supervisor/sessions/intern-TIME #1" in found[RESERVED]
    assert ARCHIVED in found[ARCHIVED]


@pytest.mark.parametrize("point", [SPAWNED, pytest.param(COMPLETE, marks=pytest.mark.soak)])
@pytest.mark.timeout(600)
def test_a_supervisor_and_its_host_both_killed_lose_nothing(
    tmp_path: Path, known: Path, point: str
) -> None:
    """Case 7: the host at each point of its life, the supervisor while it is under way."""
    both = search(PLAIN, f"={point}", host=f"*{known}")
    cases = explore([both] * AT_ONCE, tmp_path / "cases")
    assert {case["killed"][0] for case in cases} == {point}
    assert killed_at(known) >= OF_A_HOST


@pytest.mark.parametrize(
    "error", [errno.ENOSPC, pytest.param(errno.EIO, marks=pytest.mark.soak)], ids=["ENOSPC", "EIO"]
)
@pytest.mark.timeout(600)
def test_a_call_on_a_file_that_fails_anywhere_is_made_good_by_a_later_look(
    tmp_path: Path, known: Path, error: int
) -> None:
    """Case 39: no disk space at each write and rename in turn, and again after it."""
    failing = Search([f"*{known}"], steps=PLAIN, error=error)
    explore([failing] * AT_ONCE, tmp_path / "cases")
    points = killed_at(known)
    assert points >= {CLAIMED, ROW, SPAWNS, EMPTY, REFUSED}


@pytest.mark.timeout(600)
def test_a_loss_of_power_before_anything_a_supervisor_does_loses_no_request(
    tmp_path: Path, known: Path
) -> None:
    """Case 41: all processes end, and what no fsync has confirmed did not happen (`power`)."""
    lost = Search([f"*{known}"], steps=PLAIN, power=True)
    explore([lost] * AT_ONCE, tmp_path / "cases")
    assert killed_at(known) >= {*ALONG_THE_WAY, REFUSED}


@pytest.mark.soak
@pytest.mark.parametrize("steps", [PLAIN, EVENTFUL])
@pytest.mark.timeout(4 * 3600)
def test_every_pair_of_points_at_which_supervisors_are_killed_loses_nothing(
    tmp_path: Path, known: Path, steps: list[str]
) -> None:
    """Case 3, all of it: every point, and after it every point of the whole next life."""
    for number, point in enumerate(sorted(every_point(known, steps, tmp_path / "cases"))):
        second, where = tmp_path / f"second-{number}", tmp_path / f"cases-{number}"
        second.mkdir()
        explore([search(steps, f"={point}", f"*{second}")] * AT_ONCE, where)


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_every_pair_of_points_at_which_supervisor_and_host_are_killed_loses_nothing(
    tmp_path: Path, known: Path
) -> None:
    """Case 7, all of it."""
    for number, point in enumerate(sorted(every_point(known, EVENTFUL, tmp_path / "cases"))):
        hosts, where = tmp_path / f"hosts-{number}", tmp_path / f"cases-{number}"
        hosts.mkdir()
        explore([search(EVENTFUL, f"={point}", host=f"*{hosts}")] * AT_ONCE, where)


def test_the_oracle_sees_what_is_wrong(tmp_path: Path) -> None:
    """A case in which a supervisor never came back: the oracle must say so."""
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


def _said(ground: Ground) -> list[str]:
    try:
        ground.oracle()
    except AssertionError as error:
        return str(error).splitlines()
    return []
