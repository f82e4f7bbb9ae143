import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from team_supervisor.adapters import locks
from team_supervisor.adapters.locks import Holder
from team_supervisor.errors import TeamError, WorkspaceBusy

HERE = socket.gethostname()
US = Holder(os.getpid(), HERE, "2026-11-21T10:30:00Z", "orchestrate")
HOLD_AND_WAIT = """\
import sys
from pathlib import Path
from team_supervisor.adapters import locks
held = locks.hold(Path(sys.argv[1]), locks.Holder(1, "there", "noon", "team start"))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "team" / ".supervisor").mkdir(parents=True)
    return tmp_path / "team" / ".supervisor" / "lock"


@pytest.fixture
def held(path: Path) -> Iterator[int]:
    descriptor = locks.hold(path, US)
    yield descriptor
    os.close(descriptor)


def test_a_workspace_is_held_by_one_alone_and_says_by_whom(path: Path, held: int) -> None:
    with pytest.raises(WorkspaceBusy) as error:
        locks.hold(path, Holder(1, "there", "noon", "another"))
    assert str(path.parent.parent) in str(error.value)
    who = f"orchestrate (PID {os.getpid()} on {HERE}, since 2026-11-21T10:30:00Z)"
    assert who in str(error.value)
    assert locks.held_by(path) == US


def test_a_freed_lock_is_held_by_nobody_though_the_file_stays(path: Path) -> None:
    os.close(locks.hold(path, US))
    assert path.exists()
    assert locks.held_by(path) is None
    os.close(locks.hold(path, Holder(1, "there", "noon", "another")))


def test_without_a_lock_file_nobody_holds_it(path: Path) -> None:
    assert locks.held_by(path) is None
    assert not path.exists()


def test_the_lock_of_a_killed_process_is_free(path: Path) -> None:
    argv = [sys.executable, "-c", HOLD_AND_WAIT, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"held\n"
        assert locks.held_by(path) == Holder(1, "there", "noon", "team start")
        process.kill()
    assert locks.held_by(path) is None
    os.close(locks.hold(path, US))


def test_a_killed_holder_s_child_that_is_just_becoming_another_program_is_waited_for(
    path: Path,
) -> None:
    """The kernel gives it the lock along, until it has become that program."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    inherited = locks.hold(path, Holder(dead.pid, HERE, "noon", "orchestrate"))
    freed = threading.Timer(0.2, os.close, [inherited])
    freed.start()
    os.close(locks.hold(path, US))
    freed.join()


def test_who_only_asks_for_the_holder_keeps_nobody_from_holding(path: Path) -> None:
    gone = Holder(1 << 30, HERE, "noon", "orchestrate")
    os.close(locks.hold(path, gone))
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            locks.held_by(path)

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    try:
        for _ in range(100):
            os.close(locks.hold(path, gone))
    finally:
        over.set()
        for thread in asking:
            thread.join()


def test_a_shorter_name_leaves_nothing_of_a_longer_one(path: Path) -> None:
    os.close(locks.hold(path, Holder(1, "x" * 500, "noon", "another")))
    descriptor = locks.hold(path, US)
    assert locks.held_by(path) == US
    os.close(descriptor)


def test_a_holder_that_cannot_be_read_is_a_holder_all_the_same(path: Path, held: int) -> None:
    path.write_text("garbage")
    assert "an unknown machine" in str(locks.held_by(path))


def test_a_lock_that_was_removed_or_replaced_is_no_longer_ours(path: Path, held: int) -> None:
    found = os.fstat(held)
    known = {path: (found.st_dev, found.st_ino)}
    assert locks.replaced(path.parent, known) is None
    path.unlink()
    assert locks.replaced(path.parent, known) == path
    path.touch()
    assert locks.replaced(path.parent, known) == path


def test_what_is_in_a_root_that_was_renamed_was_not_replaced_but_another_root_is_not_it(
    path: Path, held: int
) -> None:
    known = {path: locks.identity(path)}
    root, away = path.parent, path.parent.with_name("away")
    root.rename(away)
    assert locks.replaced(root, known) is None
    root.mkdir()
    assert locks.replaced(root, known) == path
    root.rmdir()
    away.rename(root)
    assert locks.replaced(root, known) is None


def test_a_link_or_a_directory_as_lock_is_refused_in_a_sentence(path: Path) -> None:
    path.symlink_to("elsewhere")
    with pytest.raises(TeamError, match="cannot be opened"):
        locks.hold(path, US)
    assert not path.with_name("elsewhere").exists()
    path.unlink()
    path.mkdir()
    with pytest.raises(TeamError, match=r"cannot be opened \(Is a directory\)"):
        locks.hold(path, US)


def test_a_ring_is_heard_and_taken_back(tmp_path: Path) -> None:
    bell = tmp_path / "doorbell"
    descriptor = locks.open_doorbell(bell)
    assert not rung(descriptor)
    locks.ring(bell)
    locks.ring(bell)
    assert rung(descriptor)
    locks.hush(descriptor)
    assert not rung(descriptor)
    os.close(descriptor)


def rung(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


def test_a_doorbell_that_is_there_is_used_again(tmp_path: Path) -> None:
    first = locks.open_doorbell(tmp_path / "doorbell")
    second = locks.open_doorbell(tmp_path / "doorbell")
    locks.ring(tmp_path / "doorbell")
    assert rung(first) and rung(second)
    os.close(first)
    os.close(second)


def test_ringing_where_nobody_is_does_not_wait(tmp_path: Path) -> None:
    locks.ring(tmp_path / "doorbell")
    os.mkfifo(tmp_path / "doorbell")
    locks.ring(tmp_path / "doorbell")


def test_a_file_in_place_of_the_doorbell_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "doorbell").write_text("precious")
    with pytest.raises(TeamError, match="is in the way: it is not a FIFO"):
        locks.open_doorbell(tmp_path / "doorbell")
    assert (tmp_path / "doorbell").read_text() == "precious"
