"""A person ends it: does all of it end, in time, whatever it does against it?"""

import os
import signal
import sys
import time
from pathlib import Path

from team_supervisor.adapters import processes
from team_supervisor.core import events
from team_supervisor.core.model import State, Wanted
from team_supervisor.core.restarts import RestartPolicy
from tests.teams import run_until

from .ground import Ground, active, wait_until
from .test_clock import HOUR, look

PROGRAMS = Path(__file__).parent.parent / "programs"


def stop(ground: Ground, name: str, wanted: Wanted = Wanted.STOP) -> float:
    """Seconds from the wish to the recorded end."""
    with ground.team.store() as store:
        assert store.want(ground.team.session(name).id, wanted)
    began = time.monotonic()
    with ground.team.supervised() as supervisor:
        run_until(supervisor, lambda _: ground.team.session(name).ended)
    return time.monotonic() - began


def test_a_session_stopped_while_it_waits_for_its_restart_never_starts_again(
    ground: Ground,
) -> None:
    """Case 12."""
    ground.set(restarts=RestartPolicy(first_delay=60.0))
    ground.request("api", "once failed exit 1", "done all")
    ground.team.run(lambda _: ground.team.heard(events.SessionRestarting))
    stop(ground, "api")
    with ground.team.supervised() as supervisor:
        for _ in range(20):
            look(supervisor, HOUR)
    assert ground.team.session("api").state == State.STOPPED
    assert ground.began("api") == 1
    ground.oracle(cli=True)


def test_an_agent_that_ignores_sigterm_is_killed_when_its_grace_is_over(ground: Ground) -> None:
    """Case 13."""
    ground.request("api", "ignore-term", "bash touch $SHARED/deaf", "hang")
    with ground.team.supervised() as supervisor:
        run_until(supervisor, lambda _: (ground.shared / "deaf").exists())
    stop(ground, "api")
    asked = (ground.control("api") / "stop.json").stat().st_mtime
    [attempt] = ground.attempts("api")
    assert attempt["ended_at"] - asked >= 0.9
    assert (attempt["signal"], attempt["reason"]) == (signal.SIGKILL, "stopped")
    ground.oracle()


def test_an_agent_that_is_suspended_is_stopped_in_time(ground: Ground) -> None:
    """Case 14: SIGCONT follows SIGTERM, so that it can end by itself."""
    ground.request("api", "bash touch $SHARED/there", "hang")
    with ground.team.supervised() as supervisor:
        run_until(supervisor, lambda _: (ground.shared / "there").exists())
    assert processes.send_signal(ground.agent("api"), signal.SIGSTOP)
    stop(ground, "api")
    [attempt] = ground.attempts("api")
    assert (attempt["code"], attempt["reason"]) == (128 + signal.SIGTERM, "stopped")
    ground.oracle()


def test_nothing_that_got_away_in_any_way_survives_a_stop(ground: Ground) -> None:
    """Case 15: a session of its own, a double fork, an emptied environment."""
    pids = ground.shared / "pids"
    program = f"{sys.executable} {PROGRAMS / 'escapes.py'} leave"
    ground.request("api", f"bash {program} > $SHARED/pids.new; mv $SHARED/pids.new {pids}", "hang")
    with ground.team.supervised() as supervisor:
        run_until(supervisor, lambda _: pids.exists())
    escaped = [processes.identify(int(pid)) for pid in pids.read_text().split()[1:]]
    assert len(escaped) == 3
    assert all(escaped)
    stop(ground, "api")
    assert not any(ref and processes.alive(ref) for ref in escaped)
    ground.oracle()


def test_a_fork_storm_ends_within_five_seconds(ground: Ground) -> None:
    """Case 16."""
    said = ground.shared / "storm"
    ground.request(
        "api", f"bash setsid {sys.executable} {PROGRAMS / 'storm.py'} > {said} &", "hang"
    )
    with ground.team.supervised() as supervisor:
        run_until(supervisor, lambda _: said.exists() and said.read_text())
    wait_until(lambda: len(ground.marked()) > 100)
    assert stop(ground, "api", Wanted.STOP_NOW) < 5.0
    assert not ground.marked()
    ground.oracle()


def test_a_stop_and_the_death_of_its_host_at_once_leave_nothing(ground: Ground) -> None:
    """Cases 7 and 15: only the mark in its environment leads to the agent now."""
    ground.request("api", "ignore-term", "bash setsid sleep 300 & touch $SHARED/deaf", "hang")
    with ground.team.supervised() as supervisor:
        run_until(supervisor, lambda _: (ground.shared / "deaf").exists())
    processes.send_signal(ground.host("api"), signal.SIGKILL)
    stop(ground, "api")
    assert not ground.marked()
    assert [a["reason"] for a in ground.attempts("api")] == ["unknown"]
    ground.oracle(cli=True)


def test_a_host_shows_nothing_that_pkill_python_would_hit(ground: Ground) -> None:
    """Case 56: an agent's `pkill -f python` must not end its own supervision."""
    ground.request("api", "bash touch $SHARED/there", "hang")
    ground.team.run(active("api"))
    host = Path(f"/proc/{ground.host('api').pid}")
    assert host.joinpath("comm").read_text().strip() == "team-host"
    words = host.joinpath("cmdline").read_bytes()
    assert b"python" not in words.replace(os.fsencode(ground.workspace), b"")
    stop(ground, "api", Wanted.STOP_NOW)
    ground.oracle()
