import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parent / "programs"))
from sessions import Session, no_process_is_left, session, wait_for_end, wait_until

from team_supervisor.adapters import processes
from team_supervisor.adapters.processes import ProcessRef, identify, lock_held

__all__ = ["no_process_is_left", "session"]

SAY_READY_AND_WAIT = "echo ready; exec sleep 300"
ECHO = "echo ready; while read line; do echo got $line; done; echo end-of-file"


def exit_status(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def has_open(pid: int, path: Path) -> bool:
    try:
        return any(each.samefile(path) for each in Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:  # a descriptor closed meanwhile
        return False


def test_the_exit_code_is_recorded(session: Session) -> None:
    session.start("sh", "-c", "exit 7")
    ended = session.ended()
    assert (ended.code, ended.signal, ended.reason, ended.error) == (7, None, "exited", None)
    assert ended.left_behind == 0


def test_the_signal_that_ended_the_agent_is_recorded(session: Session) -> None:
    session.start("sh", "-c", "kill -9 $$")
    ended = session.ended()
    assert (ended.code, ended.signal, ended.reason) == (None, 9, "signalled")


def test_the_lock_is_held_while_the_agent_lives_and_free_afterwards(session: Session) -> None:
    session.start("sh", "-c", SAY_READY_AND_WAIT)
    session.until_said("ready")
    assert lock_held(session.control / "lock")
    session.stop()
    ended = session.ended()
    assert (ended.code, ended.signal, ended.reason) == (None, 15, "stopped")
    assert not lock_held(session.control / "lock")


def test_the_lock_outlives_a_killed_host_until_the_agent_ends(session: Session) -> None:
    session.start("sh", "-c", SAY_READY_AND_WAIT)
    view = session.running()
    assert view.host and view.agent and not view.orphaned
    processes.send_signal(view.host, signal.SIGKILL)
    wait_for_end(view.host)
    after = session.look()
    assert (after.locked, after.host, after.agent) == (True, None, view.agent)
    assert after.orphaned and not after.starting
    processes.send_signal(view.agent, signal.SIGKILL)
    wait_until(lambda: not session.look().locked)
    last = session.look()
    assert (last.host, last.agent, last.exit, last.orphaned) == (None, None, None, False)


def test_started_twice_there_is_one_agent(session: Session) -> None:
    session.start("sh", "-c", SAY_READY_AND_WAIT)
    session.until_said("ready")
    second = session.start("sh", "-c", SAY_READY_AND_WAIT)
    assert exit_status(second) == 100
    session.stop()
    session.ended()
    third = session.start("sh", "-c", SAY_READY_AND_WAIT)
    assert exit_status(third) == 0
    assert session.said() == ["ready"]


def test_many_started_at_once_are_one_agent(session: Session) -> None:
    hosts = [session.start("sh", "-c", SAY_READY_AND_WAIT) for _ in range(8)]
    session.until_said("ready")
    survivor = session.running().host
    assert survivor
    assert {exit_status(pid) for pid in hosts if pid != survivor.pid} == {100}
    assert session.said() == ["ready"]


def test_a_reader_of_the_lock_does_not_keep_a_host_from_starting(session: Session) -> None:
    path = session.control / "lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_SH)
    host = session.start("sh", "-c", "exit 0")
    wait_until(lambda: has_open(host, path))
    fcntl.flock(lock, fcntl.LOCK_UN)
    os.close(lock)
    assert session.ended().code == 0


@pytest.mark.parametrize("how", ["stopped", "killed", "left"])
def test_no_descendant_gets_away(session: Session, how: str) -> None:
    session.start_program("escapes.py", *(["leave"] if how == "left" else []))
    pids = [int(pid) for pid in session.until_said("ready").split()[1:]]
    if how == "stopped":
        session.stop()
    elif how == "killed":
        session.stop(grace=0)
    ended = session.ended()
    assert ended.left_behind == 3
    assert [identify(pid) for pid in pids] == [None, None, None]
    assert ended.reason == ("exited" if how == "left" else "stopped")


def test_a_fork_storm_ends(session: Session) -> None:
    session.start_program("storm.py")
    session.until_said("ready")
    host = session.running().host
    assert host
    wait_until(lambda: len(psutil.Process(host.pid).children(recursive=True)) > 60)
    session.stop(grace=0)
    assert session.ended().left_behind > 60
    assert processes.marked(session.id, str(session.workspace)) == []


def test_an_agent_that_ignores_sigterm_is_killed_after_the_grace(session: Session) -> None:
    session.start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 300; done")
    session.until_said("ready")
    begun = time.monotonic()
    session.stop(grace=0.3)
    ended = session.ended()
    assert time.monotonic() - begun >= 0.3
    assert (ended.signal, ended.reason) == (9, "stopped")


def test_a_later_wish_to_stop_shortens_the_wait_and_a_longer_one_does_not(
    session: Session,
) -> None:
    session.start("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 300; done")
    session.until_said("ready")
    begun = time.monotonic()
    for grace in (300, 0.2, 300):
        session.stop(grace)
    assert session.ended().reason == "stopped"
    assert time.monotonic() - begun < 300


def test_a_frozen_agent_can_be_asked_to_stop(session: Session) -> None:
    session.start("sh", "-c", "trap 'echo bye; exit 5' TERM; echo ready; while :; do :; done")
    session.until_said("ready")
    agent = session.running().agent
    assert agent
    processes.send_signal(agent, signal.SIGSTOP)
    wait_until(lambda: psutil.Process(agent.pid).status() == psutil.STATUS_STOPPED)
    session.stop(grace=30)
    ended = session.ended()
    assert (ended.code, ended.reason, session.said()[-1]) == (5, "stopped", "bye")


def test_only_the_agent_gets_sigterm_so_that_it_can_end_its_own_tools(session: Session) -> None:
    tool = "trap 'echo tool-was-hit' TERM; echo tool; while :; do sleep 300; done"
    agent = f'trap "exit 0" TERM; sh -c "{tool}" & echo ready; wait'
    session.start("sh", "-c", agent)
    session.until_said("tool")
    session.until_said("ready")
    session.stop()
    assert session.ended().code == 0
    assert "tool-was-hit" not in session.said()


def test_a_signal_without_a_file_stops_with_the_grace_of_the_launch(session: Session) -> None:
    host = session.start("sh", "-c", "trap '' TERM; echo ready; sleep 300", grace=0.1)
    session.until_said("ready")
    os.kill(host, signal.SIGTERM)
    assert (session.ended().signal, session.ended().reason) == (9, "stopped")


def test_a_file_without_a_signal_is_found(session: Session) -> None:
    session.start("sh", "-c", ECHO)
    session.running()
    for word in ("one", "two"):  # by then the host waits
        session.tell(word)
        session.until_said(f"got {word}")
    (session.control / "stop.json").write_text('{"attempt": 1, "grace": 5}')
    assert session.ended().reason == "stopped"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"attempt": 1}', '{"attempt": 2, "grace": 0}'])
def test_a_stop_that_is_garbage_or_for_another_attempt_is_ignored(
    session: Session, text: str
) -> None:
    (session.control / "stop.json").write_text(text)
    session.start("sh", "-c", "echo ready; read line; exit 3")
    session.until_said("ready")
    session.tell("go on")
    assert (session.ended().code, session.ended().reason) == (3, "exited")


def test_a_session_stopped_before_it_began_starts_no_agent(session: Session) -> None:
    session.stop()
    session.start("sh", "-c", SAY_READY_AND_WAIT)
    ended = session.ended()
    assert (ended.code, ended.signal, ended.reason) == (None, None, "stopped")
    assert session.said() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_the_host_ignores_what_a_closing_terminal_sends(session: Session, number: int) -> None:
    host = session.start("sh", "-c", ECHO)
    session.until_said("ready")
    os.kill(host, number)
    session.tell("hello")
    session.until_said("got hello")
    assert session.running().host


def test_the_agent_has_default_signals_and_a_session_of_its_own(session: Session) -> None:
    session.start("cat", "/proc/self/status")
    session.ended()
    status = dict(line.split(":", 1) for line in session.said())
    assert int(status["SigIgn"], 16) & 0x7FFFFFFF == 0
    assert int(status["SigBlk"], 16) == 0
    assert status["NSsid"].split()[0] == status["Pid"].split()[0]


def test_the_agent_gets_the_environment_unchanged(session: Session) -> None:
    session.start("env", "-0")
    session.ended()
    said = (session.directory / "transcript.jsonl").read_text().rstrip("\0").split("\0")
    assert dict(pair.split("=", 1) for pair in said) == session.environment


@pytest.mark.parametrize(
    ("argv", "cwd", "error"),
    [
        (["no-such-claude"], None, "[Errno 2] No such file or directory: 'no-such-claude'"),
        (["/etc"], None, "[Errno 13] Permission denied: '/etc'"),
        (["true"], "/no/such/place", "[Errno 2] No such file or directory: '/no/such/place'"),
        (["true\0"], None, "execv: embedded null character in path"),
    ],
)
def test_an_agent_that_cannot_be_started_is_a_spawn_error(
    session: Session, argv: list[str], cwd: str | None, error: str
) -> None:
    session.start(*argv, **({"cwd": cwd} if cwd else {}))
    ended = session.ended()
    assert (ended.reason, ended.error) == ("spawn-error", error)
    assert (ended.code, ended.signal, ended.left_behind) == (None, None, 0)


@pytest.mark.parametrize("kind", ["link", "fifo", "directory"])
def test_a_transcript_that_is_no_regular_file_is_never_written(session: Session, kind: str) -> None:
    transcript, victim = session.directory / "transcript.jsonl", session.workspace / "victim"
    victim.write_text("precious")
    make = {"link": lambda: transcript.symlink_to(victim), "directory": transcript.mkdir}
    make.get(kind, lambda: os.mkfifo(transcript))()
    session.start("echo", "overwritten")
    assert session.ended().reason == "spawn-error"
    assert victim.read_text() == "precious"


def test_messages_arrive_and_no_writer_that_leaves_is_an_end_of_file(session: Session) -> None:
    session.start("sh", "-c", ECHO)
    session.until_said("ready")
    for word in ("one", "two", "three"):
        session.tell(word)
        session.until_said(f"got {word}")
    assert "end-of-file" not in session.said()
    assert session.running().agent


def test_a_writer_hears_that_the_agent_is_gone(session: Session) -> None:
    session.start("sh", "-c", "exit 0")
    session.ended()
    with pytest.raises(OSError, match="No such device or address"):
        session.tell("too late")


def test_a_later_attempt_adds_to_the_transcript(session: Session) -> None:
    for attempt in (1, 2):
        session.start("sh", "-c", f"echo attempt {attempt}; echo oops >&2", attempt=attempt)
        session.ended(attempt)
    assert session.said() == ["attempt 1", "attempt 2"]
    assert (session.directory / "stderr.log").read_text() == "oops\noops\n"
    assert (session.directory / "transcript.jsonl").stat().st_mode & 0o777 == 0o600
    assert session.look(1).exit is None


def test_the_doorbell_rings_when_the_agent_runs_and_once_the_lock_is_free(session: Session) -> None:
    doorbell = session.workspace / ".supervisor" / "doorbell"
    os.mkfifo(doorbell)
    reader = os.open(doorbell, os.O_RDONLY | os.O_NONBLOCK)
    session.start("sh", "-c", "read line")
    assert select.select([reader], [], [], 60)[0]
    assert os.read(reader, 10) == b"!" and session.look().agent
    session.tell("go")
    assert select.select([reader], [], [], 60)[0]
    view = session.look()
    assert os.read(reader, 10) == b"!" and view.exit and not view.locked
    os.close(reader)


def test_a_doorbell_that_is_a_file_is_left_alone(session: Session) -> None:
    doorbell = session.workspace / ".supervisor" / "doorbell"
    doorbell.write_text("quiet")
    host = identify(session.start("true"))
    session.ended()
    if host:
        wait_for_end(host)
    assert doorbell.read_text() == "quiet"


def test_nothing_is_left_when_the_control_directory_is_gone(session: Session) -> None:
    pid = session.start_program("escapes.py")
    pids = [int(each) for each in session.until_said("ready").split()[1:]]
    host = session.running().host
    assert host and host.pid == pid
    shutil.rmtree(session.workspace)
    processes.send_signal(host, signal.SIGTERM)
    wait_for_end(host)
    assert [identify(each) for each in pids] == [None, None, None]


def test_a_renamed_workspace_still_gets_its_exit(session: Session) -> None:
    session.start("sh", "-c", "echo ready; read line; exit 4")
    session.until_said("ready")
    session.tell("go on")
    moved = session.workspace / "moved"
    session.control.rename(moved)
    wait_until(lambda: (moved / "exit.json").exists())
    assert json.loads((moved / "exit.json").read_text())["code"] == 4


def test_a_host_is_not_found_by_the_name_python(session: Session) -> None:
    host = session.start("sh", "-c", SAY_READY_AND_WAIT)
    session.until_said("ready")
    assert Path(f"/proc/{host}/comm").read_text() == "team-host\n"
    assert psutil.Process(host).cmdline()[:2] == ["team-host", str(session.control)]
    found = subprocess.run(["pgrep", "-f", "python"], capture_output=True, text=True, check=False)
    assert str(host) not in found.stdout.split()


def test_a_host_has_a_session_of_its_own_and_no_terminal(session: Session) -> None:
    host = session.start("sh", "-c", SAY_READY_AND_WAIT)
    session.until_said("ready")
    assert os.getsid(host) == host
    assert os.readlink(f"/proc/{host}/fd/0") == "/dev/null"
    assert os.readlink(f"/proc/{host}/cwd") == "/"


def test_the_record_names_host_and_agent(session: Session) -> None:
    host = session.start("sh", "-c", SAY_READY_AND_WAIT)
    view = session.running()
    assert view.host == identify(host)
    record = json.loads((session.control / "host.json").read_text())
    assert ProcessRef(**record["agent"]) == view.agent
    assert abs(record["started_at"] - time.time()) < 60


def test_nothing_temporary_stays_in_the_control_directory(session: Session) -> None:
    session.start("true")
    session.ended()
    assert {each.name for each in session.control.iterdir()} == {
        "exit.json",
        "host.json",
        "host.log",
        "inbox",
        "launch.json",
        "lock",
    }
    assert (session.control / "host.log").read_text() == ""


def test_a_launch_that_is_garbage_is_told_in_the_log(session: Session) -> None:
    (session.control / "launch.json").write_text("{")
    host = subprocess.run(
        [sys.executable, "-I", "-S", "-c", processes.BOOT, str(processes.ROOT), session.control],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert host.returncode == 1 and b"KeyError: 'attempt'" in host.stderr


def test_a_complaint_that_comes_back_with_every_child_is_told_once(session: Session) -> None:
    """Each process that the agent leaves wakes the host, which tries again to say who it is."""
    (session.control / "host.json.new").mkdir()
    orphans = "for n in 1 2 3 4 5 6 7 8; do (sleep 0.0$n &) ; done; sleep 0.2"
    session.start("sh", "-c", f"{orphans}; rmdir {session.control}/host.json.new; exit 0")
    assert session.ended().code == 0
    told = (session.control / "host.log").read_text().splitlines()
    assert len(told) == 1 and "host.json: " in told[0]


def test_a_log_of_its_host_that_is_full_does_not_grow(session: Session) -> None:
    (session.control / "host.log").write_bytes(b"x" * (1 << 20))
    (session.control / "host.json.new").mkdir()
    session.start("sh", "-c", "exit 3")
    assert session.ended().code == 3
    assert (session.control / "host.log").stat().st_size == 1 << 20


def test_an_agent_is_not_spared_when_memory_runs_out_as_its_supervisor_is(session: Session) -> None:
    own = Path("/proc/self/oom_score_adj")
    before = own.read_text()
    try:
        own.write_text("-100")
    except PermissionError:
        pytest.skip("this user may spare nobody")
    try:
        session.start("sh", "-c", SAY_READY_AND_WAIT)
        view = session.running()
    finally:
        own.write_text(before)
    assert view.host and view.agent
    scores = [Path(f"/proc/{each.pid}/oom_score_adj") for each in (view.host, view.agent)]
    assert [score.read_text() for score in scores] == ["-100\n", "0\n"]
