"""The ground moves: a root that is renamed, a directory that is gone, a name that is taken."""

import os
import signal
import subprocess

import pytest

from team_supervisor.adapters import processes
from team_supervisor.core import events
from team_supervisor.core.model import State
from tests.teams import PATIENCE, lines_until, run_until

from .ground import Ground, active, await_end, gate, wait_until
from .mounts import mount, tmpfs, unmount
from .test_requests import a_while


def test_a_root_that_is_renamed_and_comes_back_costs_no_agent(ground: Ground) -> None:
    """Case 37, with the program itself: it waits, and goes on."""
    ground.request("api", gate(), "done all")
    program = ground.supervisor()
    wait_until(ground.reached)
    agent, away = ground.agent("api"), ground.workspace.with_name("away")
    os.rename(ground.workspace, away)
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(timeout=3)
    assert processes.alive(agent)
    os.rename(away, ground.workspace)
    ground.open_gate()
    lines_until(program, '"session_archived"')
    program.kill()
    program.wait()
    assert ground.began("api") == 1
    ground.oracle(cli=True)


def test_another_directory_in_the_place_of_the_root_is_not_taken_for_it(ground: Ground) -> None:
    """Case 37: its supervisor ends, its agents go on, and the old one is found again."""
    ground.request("api", gate(), "done all")
    program = ground.supervisor()
    wait_until(ground.reached)
    agent, away = ground.agent("api"), ground.workspace.with_name("away")
    os.rename(ground.workspace, away)
    ground.workspace.mkdir()
    program.wait(timeout=PATIENCE)
    assert processes.alive(agent)
    assert not [e for e in os.listdir(ground.workspace) if "intern" in e]
    subprocess.run(["rm", "-r", ground.workspace], check=True)
    os.rename(away, ground.workspace)
    ground.open_gate()
    ground.team.run()
    assert ground.began("api") == 1
    ground.oracle()


def test_a_workspace_that_is_unmounted_under_its_supervisor_is_waited_for(ground: Ground) -> None:
    """Case 37: the file system goes away and comes back; nobody is killed."""
    ground.request("api", gate(), "done all")
    ground.team.run(lambda _: ground.reached())
    agent = ground.agent("api")
    covered = ground.workspace
    with ground.team.supervised() as supervisor:
        with tmpfs(covered, "1m"), pytest.raises(Exception, match="removed or replaced"):
            run_until(supervisor, a_while())
        assert processes.alive(agent)
    ground.open_gate()
    ground.team.run()
    assert ground.began("api") == 1
    ground.oracle()


def test_an_agent_that_deletes_all_its_files_is_still_supervised(ground: Ground) -> None:
    """Case 56: `rm -rf *` and `git clean` in its own directory unlock nothing."""
    ground.request("api", "bash cd $SESSION && rm -rf ./* && touch $SHARED/clean", gate(), "exit 3")
    with ground.team.supervised() as supervisor:
        run_until(supervisor, lambda _: (ground.shared / "clean").exists())
        agent = ground.agent("api")
        run_until(supervisor, a_while())
        assert processes.alive(agent)
        assert ground.began("api") == 1
        ground.open_gate()
        await_end(agent)
        run_until(supervisor, lambda _: ground.team.heard(events.SessionExited))
    assert ground.attempts("api")[0]["code"] == 3
    ground.asked.clear()
    ground.team.end()


def test_an_agent_that_deletes_its_own_directory_needs_attention(ground: Ground) -> None:
    """Case 56: nothing is started again, nothing is archived, and it is said."""
    # Once more while a last copy of session.json is written into it.
    remove = "bash while [ -e $SESSION ]; do rm -rf $SESSION; done; touch $SHARED/gone"
    ground.request("api", remove, "hang")
    with ground.team.supervised() as supervisor:
        run_until(supervisor, lambda _: ground.team.heard(events.AttentionNeeded))
        assert processes.alive(ground.agent("api"))
    [attention] = ground.team.heard(events.AttentionNeeded)
    assert attention.reason == "its directory is gone"
    ground.team.end()
    assert not ground.marked()
    assert ground.team.session("api").state == State.STOPPED
    ground.asked.clear()


def test_an_archive_never_replaces_what_stands_in_its_place(ground: Ground) -> None:
    """Case 58: the name is taken, by a directory and by a link."""
    ground.request("api", gate(), "done all")
    ground.team.run(active("api"))
    session = ground.team.session("api").id
    (ground.workspace / f"{session}-completed").mkdir()
    (ground.workspace / f"{session}-completed-2").symlink_to(ground.outside)
    ground.open_gate()
    ground.team.run()
    assert ground.team.session("api").directory == f"{session}-completed-3"
    (ground.workspace / f"{session}-completed").rmdir()
    (ground.workspace / f"{session}-completed-2").unlink()
    ground.oracle(cli=True)


def test_an_archive_that_cannot_be_made_now_is_made_later(ground: Ground) -> None:
    """Case 58: EBUSY here, as root may write everywhere; the loop goes on with the others."""
    ground.request("api", gate(), "done all")
    ground.team.run(active("api"))
    directory = ground.team.directory("api")
    mount("--bind", directory, directory)
    try:
        ground.open_gate()
        with ground.team.supervised() as supervisor:
            run_until(supervisor, lambda _: ground.team.heard(events.Warned))
            run_until(supervisor, a_while())
            ground.request("other", "done all")
            run_until(supervisor, lambda _: ground.team.heard(events.SessionArchived))
    finally:
        unmount(directory, "-l")
    assert ground.team.session("api").state == State.STOPPING
    assert len(ground.team.heard(events.Warned)) == 1
    ground.team.run()
    assert ground.team.session("api").state == State.COMPLETED
    ground.oracle()


def test_a_request_on_another_disk_holds_up_no_other(ground: Ground) -> None:
    """Case 57: what cannot be renamed stays where it is, and that is said."""
    odd = ground.workspace / "intern-request-odd"
    odd.mkdir()
    with tmpfs(odd, "1m"):
        (odd / "instructions.md").write_text("do it")
        with ground.team.supervised() as supervisor:
            run_until(supervisor, a_while(10))
            ground.request("good", "done all")
            run_until(supervisor, lambda _: ground.team.heard(events.SessionArchived))
            run_until(supervisor, a_while())
        assert (odd / "instructions.md").exists()
    said = [e.reason for e in ground.team.heard(events.Warned)]
    assert len(said) == len(set(said)) >= 1
    odd.rmdir()
    ground.team.run()
    assert ground.team.session("good").state == State.COMPLETED
    ground.oracle()


def test_a_flood_of_files_while_the_supervisor_slept_hides_no_request(ground: Ground) -> None:
    """Case 34: more events than the kernel's queue holds; the scan is the truth."""
    ground.with_events()
    program = ground.supervisor()
    ground.request("before", "done all")
    lines_until(program, '"session_archived"')
    program.send_signal(signal.SIGSTOP)
    flood = [ground.workspace / f"flood-{n}" for n in range(17_500)]
    for n, directory in enumerate(flood):
        directory.mkdir()
        if n == 15_000:
            ground.request("hidden", "done all")
    program.send_signal(signal.SIGCONT)
    lines_until(program, '"session_archived"')
    for directory in flood:
        directory.rmdir()
    ground.request("after", "done all")
    lines_until(program, '"session_archived"')
    program.kill()
    wait_until(lambda: program.poll() is not None)
    ground.oracle()
