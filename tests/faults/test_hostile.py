"""What stands in the workspace is hostile: does the loop live, is nothing outside hit?"""

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from team_supervisor.core import events
from team_supervisor.core.model import State
from team_supervisor.supervisor import Supervisor
from tests.teams import run_until

from .ground import Ground, active, gate

NAMES = [
    b"intern-request-",
    b"intern-request-..",
    b"intern-request-new\nline",
    b"intern-request-bell\x07\x1b[31m",
    "intern-request-\u202egnp.exe".encode(),
    b"$(id)-request-1",
    b";rm -rf ~-request-1",
    b"intern-request-\xff\xfe",
    b"\xff-request-\xff",
    b"intern-request-" + b"a" * 240,
    b"x" * 64 + b"-request-" + b"y" * 64,
    b" intern-request-space ",
]
# Hidden, or the name of no persona at all: not for us.
OTHERS = [b"-request-", b"..-request-x", b".intern-request-x", b"intern-requests", b"\xff"]


def test_a_hostile_name_is_refused_once_and_the_others_go_on(ground: Ground) -> None:
    """Case 46."""
    root = os.fsencode(ground.workspace)
    for name in NAMES:
        os.mkdir(os.path.join(root, name))
        with open(os.path.join(root, name, b"instructions.md"), "w") as file:
            file.write(ground.text("hostile", "done all"))
    for name in OTHERS:
        os.mkdir(os.path.join(root, name))
    ground.request("good", "done all")
    ground.team.run()
    ground.team.run()
    assert set(OTHERS) <= set(os.listdir(root))
    refused = [e.request for e in ground.team.heard(events.RequestRejected)]
    assert len(refused) == len(set(refused)) == len(NAMES)
    assert [s.name for s in ground.team.sessions()] == ["good"]
    ground.oracle(cli=True)


