"""Is a host that was copied what one is that was started by itself?"""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "programs"))
from sessions import Session, no_process_is_left, wait_until

from team_supervisor.adapters import forking, processes
from team_supervisor.adapters.forking import Launcher
from team_supervisor.adapters.processes import Launch

__all__ = ["no_process_is_left"]

SAY_AND_WAIT = ("sh", "-c", "echo ready; read line; exit 3")


@pytest.fixture
def sessions(tmp_path: Path) -> list[Session]:
    return [Session(tmp_path.resolve(), f"intern-{number}") for number in range(3)]


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    workspace = str(tmp_path.resolve())
    launcher = Launcher(
        tmp_path.resolve() / ".supervisor" / "sessions", {**os.environ, "TEAM_WORKSPACE": workspace}
    )
    yield launcher
    launcher.collect()


def order(launcher: Launcher, session: Session, *argv: str) -> None:
    launch = Launch(
        session=session.id,
        attempt=1,
        argv=argv or SAY_AND_WAIT,
        cwd=str(session.directory),
        transcript=str(session.directory / "transcript.jsonl"),
        stderr=str(session.directory / "stderr.log"),
        stop_grace=10.0,
    )
    launcher.order(session.control, launch, {"TEAM_SESSION_ID": session.id})


def links(pid: int) -> dict[str, str]:
    """What its descriptors are, but for the pipe by which it hears of signals."""
    found = {each.name: os.readlink(each.path) for each in os.scandir(f"/proc/{pid}/fd")}
    return {name: link for name, link in found.items() if not link.startswith("pipe:")}


def facts(pid: int, session: Session) -> dict[str, object]:
    """All by which one host could be told from another, but for what is of its session."""
    own, stat = str(session.control), Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    alike = ("Name:", "Uid:", "Umask:", "SigIgn:", "SigCgt:", "SigBlk:", "NoNewPrivs:", "Threads:")
    return {
        "parent": int(stat.split()[1]),
        "leads": (os.getsid(pid) == pid, os.getpgid(pid) == pid),
        "status": [line for line in status if line.startswith(alike)],
        "cwd": os.readlink(f"/proc/{pid}/cwd"),
        "files": sorted(link.replace(own, "") for link in links(pid).values()),
        "limits": Path(f"/proc/{pid}/limits").read_text(),
        "words": [word.replace(own, "") for word in psutil.Process(pid).cmdline()[:2]],
    }


def test_a_copied_host_is_what_one_is_that_was_started_by_itself(
    launcher: Launcher, sessions: list[Session]
) -> None:
    alone, *copied = sessions
    pid = alone.start(*SAY_AND_WAIT)
    for session in copied:
        order(launcher, session)
    pids = launcher.collect()
    assert list(pids) == [session.control for session in copied]
    for session in sessions:
        session.until_said("ready")
        wait_until(lambda session=session: session.look().agent)
    for session in copied:
        found = pids[session.control]
        assert session.running().host == processes.identify(found)
        assert facts(found, session) == facts(pid, alone)


def test_its_agent_has_the_environment_of_its_session_and_its_exit_is_known(
    launcher: Launcher, sessions: list[Session]
) -> None:
    for session in sessions:
        order(launcher, session, "sh", "-c", 'echo "$TEAM_SESSION_ID" "$TEAM_WORKSPACE"; exit 3')
    begun = launcher.collect()
    for session in sessions:
        assert session.ended().code == 3
        assert session.said() == [f"{session.id} {session.workspace}"]
        assert (session.control / "host.log").read_text() == ""
    # They were ours to wait for, and nothing of them is left once we have.
    wait_until(lambda: not any(map(there, begun.values())))


def there(pid: int) -> bool:
    processes.reap()
    return psutil.pid_exists(pid)


def test_the_launcher_ends_with_its_orders(launcher: Launcher, sessions: list[Session]) -> None:
    order(launcher, sessions[0], *SAY_AND_WAIT)
    (pid,) = launcher.collect().values()
    wait_until(lambda: there(pid) and [p.pid for p in psutil.Process().children()] == [pid])


def test_what_a_killed_launcher_did_not_answer_for_is_not_said_to_have_begun(
    launcher: Launcher, sessions: list[Session]
) -> None:
    first, *others = sessions
    order(launcher, first)
    first.until_said("ready")
    (program,) = [p for p in psutil.Process().children() if p.name() == forking.NAME]
    program.send_signal(signal.SIGKILL)
    program.wait()
    for session in others:
        order(launcher, session)
    assert list(launcher.collect()) == [first.control]
    assert [session.look().locked for session in sessions] == [True, False, False]


def test_hundreds_of_orders_are_taken_though_nobody_reads_the_answers_meanwhile(
    launcher: Launcher, tmp_path: Path
) -> None:
    """More than a socket takes of either: the kernel counts some hundred lines as full."""
    many = [Session(tmp_path.resolve(), f"many-{number}") for number in range(400)]
    for session in many:
        order(launcher, session, "true")
    assert list(launcher.collect()) == [session.control for session in many]
    assert many[-1].ended().code == 0


def test_a_control_directory_that_is_gone_is_an_error_and_orders_nothing(
    launcher: Launcher, sessions: list[Session]
) -> None:
    sessions[0].control.rmdir()
    with pytest.raises(FileNotFoundError):
        order(launcher, sessions[0])
    order(launcher, sessions[1])
    assert list(launcher.collect()) == [sessions[1].control]


def test_a_host_that_cannot_begin_says_so_in_its_log(
    launcher: Launcher, sessions: list[Session]
) -> None:
    (sessions[0].control / "lock").mkdir()
    order(launcher, sessions[0])
    launcher.collect()
    log = sessions[0].control / "host.log"
    wait_until(lambda: "IsADirectoryError" in log.read_text())
