"""Is a process, a lock or a name what it seems to be?"""

import json
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.adapters import processes
from team_supervisor.core import events
from team_supervisor.core.model import State
from tests.teams import PATIENCE, lines_until, run_until

from .ground import Ground, active, gate, kill, kill_program

BUSY = 4


def at_work(ground: Ground, *names: str) -> None:
    """Sessions whose first agent is in the middle of its work, and no supervisor."""
    for name in names:
        ground.request(name, f"once gone bash touch $SHARED/{name}; sleep 300", "done all")
    ground.team.run(lambda _: all((ground.shared / name).exists() for name in names))


def forget_processes(ground: Ground, name: str, **stranger: Any) -> None:
    """Host and agent die at once; host.json then names somebody else."""
    for ref in (ground.host(name), ground.agent(name)):
        kill(ref)
    path = ground.control(name) / "host.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"host": stranger, "agent": stranger}))


@pytest.mark.parametrize("change", [{"boot_id": "another"}, {"ticks": 1}], ids=["boot", "start"])
def test_a_stranger_with_the_recorded_pid_is_neither_adopted_nor_touched(
    ground: Ground, change: dict[str, object]
) -> None:
    """Cases 24 and 25: the pid was given again, after a reboot or in the same boot."""
    at_work(ground, "api")
    stranger = subprocess.Popen(["sleep", "300"])
    try:
        ref = processes.identify(stranger.pid)
        assert ref
        seen = {"pid": ref.pid, "ticks": ref.ticks, "boot_id": ref.boot_id} | change
        forget_processes(ground, "api", **seen)
        ground.team.run()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
    assert not ground.team.heard(events.SessionAdopted)
    assert [a["reason"] for a in ground.attempts("api")] == ["unknown", "stopped"]
    ground.oracle(cli=True)


def test_who_got_the_pid_of_a_dead_agent_for_real_is_left_alone(tmp_path: Path) -> None:
    """Case 24: the kernel gives the pids of host and agent to two other programs."""
    unshare = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    probe = (*unshare, "sh", "-c", "echo 1000 > /proc/sys/kernel/ns_last_pid")
    if not shutil.which("unshare") or subprocess.run(probe, capture_output=True).returncode != 0:
        pytest.skip("there are no pid namespaces here, or pids cannot be chosen in them")
    ran = subprocess.run(
        [*unshare, sys.executable, "-m", "tests.faults.reusing", tmp_path / "ground"],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]


def test_after_a_reboot_sessions_go_on_in_their_conversations(ground: Ground) -> None:
    """Case 51: every process is gone, and another boot id stands in every record."""
    names = ["one", "two", "three"]
    at_work(ground, *names)
    for name in names:
        forget_processes(ground, name, pid=2, ticks=1, boot_id="before")
    ground.team.run()
    for name in names:
        assert ground.team.session(name).state == State.COMPLETED
        assert next(a["reason"] for a in ground.attempts(name)) == "unknown"
        assert ground.began(name) == 2
        assert "--resume" in _argv(ground, name)
    ground.oracle(cli=True)


def _argv(ground: Ground, name: str) -> list[str]:
    found: list[str] = json.loads((ground.control(name) / "launch.json").read_text())["argv"]
    return found


@pytest.mark.parametrize("many", [12, pytest.param(50, marks=pytest.mark.soak)])
def test_of_many_supervisors_at_once_one_works_and_the_others_say_who(
    ground: Ground, many: int
) -> None:
    """Case 27."""
    ground.request("api", gate(), "done all")
    ground.write_settings()
    words = ("orchestrate", "--json", "--workspace", ground.workspace)
    rivals = [ground.team.start(*words) for _ in range(many)]
    ended = _all_but_one(rivals)
    assert len(ended) == len(rivals) - 1
    assert [program.returncode for program in ended] == [BUSY] * len(ended)
    [works] = [program for program in rivals if program not in ended]
    lines_until(works, '"delivered"')
    ground.open_gate()
    lines_until(works, '"session_archived"')
    kill_program(works)
    said = (ground.root / "errors").read_text()
    assert said.count(f"PID {works.pid} ") == len(ended)
    assert ground.began("api") == 1
    ground.oracle()


