"""Does a plan of 40 tasks in two projects run to its end, whatever happens on the way?"""

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.core.taskgraph import waves

from .teams import Team, lines_until
from .test_taskgraph import starts, states, tasks, verb, write_spec

SETTINGS = "task_persona: intern\ntask_retries: 0\nrestarts: {failures: 1}\nstall_after: 0.5\n"
SIZES = (4, 4, 4, 3, 3, 2)
FAILS, STALLS = "T6-1", "T2-0"


def needs() -> dict[str, tuple[str, ...]]:
    """Twenty tasks; each needs one or two of the wave before."""
    found: dict[str, tuple[str, ...]] = {f"T1-{n}": () for n in range(SIZES[0])}
    for wave, (above, size) in enumerate(itertools.pairwise(SIZES), start=2):
        for n in range(size):
            both = (n % above, (n + 1) % above)
            found[f"T{wave}-{n}"] = tuple(f"T{wave - 1}-{number}" for number in both)
    return found


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Team, Team]]:
    with contextlib.ExitStack() as stack:
        teams = []
        for name in ("api", "web"):
            (tmp_path / name).mkdir()
            team = Team(tmp_path / name / "project")
            stack.callback(team.end)
            team.write_settings(SETTINGS)
            teams.append(team)
        yield teams[0], teams[1]


def planned(team: Team, special: dict[str, tuple[str, ...]]) -> None:
    for name, before in needs().items():
        write_spec(team, name, before, *special.get(name, ("work",)))
    assert len(verb(team, "tasks", "import", "specs")["added"]) == sum(SIZES)
    assert [len(wave) for wave in waves(list(tasks(team).values()))] == list(SIZES)
    verb(team, "queue", "settings", "--max-concurrent", "3", "--no-stop-on-failure")


def tracked(team: Team) -> list[dict[str, Any]]:
    result = team.call("track", "--once", "--all", "--json")
    assert result.returncode == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)["sessions"]
    return found


def seen(team: Team, fact: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The session in view of `track` of which this holds, once it does."""
    found: list[dict[str, Any]] = []

    def holds() -> bool:
        found[:] = filter(fact, tracked(team))
        return bool(found)

    team.wait_beside(holds)
    return found[0]


def check_the_order(team: Team) -> None:
    """Each task began once, after all that it needs."""
    began = starts(team)
    firsts = {name: began.index(name) for name in needs()}
    assert all(firsts[need] < firsts[name] for name, of in needs().items() for need in of)
    assert set(began) == set(needs())
    assert len(began) == sum(SIZES)


@pytest.mark.timeout(300)
def test_forty_tasks_in_two_projects_run_to_their_end_in_view_of_track(
    two: tuple[Team, Team],
) -> None:
    api, web = two
    gate = web.gate()
    planned(api, {STALLS: ("hang",)})
    planned(web, {FAILS: ("exit 3",), "T2-1": (gate.step, "work")})

    write_spec(web, "T1-0", ("T6-0",), "work")
    refused = web.call("tasks", "import", "specs")
    assert (refused.returncode, "wait for one another" in refused.stderr) == (2, True)
    assert tasks(web)["T1-0"].depends_on == ()

    verb(web, "queue", "pause")
    ours = api.start("orchestrate", "--until-done", "--timeout", "200s")
    theirs = web.start("orchestrate", "--until-done", "--json")
    lines_until(theirs, '"supervisor_started"')
    assert set(states(web).values()) == {"queued"}
    verb(web, "queue", "resume")

    lines_until(theirs, '"T2-3"')  # its wave has begun; one of it is held at its gate
    theirs.kill()
    theirs.wait()
    held = seen(web, lambda row: row["name"] == "T2-1")
    theirs = web.start("orchestrate", "--until-done", "--timeout", "200s")
    gate.open()

    # First the one, and the other when nobody did anything about it.
    hangs = ("stalled", "attention")
    seen(api, lambda row: row["name"] == STALLS and row["doing"] in hangs)
    assert api.call("tasks", "done", STALLS).returncode == 0  # which ends its worker

    assert ours.stdout is not None
    assert theirs.stdout is not None
    said = ours.stdout.read(), theirs.stdout.read()
    assert (ours.wait(), theirs.wait()) == (0, 1), said
    assert "20 of 20 tasks completed" in said[0]
    assert "19 of 20 tasks completed" in said[1]
    assert set(states(api).values()) == {"completed"}
    assert {n for n, s in states(web).items() if s != "completed"} == {FAILS}
    assert states(web)[FAILS] == "failed"
    for team in two:
        check_the_order(team)
    assert next(r for r in tracked(web) if r["name"] == "T2-1")["id"] == held["id"]
