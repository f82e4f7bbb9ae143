"""A host dies, or two are started: is there still one agent, and an honest record?"""

import json
import os
import signal
import subprocess

from team_supervisor.adapters import processes
from team_supervisor.adapters.processes import Launch
from team_supervisor.core import events
from team_supervisor.core.model import State
from tests.teams import run_until

from .ground import Ground, active, adopting_orphans, await_end, gate, kill, wait_until


def test_no_second_agent_starts_while_one_without_a_host_works(ground: Ground) -> None:
    """Case 6: it fails with its tasks open; only then comes the next, and the exit is unknown."""
    ground.request("api", "once gone bash until test -e $SHARED/gate; do sleep 0.02; done",
                   "once failed exit 7", "done all")  # fmt: skip
    ground.team.run(active("api"))
    agent = ground.agent("api")
    kill(ground.host("api"))
    with ground.team.supervised() as supervisor:
        looks = iter(range(40))
        run_until(supervisor, lambda _: next(looks, None) is None)
        assert ground.began("api") == 1
        assert processes.alive(agent)
        ground.open_gate()
        run_until(supervisor, lambda world: all(s.ended for s in world.live))
    first, second = ground.attempts("api")
    assert (first["code"], first["signal"], first["reason"]) == (None, None, "unknown")
    assert second["code"] == 143
    ground.oracle(cli=True)


def test_work_that_was_finished_without_a_host_is_not_done_again(ground: Ground) -> None:
    """Case 6: tasks.md is asked before an unknown exit counts as a failure."""
    ground.request("api", gate(), "done all", "exit 0")
    ground.team.run(active("api"))
    agent = ground.agent("api")
    kill(ground.host("api"))
    ground.open_gate()
    await_end(agent)
    ground.team.run()
    assert ground.team.session("api").state == State.COMPLETED
    assert ground.began("api") == 1
    ground.oracle()


def test_a_host_that_is_started_twice_starts_one_agent(ground: Ground) -> None:
    """Case 11: the second finds the lock held."""
    ground.request("api", gate(), "done all")
    ground.team.run(active("api"))
    control, agent = ground.control("api"), ground.agent("api")
    launch = Launch(**json.loads((control / "launch.json").read_text()))
    environ = {**os.environ, "TEAM_WORKSPACE": str(ground.workspace)}
    rivals = [processes.start_host(control, launch, environ) for _ in range(4)]
    wait_until(lambda: not any(map(processes.identify, rivals)))
    assert ground.agent("api") == agent
    ground.open_gate()
    ground.team.run()
    assert ground.began("api") == 1
    ground.oracle()


def test_retried_by_several_people_at_once_a_session_has_one_agent(ground: Ground) -> None:
    """Case 11."""
    ground.set(restarts=_once())
    ground.request("api", "once tried exit 1", gate(), "done all")
    ground.team.run()
    assert ground.team.session("api").state == State.FAILED
    calls = [ground.team.start("retry", "api", "--workspace", ground.workspace) for _ in range(4)]
    assert [call.wait() for call in calls] == [0] * 4
    ground.team.run(active("api"))
    ground.open_gate()
    ground.team.run()
    assert ground.began("api") == 2
    ground.oracle()


def _once() -> object:
    from team_supervisor.core.restarts import RestartPolicy

    return RestartPolicy(first_delay=0.02, max_delay=0.1, failures=0)


def test_a_dead_agent_that_nobody_waited_for_counts_as_dead(ground: Ground) -> None:
    """Case 26: a zombie under a parent that never waits, as process 1 of some containers."""
    with adopting_orphans():
        ground.request("api", "once gone bash until test -e $SHARED/gate; do sleep 0.02; done",
                       "once failed exit 7", "done all")  # fmt: skip
        ground.team.run(active("api"))
        agent = ground.agent("api")
        kill(ground.host("api"))
        ground.open_gate()
        await_end(agent)
        assert os.path.exists(f"/proc/{agent.pid}"), "it is no zombie"
        ground.team.run()
        assert ground.team.session("api").state == State.COMPLETED
        assert ground.began("api") == 2
    ground.oracle()


def test_what_a_crashed_agent_left_behind_is_gone_before_the_next_one_starts(
    ground: Ground,
) -> None:
    """Case 18: the leader dies first, then the tree is still found."""
    ground.request(
        "api",
        "once started bash setsid nohup sleep 300 > /dev/null 2>&1 & echo $! > $SHARED/pid",
        "once crashed crash",
        gate(),
        "done all",
    )
    ground.team.run(lambda _: len(ground.team.heard(events.SessionStarted)) == 2)
    left = int((ground.shared / "pid").read_text())
    assert processes.identify(left) is None
    assert ground.attempts("api")[0]["signal"] == signal.SIGKILL
    ground.open_gate()
    ground.team.run()
    ground.oracle()


def test_a_server_that_outlives_its_agent_is_ended_before_the_archive(ground: Ground) -> None:
    """Case 17: the leader exits with 0, what it started stays."""
    ground.request(
        "api",
        "bash setsid nohup sleep 300 > /dev/null 2>&1 & echo $! > $SHARED/pid",
        "done all",
        "exit 0",
    )
    ground.team.run()
    assert processes.identify(int((ground.shared / "pid").read_text())) is None
    [attempt] = ground.attempts("api")
    assert (attempt["code"], attempt["left_behind"]) == (0, 1)
    assert ground.team.session("api").state == State.COMPLETED
    ground.oracle()


def test_a_server_that_holds_its_agent_s_output_and_inbox_delays_no_end(ground: Ground) -> None:
    """Case 17: nobody waits for the end of a file that a straggler keeps open."""
    hold = "exec >> $SESSION/transcript.jsonl 2>> $SESSION/stderr.log 9<> $INBOX; sleep 300"
    inbox = "INBOX=$(echo $TEAM_WORKSPACE/.supervisor/sessions/$TEAM_SESSION_ID/inbox)"
    ground.request(
        "api",
        f"bash {inbox} SESSION=$SESSION setsid sh -c '{hold}' > /dev/null 2>&1 < /dev/null & "
        "echo $! > $SHARED/pid",
        "done all",
        "exit 0",
    )
    ground.team.run()
    assert processes.identify(int((ground.shared / "pid").read_text())) is None
    assert ground.attempts("api")[0]["left_behind"] >= 1
    assert ground.team.session("api").state == State.COMPLETED
    ground.oracle()


def test_the_program_of_a_person_in_the_same_project_is_left_alone(ground: Ground) -> None:
    """Beside case 17: no mark, no descendant, not ours."""
    with subprocess.Popen(["sleep", "300"], cwd=ground.team.project) as theirs:
        ground.request("api", "bash setsid sleep 300 &", "done all")
        ground.team.run()
        assert theirs.poll() is None
        theirs.kill()
    ground.oracle()
