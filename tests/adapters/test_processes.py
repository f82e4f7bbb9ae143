import fcntl
import json
import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "programs"))
from sessions import Session, no_process_is_left, session, wait_for_end, wait_until

from team_supervisor import tree
from team_supervisor.adapters import process_table, processes
from team_supervisor.adapters.processes import (
    HostView,
    ProcessRef,
    alive,
    identify,
    lock_held,
    marked,
    open_pidfd,
    send_signal,
    sweep,
    usage,
)

__all__ = ["no_process_is_left", "session"]

BUSY = "import time; t = time.process_time\nwhile t() < 0.2: pass\nprint('busy', flush=True); "


def sleeper(**environ: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "300"], env={**os.environ, **environ})


def ref_of(process: subprocess.Popen[bytes]) -> ProcessRef:
    found = identify(process.pid)
    assert found
    return found


def test_a_process_is_known_until_it_ends() -> None:
    process = sleeper()
    ref = ref_of(process)
    assert alive(ref) and ref.boot_id and ref.ticks > 0
    process.kill()
    process.wait()
    assert not alive(ref) and identify(process.pid) is None


def test_a_zombie_is_dead() -> None:
    process = sleeper()
    ref = ref_of(process)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not alive(ref) and open_pidfd(ref) is None and not send_signal(ref, 0)


@pytest.mark.parametrize("other", [{"ticks": 1}, {"boot_id": "before"}])
def test_another_process_with_the_same_pid_is_never_signalled(other: dict[str, object]) -> None:
    process = sleeper()
    stranger = replace(ref_of(process), **other)
    assert not alive(stranger)
    assert open_pidfd(stranger) is None
    assert not send_signal(stranger, signal.SIGKILL)
    assert process.poll() is None


def test_a_signal_is_sent_to_the_process_that_is_meant() -> None:
    process = sleeper()
    assert send_signal(ref_of(process), signal.SIGTERM)
    assert process.wait() == -signal.SIGTERM


def test_a_pidfd_tells_the_end() -> None:
    process = sleeper()
    pidfd = open_pidfd(ref_of(process))
    assert pidfd is not None
    assert select.select([pidfd], [], [], 0)[0] == []
    process.kill()
    assert select.select([pidfd], [], [], 60)[0] == [pidfd]
    os.close(pidfd)


def test_host_and_supervisor_name_a_process_alike() -> None:
    assert ProcessRef(**tree.identity(os.getpid())) == identify(os.getpid())


def test_without_proc_a_process_is_described_the_same() -> None:
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin and process.stdout
    process.stdin.write(b"settled\n")
    process.stdin.flush()
    process.stdout.readline()
    ours = process_table.row_from_proc(process.pid)
    theirs = process_table.row_from_psutil(process.pid)
    assert ours and theirs
    assert (ours.ref.pid, ours.parent, ours.name) == (theirs.ref.pid, theirs.parent, theirs.name)
    assert ours.zombie == theirs.zombie
    assert ours.memory == pytest.approx(theirs.memory, abs=1 << 20)
    process.communicate()


def test_a_lock_file_that_is_missing_is_not_held(tmp_path: Path) -> None:
    assert not lock_held(tmp_path / "lock")
    assert not lock_held(tmp_path / "no" / "lock")


def test_a_lock_is_held_by_whoever_opened_it(tmp_path: Path) -> None:
    with open(tmp_path / "lock", "w") as file:
        assert not lock_held(tmp_path / "lock")
        fcntl.flock(file, fcntl.LOCK_EX)
        assert lock_held(tmp_path / "lock")
    assert not lock_held(tmp_path / "lock")


def test_a_session_that_never_began_shows_nothing(session: Session) -> None:
    assert session.look() == HostView(locked=False, host=None, agent=None, exit=None)


def test_a_session_is_starting_from_the_first_moment(session: Session) -> None:
    session.start("sleep", "300")
    view = session.look()
    assert view.starting or view.agent
    view = session.running()
    assert view.locked and view.host and not view.starting and not view.orphaned


def test_a_host_that_died_before_it_had_an_agent_is_starting_no_more(session: Session) -> None:
    (session.control / "lock").mkdir()
    session.start("sleep", "300")
    wait_until(lambda: not session.look().starting)
    assert session.look() == HostView(locked=False, host=None, agent=None, exit=None)


@pytest.mark.parametrize(
    "text", ["", '{"attempt": 1', "[]", "null", '{"attempt": "1"}', "[" * 60000, "\0", "\xff"]
)
def test_garbage_counts_as_missing(session: Session, text: str) -> None:
    for name in ("exit.json", "host.json"):
        (session.control / name).write_bytes(text.encode("latin-1"))
    assert session.look() == HostView(locked=False, host=None, agent=None, exit=None)


def test_a_fifo_or_a_link_counts_as_missing(session: Session) -> None:
    os.mkfifo(session.control / "exit.json")
    (session.control / "host.json").symlink_to("/dev/zero")
    assert session.look() == HostView(locked=False, host=None, agent=None, exit=None)


def test_a_host_of_before_the_reboot_is_not_alive(session: Session) -> None:
    session.start("sleep", "300")
    session.running()
    path = session.control / "host.json"
    record = json.loads(path.read_text())
    for who in ("host", "agent"):
        record[who]["boot_id"] = "before"
    path.write_text(json.dumps(record))
    view = session.look()
    assert (view.host, view.agent, view.orphaned) == (None, None, True)


def test_an_end_of_another_attempt_is_not_of_this_one(session: Session) -> None:
    session.start("true")
    assert session.ended(1).code == 0
    assert session.look(2).exit is None