def _all_but_one(programs: "list[subprocess.Popen[str]]") -> "list[subprocess.Popen[str]]":
    """Those that ended; waits for all but one of them, however slow the machine is."""
    running = {os.pidfd_open(program.pid): program for program in programs}
    ended = []
    while len(running) > 1:
        ready, _, _ = select.select(list(running), [], [], 60)
        assert ready, f"{len(running)} supervise at once"
        for descriptor in ready:
            os.close(descriptor)
            ended.append(running.pop(descriptor))
            ended[-1].wait()
    for descriptor in running:
        os.close(descriptor)
    return ended


def test_a_supervisor_whose_lock_was_removed_gives_way_and_its_agents_go_on(
    ground: Ground,
) -> None:
    """Case 28."""
    ground.request("api", gate(), "done all")
    program = ground.supervisor()
    lines_until(program, '"delivered"')
    agent = ground.agent("api")
    ground.team.workspace.lock.unlink()
    assert program.wait(timeout=PATIENCE) == BUSY
    assert processes.alive(agent)
    ground.open_gate()
    ground.team.run()
    assert ground.began("api") == 1
    ground.oracle()


def test_a_session_whose_lock_was_removed_has_still_one_agent(ground: Ground) -> None:
    """Case 28, of a session: an agent that cleaned away the control files starts no second."""
    ground.request("api", gate(), "done all")
    ground.team.run(active("api"))
    agent = ground.agent("api")
    (ground.control("api") / "lock").unlink()
    with ground.team.supervised() as supervisor:
        looks = iter(range(40))
        run_until(supervisor, lambda _: next(looks, None) is None)
        assert processes.alive(agent)
        ground.open_gate()
        run_until(supervisor, lambda world: all(s.ended for s in world.live))
    assert ground.began("api") == 1
    ground.oracle()


def test_an_id_that_somebody_has_taken_is_left_alone(ground: Ground) -> None:
    """Case 33: renaming onto an empty directory would replace it without a word."""
    far = 9_000_000_000_000
    with ground.team.store() as store:
        store.set_team("last_ms", str(far))
    taken = [
        ground.workspace / f"intern-{far + 1}",
        ground.workspace / f"intern-{far + 2}-completed",
    ]
    for directory in taken:
        directory.mkdir()
    inodes = [directory.stat().st_ino for directory in taken]
    ground.request("api", "done all")
    ground.team.run(lambda _: ground.team.heard(events.SessionStarted))
    assert ground.team.session("api").id == f"intern-{far + 3}"
    for directory in taken:
        directory.rmdir() if directory.stat().st_ino == inodes.pop(0) else None
        assert not directory.exists()
    ground.team.run()
    ground.oracle()


@pytest.mark.parametrize(
    "many", [100, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(600)])]
)
def test_requests_of_one_millisecond_become_as_many_sessions(ground: Ground, many: int) -> None:
    """Case 49: claimed in one look, at one wall-clock time."""
    from dataclasses import replace

    from team_supervisor.adapters import clock
    from team_supervisor.apply import apply
    from team_supervisor.core.reconcile import plan
    from team_supervisor.core.world import ClaimRequest

    limits = replace(
        ground.team.settings.limits, sessions=many, spawned_per_hour=many, disk_free_mb=0
    )
    ground.set(limits=limits)
    names = [f"r{n}" for n in range(many)]
    for name in names:
        ground.request(name, "done all")
    with ground.team.supervised() as supervisor:
        supervisor.tick()
        now = clock.now()
        claims = [a for a in plan(supervisor.observer.observe(now)) if isinstance(a, ClaimRequest)]
        assert len(claims) == many
        for claim in claims:
            apply(claim, supervisor.tools, now)
    assert len({session.id for session in ground.team.sessions()}) == many
    assert {session.name for session in ground.team.sessions()} == set(names)
    ground.oracle(finished=False)


def test_the_marks_of_one_workspace_are_not_those_of_another(
    ground: Ground, tmp_path: Path
) -> None:
    """Two teams on one machine, one of which ends: the other's agents go on."""
    other = Ground(tmp_path / "other")
    try:
        for one in (ground, other):
            one.request("api", gate(), "done all")
            one.team.run(active("api"))
        agent = other.agent("api")
        ground.team.end()
        assert not ground.marked()
        assert processes.alive(agent)
        other.open_gate()
        other.team.run()
        other.oracle()
    finally:
        other.end()
    assert os.path.isdir(other.workspace)
