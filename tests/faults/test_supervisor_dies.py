"""The supervisor is killed, or comes back late: does the team go on as if nothing had been?"""

import signal
import time
from dataclasses import replace

import pytest

from team_supervisor.adapters import processes
from team_supervisor.core import events
from team_supervisor.core.model import State
from tests.teams import lines_until, run_until

from .ground import Ground, active, await_end, gate, kill, kill_program, wait_until


def test_an_agent_that_finishes_while_nobody_supervises_is_archived_with_its_exit(
    ground: Ground,
) -> None:
    """Case 4."""
    ground.request("api", gate(), "done all", "exit 0")
    program = ground.supervisor()
    lines_until(program, '"delivered"')
    agent = ground.agent("api")
    kill_program(program)
    ground.open_gate()
    await_end(agent)
    ground.team.run()
    assert ground.team.session("api").state == State.COMPLETED
    [attempt] = ground.attempts("api")
    assert (attempt["code"], attempt["signal"], attempt["reason"]) == (0, None, "exited")
    assert ground.began("api") == 1
    ground.oracle(cli=True)


def test_an_agent_that_fails_while_nobody_supervises_is_started_again(ground: Ground) -> None:
    """Case 4, with its tasks open: the exit code is the real one."""
    ground.request("api", "once gone bash until test -e $SHARED/gate; do sleep 0.02; done",
                   "once failed exit 7", "done all")  # fmt: skip
    program = ground.supervisor()
    lines_until(program, '"delivered"')
    agent = ground.agent("api")
    kill_program(program)
    ground.open_gate()
    await_end(agent)
    ground.team.run()
    assert [a["code"] for a in ground.attempts("api")] == [7, 143]
    assert ground.began("api") == 2
    ground.oracle()


def test_no_line_is_lost_that_an_agent_says_while_nobody_supervises(ground: Ground) -> None:
    """Case 5: its output is a file, and no pipe to anybody that could die."""
    words = [f"line {n}" for n in range(30)]
    ground.request("api", gate(), *[f"say {word}" for word in words], "done all")
    program = ground.supervisor()
    lines_until(program, '"delivered"')
    kill_program(program)
    transcript = ground.team.directory("api") / "transcript.jsonl"
    ground.open_gate()
    wait_until(lambda: '"line 29"' in transcript.read_text().replace('"text": ', ""))
    ground.team.run()
    assert [said for said in ground.team.said("api") if said.startswith("line")] == words
    ground.oracle()


def test_host_and_supervisor_killed_together_leave_one_agent_that_goes_on(ground: Ground) -> None:
    """Case 7."""
    ground.request("api", gate(), "done all")
    program = ground.supervisor()
    lines_until(program, '"delivered"')
    host, agent = ground.host("api"), ground.agent("api")
    kill_program(program)
    kill(host)
    ground.team.run(active("api"))
    assert ground.agent("api") == agent
    ground.open_gate()
    ground.team.run()
    assert ground.team.session("api").state == State.COMPLETED
    assert [a["reason"] for a in ground.attempts("api")] == ["unknown"]
    assert ground.began("api") == 1
    ground.oracle(cli=True)


@pytest.mark.parametrize("many", [25, pytest.param(100, marks=pytest.mark.soak)])
@pytest.mark.timeout(600)
def test_many_sessions_are_adopted_at_once_and_none_is_started(ground: Ground, many: int) -> None:
    """Case 8: in less than 2 s of processor time, which other programs cannot lengthen."""
    names = [f"one-{n}" for n in range(many)]
    limits = replace(ground.team.settings.limits, sessions=many, spawned_per_hour=many)
    ground.set(limits=limits, nudge_after=600.0)
    held = ground.team.gate("held")
    for name in names:
        ground.request(name, held.step, "done all")
    with ground.team.supervised() as supervisor:
        run_until(supervisor, active(*names), 200)
    agents = {name: ground.agent(name) for name in names}
    with ground.team.supervised() as supervisor:
        began = time.process_time()
        run_until(supervisor, lambda _: len(ground.team.heard(events.SessionAdopted)) == many, 60)
        assert time.process_time() - began < 2.0
        assert agents == {name: ground.agent(name) for name in names}
        for _ in names:
            held.open()
        run_until(supervisor, lambda world: all(s.ended for s in world.live), 200)
    assert all(ground.began(name) == 1 for name in names)
    ground.oracle()


def test_one_host_that_hangs_holds_up_no_other(ground: Ground) -> None:
    """Case 9: stopped, it answers nothing; its session waits, the others are completed."""
    ground.request("hung", gate("never"), "done all")
    ground.request("free", gate(), "done all")
    ground.team.run(active("hung", "free"))
    host = ground.host("hung")
    processes.send_signal(host, signal.SIGSTOP)
    try:
        ground.open_gate()
        with ground.team.supervised() as supervisor:
            run_until(supervisor, lambda _: ground.team.session("free").state == State.COMPLETED)
        assert ground.team.session("hung").state == State.ACTIVE
        ground.open_gate("never")
    finally:
        processes.send_signal(host, signal.SIGCONT)
    ground.team.run()
    assert ground.began("hung") == 1
    ground.oracle()


def test_a_supervisor_that_was_suspended_kills_nobody_when_it_wakes(ground: Ground) -> None:
    """Case 50, shorter: stopped for longer than every deadline that it has."""
    ground.request("api", gate(), "done all")
    program = ground.supervisor()
    lines_until(program, '"delivered"')
    agent = ground.agent("api")
    program.send_signal(signal.SIGSTOP)
    deadline = time.monotonic() + 3.0
    wait_until(lambda: time.monotonic() > deadline)
    program.send_signal(signal.SIGCONT)
    ground.request("late", "done all")
    lines_until(program, '"session_archived"')
    assert ground.agent("api") == agent
    ground.open_gate()
    lines_until(program, '"session_archived"')
    kill_program(program)
    assert ground.began("api") == 1
    ground.oracle()