def _link(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def _file(path: Path, outside: Path) -> None:
    path.write_text("done all")


def _fifo(path: Path, outside: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path, outside: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


def _holding(make: Callable[[Path, Path], None], name: str) -> Callable[[Path, Path], None]:
    def made(path: Path, outside: Path) -> None:
        path.mkdir()
        if name != "instructions.md":
            (path / "instructions.md").write_text("do it")
        make(path / name, outside / "kept.txt")

    return made


KINDS = {
    "a link": _link,
    "a file": _file,
    "a FIFO": _fifo,
    "a socket": _socket,
    "instructions that are a link": _holding(_link, "instructions.md"),
    "instructions that are a FIFO": _holding(_fifo, "instructions.md"),
    "a link inside": _holding(_link, "more"),
    "a FIFO inside": _holding(_fifo, "more"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_plain_request_is_refused_as_it_is(ground: Ground, kind: str) -> None:
    """Case 46: nothing is followed, opened or waited for."""
    ground.set(settle=0.05)
    KINDS[kind](ground.workspace / "intern-request-odd", ground.outside)
    ground.request("good", "done all")
    ground.team.run()
    [refused] = ground.team.heard(events.RequestRejected)
    assert refused.request == "intern-request-odd"
    ground.oracle()


def test_a_directory_that_turns_into_a_link_and_back_leads_nowhere(ground: Ground) -> None:
    """Case 47: swapped between check and use, as fast as a thread can."""
    over = threading.Event()
    swaps = threading.Thread(target=_swap, args=(ground, over))
    with ground.team.supervised() as supervisor:
        swaps.start()
        try:
            deadline = time.monotonic() + 2.0
            run_until(supervisor, lambda _: time.monotonic() > deadline)
        finally:
            over.set()
            swaps.join()
        run_until(supervisor, lambda world: all(s.ended for s in world.live))
    for session in ground.team.sessions():
        assert not (ground.workspace / session.directory).is_symlink()
    ground.oracle(finished=False)


def _swap(ground: Ground, over: threading.Event) -> None:
    target = ground.workspace / "intern-request-swapped"
    for n in range(100_000):
        if over.is_set():
            return
        hidden = ground.workspace / f".swap-{n}"
        hidden.mkdir()
        (hidden / "instructions.md").write_text("do nothing\n\n```scripted-agent\ndone all\n```\n")
        link = ground.workspace / f".link-{n}"
        link.symlink_to(ground.outside)
        try:
            os.rename(hidden, target)
            over.wait(0.001)
            os.rename(target, hidden)
            os.rename(link, target)
            over.wait(0.001)
            os.rename(target, link)
        except OSError:
            continue


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 << 30)


TASKS: dict[str, Callable[[Path], object]] = {
    "a FIFO": os.mkfifo,
    "a link": lambda path: path.symlink_to("/dev/zero"),
    "a directory": os.mkdir,
    "10 GB": _sparse,
    "zero bytes": lambda path: path.write_bytes(bytes(500_000)),
    "UTF-16": lambda path: path.write_text("- [x] done\n" * 100, encoding="utf-16"),
    "a million lines": lambda path: path.write_text("\n" * 1_000_000),
    "deep quotes": lambda path: path.write_text(">" * 100_000 + " - [x] no\n"),
    "deep lists": lambda path: path.write_text("".join(" " * n + "- x\n" for n in range(1400))),
    "nothing": lambda path: None,
}


@pytest.mark.parametrize("kind", TASKS)
def test_a_hostile_list_of_tasks_is_never_complete_and_holds_nobody_up(
    ground: Ground, kind: str
) -> None:
    """Case 44: a look takes no time to speak of, whatever tasks.md is."""
    ground.request("api", gate(), "bash rm -rf $SESSION/tasks.md", "tasks one", "done all")
    with ground.team.supervised() as supervisor:
        run_until(supervisor, active("api"))
        path = ground.team.directory("api") / "tasks.md"
        path.unlink()
        TASKS[kind](path)
        took = [_timed(supervisor) for _ in range(20)]
        assert sorted(took)[len(took) // 2] < 0.05
        assert max(took) < 1.0
        assert ground.team.session("api").state == State.ACTIVE
        ground.open_gate()
        run_until(supervisor, lambda world: all(s.ended for s in world.live))
    assert ground.team.session("api").state == State.COMPLETED
    ground.oracle()


def _timed(supervisor: Supervisor) -> float:
    """Of this thread's own: a look that waits for anything ends with the time of its test."""
    began = time.thread_time()
    supervisor.tick()
    return time.thread_time() - began


REWRITES = """\
import os, sys, time
path, end = sys.argv[1], time.monotonic() + float(sys.argv[2])
done = [f"- [x] task {n}: what was to be done here, at some length\\n" for n in range(180)]
todo = [f"- [ ] task {n}: what is to be done here, at some length\\n" for n in range(20)]
while time.monotonic() < end:
    with open(path, "w", buffering=64) as file:
        for line in done + todo:
            file.write(line)
    time.sleep(0.001)
"""


@pytest.mark.parametrize(
    "seconds", [3, pytest.param(60, marks=[pytest.mark.soak, pytest.mark.timeout(200)])]
)
def test_a_list_that_is_rewritten_all_the_time_is_never_taken_for_complete(
    ground: Ground, seconds: int
) -> None:
    """Case 43: 180 of its 200 tasks are done, at every moment, and half a file says all are."""
    ground.set(quiet=0.0, completion_grace=0.0)
    program = ground.root / "rewrites.py"
    program.write_text(REWRITES)
    ground.request(
        "api", f"bash python3 {program} $SESSION/tasks.md {seconds}", "bash touch $SHARED/over",
        "done all",
    )  # fmt: skip
    with ground.team.supervised() as supervisor:
        run_until(supervisor, lambda _: (ground.shared / "over").exists() or _claimed(ground), 90)
        assert not _claimed(ground) or (ground.shared / "over").exists()
        run_until(supervisor, lambda world: all(s.ended for s in world.live))
    assert ground.team.session("api").tasks_total == 200
    ground.oracle()


def _claimed(ground: Ground) -> bool:
    return bool(ground.team.heard(events.TasksCompleted))
