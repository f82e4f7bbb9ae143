"""An agent fails again and again: when is it tried again, and when given up?"""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from team_supervisor.core import events
from team_supervisor.core.model import State
from team_supervisor.core.restarts import RestartPolicy
from tests.teams import lines_until, run_until

from .ground import Ground, kill_program

FIVE = RestartPolicy(first_delay=0.05, max_delay=10.0, failures=5)


def test_an_agent_that_fails_at_once_is_given_up_after_growing_delays(ground: Ground) -> None:
    """Case 19."""
    ground.set(restarts=FIVE)
    ground.request("api", *["exit 1"] * 20)
    ground.team.run()
    session = ground.team.session("api")
    assert session.state == State.FAILED
    assert len(ground.attempts("api")) == 5
    delays = [e.delay for e in ground.team.heard(events.SessionRestarting)]
    assert all(a < b for a, b in pairwise(delays[1:]))
    attempts = ground.attempts("api")
    for n, (one, two) in enumerate(pairwise(attempts)):
        assert two["begun_at"] - one["ended_at"] >= 0.05 * 2**n * 0.75
    assert ground.team.directory("api").is_dir()
    assert ground.began("api") == len(attempts)
    ground.oracle(cli=True)


def test_who_gets_on_a_little_before_each_failure_is_never_given_up(ground: Ground) -> None:
    """Case 20."""
    ground.set(restarts=RestartPolicy(first_delay=0.01, max_delay=0.1, failures=2))
    steps = [step for n in range(1, 7) for step in (f"done {n}", f"exit {n}")]
    titles = " | ".join(f"Task {n}" for n in range(1, 8))
    ground.request("api", f"tasks {titles}", *steps, "done all")
    ground.team.run()
    assert ground.team.session("api").state == State.COMPLETED
    assert [a["code"] for a in ground.attempts("api")][:6] == [1, 2, 3, 4, 5, 6]
    ground.oracle()


def test_failures_are_counted_across_a_restart_of_the_supervisor(ground: Ground) -> None:
    """Case 21."""
    ground.request("api", *["exit 1"] * 30)
    for _ in range(3):
        program = ground.supervisor()
        lines_until(program, '"session_restarting"')
        kill_program(program)
    ground.team.run()
    assert ground.team.session("api").state == State.FAILED
    assert len(ground.attempts("api")) == 5
    ground.oracle()


@pytest.mark.parametrize("kind", ["gone", "no interpreter", "no program", "not executable"])
def test_a_program_that_cannot_be_started_is_recorded_and_given_up(
    ground: Ground, kind: str
) -> None:
    """Case 22."""
    program = ground.root / "program"
    if kind != "gone":
        program.write_bytes(b"#!/no/such/interpreter\n" if kind == "no interpreter" else b"\x7fELF")
        program.chmod(0o600 if kind == "not executable" else 0o700)
    ground.set(
        claude=str(program), restarts=RestartPolicy(first_delay=0.01, max_delay=0.02, failures=2)
    )
    ground.request("api", "done all")
    ground.team.run()
    session = ground.team.session("api")
    assert session.state == State.FAILED
    assert str(program) in (session.reason or "")
    assert len(ground.team.heard(events.SessionExited, reason="spawn-error")) == 2
    ground.oracle(cli=True)


def test_a_working_directory_that_is_gone_is_a_failed_start(ground: Ground) -> None:
    """Case 22: the session's own directory, here a persona's that works in it."""
    ground.set(restarts=RestartPolicy(first_delay=0.01, max_delay=0.02, failures=3))
    ground.request("plan", "once failed exit 1", persona="project-manager")
    with ground.team.supervised() as supervisor:
        run_until(supervisor, lambda _: ground.team.heard(events.SessionRestarting))
        directory = ground.team.directory("plan")
        os.rename(directory, ground.workspace / ".aside")
        run_until(supervisor, lambda world: all(s.ended for s in world.live))
    os.rename(ground.workspace / ".aside", directory)
    ground.team.run()
    assert ground.team.session("plan").state == State.FAILED
    assert "is gone" in (ground.team.session("plan").reason or "")


def test_without_descriptors_it_waits_and_starts_when_there_are_some(tmp_path: Path) -> None:
    """Case 23: EMFILE; the loop lives and the request is kept."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.few_descriptors", tmp_path / "ground"],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert "Too many open files" in ran.stdout