def test_a_path_that_is_not_utf8_is_passed_on(tmp_path: Path) -> None:
    session = Session(tmp_path / "caf\udce9")
    session.start("sh", "-c", "printf $TEAM_WORKSPACE | wc -c; pwd -P | wc -c")
    assert session.ended().code == 0
    workspace, here = map(int, session.said())
    assert here == workspace + len(f"/{session.id}\n")


def test_reaping_leaves_no_zombie_and_never_waits(session: Session) -> None:
    pid = session.start("sh", "-c", "read line")
    session.running()
    processes.reap()
    session.tell("end")
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    processes.reap()
    assert not psutil.pid_exists(pid)


def test_the_supervisor_keeps_no_descriptor_of_a_host(session: Session) -> None:
    before = set(os.listdir("/proc/self/fd"))
    session.start("sleep", "300")
    session.running()
    assert set(os.listdir("/proc/self/fd")) == before


def test_asking_again_never_lengthens_the_wait(session: Session) -> None:
    for grace in (9, 2, 5):
        session.stop(grace)
    assert json.loads((session.control / "stop.json").read_text()) == {"attempt": 1, "grace": 2}
    session.stop(7, attempt=2)
    assert json.loads((session.control / "stop.json").read_text()) == {"attempt": 2, "grace": 7}


def test_a_descendant_is_found_by_its_marks_alone(session: Session) -> None:
    session.start_program("escapes.py")
    pids = [int(pid) for pid in session.until_said("ready").split()[1:]]
    view = session.running()
    assert view.host and view.agent
    found = {ref.pid for ref in marked(session.id, str(session.workspace))}
    assert found == {view.agent.pid, *pids[:2]}
    assert marked("other", str(session.workspace)) == []
    assert marked(session.id, "/other") == []
    assert process_table.marked_sessions(str(session.workspace)) == {session.id}


def test_a_persons_shell_is_not_marked() -> None:
    sleeper(TEAM_SESSION_ID="s", TEAM_WORKSPACE="/w", TEAM_ATTACHED="1")
    agents = sleeper(TEAM_SESSION_ID="s", TEAM_WORKSPACE="/w")
    assert marked("s", "/w") == [ref_of(agents)]
    assert process_table.marked_sessions("/w") == {"s"}


def test_what_only_begins_with_the_mark_of_a_session_is_not_of_it() -> None:
    other = sleeper(TEAM_SESSION_ID="s2", TEAM_WORKSPACE="/w")
    assert marked("s", "/w") == []
    assert marked("s2", "/w") == [ref_of(other)]


def test_whoever_asks_and_what_started_it_are_not_marked() -> None:
    program = "from team_supervisor.adapters.processes import sweep; print(sweep('s', '/w'))"
    nested = ["sh", "-c", f'{sys.executable} -c "{program}"; echo survived']
    environ = {**os.environ, "TEAM_SESSION_ID": "s", "TEAM_WORKSPACE": "/w"}
    done = subprocess.run(nested, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "0\nsurvived\n"


def test_an_orphaned_session_is_swept(session: Session) -> None:
    session.start_program("escapes.py")
    pids = [int(pid) for pid in session.until_said("ready").split()[1:]]
    view = session.running()
    assert view.host and view.agent
    send_signal(view.host, signal.SIGKILL)
    wait_for_end(view.host)
    assert session.look().orphaned
    assert sweep(session.id, str(session.workspace)) == 0
    assert not session.look().locked
    assert [identify(pid) for pid in (view.agent.pid, *pids)] == [None] * 4


def test_who_only_looks_at_the_lock_is_not_swept(session: Session) -> None:
    lock = session.control / "lock"
    lock.touch()
    program = f"f = open({str(lock)!r}); print('ready', flush=True); input()"
    looker = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with open(lock) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert looker.stdout and looker.stdout.readline() == b"ready\n"
        assert sweep(session.id, str(session.workspace)) == 0
    assert looker.poll() is None
    looker.communicate(b"\n")


def test_a_sweep_leaves_a_living_host_to_record_the_end(session: Session) -> None:
    session.start("sh", "-c", "trap '' TERM; echo ready; sleep 300")
    session.until_said("ready")
    session.running()
    assert sweep(session.id, str(session.workspace)) == 0
    assert (session.ended().signal, session.ended().reason) == (9, "signalled")


def test_usage_is_that_of_the_whole_tree() -> None:
    program = f"{BUSY}import subprocess; subprocess.run(['sleep', '300'])"
    tree = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    alone = sleeper()
    assert tree.stdout and tree.stdout.readline() == b"busy\n"
    tree.stdout.close()
    wait_until(lambda: psutil.Process(tree.pid).children())
    refs = {"tree": ref_of(tree), "alone": ref_of(alone)}
    found = usage(refs)
    assert (found["tree"].processes, found["alone"].processes) == (2, 1)
    assert 0.1 < found["tree"].cpu_seconds < 5 and found["alone"].cpu_seconds < 0.1
    assert found["tree"].memory > found["alone"].memory > 0


def test_usage_counts_what_has_ended_and_says_nothing_of_the_dead() -> None:
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}]); input()"
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout and parent.stdin and parent.stdout.readline() == b"busy\n"
    wait_until(lambda: not psutil.Process(parent.pid).children())
    ref = ref_of(parent)
    assert usage({"parent": ref})["parent"].cpu_seconds > 0.1
    parent.communicate(b"\n")
    assert usage({"parent": ref, "stranger": replace(ref_of(sleeper()), ticks=1)}) == {}
