import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "programs"))
from sessions import no_process_is_left, wait_until

from team_supervisor.tree import ask_ps, become_expendable, identity, walk, walk_table

__all__ = ["no_process_is_left"]


def family() -> tuple[subprocess.Popen[bytes], set[int]]:
    """A shell with a child, and the pids of both."""
    shell = subprocess.Popen(["sh", "-c", "sleep 300 & wait"])
    wait_until(lambda: walk(shell.pid))
    return shell, {shell.pid, *walk(shell.pid)}


def test_ps_tells_the_same_tree_as_the_kernel() -> None:
    _, pids = family()
    assert walk_table(os.getpid(), ask_ps(), {}) == pids
    assert walk(os.getpid()) == pids


def test_what_was_seen_is_found_again_without_its_parent() -> None:
    table = {1: (0, "a"), 5: (1, "b"), 6: (5, "c"), 7: (6, "d")}
    assert walk_table(9, table, {6: "c"}) == {6, 7}


def test_a_pid_seen_before_that_is_now_another_process_is_not_ours() -> None:
    table = {1: (0, "a"), 6: (1, "later"), 7: (6, "d")}
    assert walk_table(9, table, {6: "c", 8: "gone"}) == set()


def test_children_of_other_threads_are_found() -> None:
    program = "import threading, subprocess as s; t = threading.Thread(target=lambda: "
    program += "s.run(['sleep', '300'])); t.start()"
    parent = subprocess.Popen([sys.executable, "-c", program])
    wait_until(lambda: walk(parent.pid))
    assert len(walk(parent.pid)) == 1


def test_an_identity_stays_the_same() -> None:
    assert identity(os.getpid()) == identity(os.getpid())
    assert identity(os.getpid())["pid"] == os.getpid()


@pytest.mark.parametrize(("score", "then"), [("-100\n", "0"), ("200\n", "200\n"), ("0\n", "0\n")])
def test_what_spares_us_when_memory_runs_out_is_given_up(
    tmp_path: Path, score: str, then: str
) -> None:
    (tmp_path / "score").write_text(score)
    become_expendable(str(tmp_path / "score"))
    assert (tmp_path / "score").read_text() == then
    become_expendable(str(tmp_path / "nowhere"))
