"""A request comes slowly, vanishes, or is not what it seems: one session, or none?"""

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from team_supervisor.core.model import State
from team_supervisor.core.world import World
from tests.teams import lines_until, run_until

from .ground import Ground


def a_while(looks: int = 25) -> Callable[[World], bool]:
    """A fact that holds after so many looks."""
    left = iter(range(looks))
    return lambda _: next(left, None) is None


def test_a_directory_that_gets_its_instructions_much_later_becomes_one_session(
    ground: Ground,
) -> None:
    """Case 29."""
    directory = ground.workspace / "intern-request-api"
    directory.mkdir()
    with ground.team.supervised() as supervisor:
        run_until(supervisor, a_while())
        assert not ground.team.sessions()
        (directory / "instructions.md").write_text(ground.text("api", "done all"))
        run_until(supervisor, lambda w: not w.requests and all(f.session.ended for f in w.sessions))
    assert ground.team.session("api").state == State.COMPLETED
    ground.oracle(cli=True)


def test_instructions_that_are_still_being_written_start_nobody(ground: Ground) -> None:
    """Case 30: however slow the writer is, as long as it has the file open."""
    directory = ground.workspace / "intern-request-api"
    directory.mkdir()
    text = ground.text("api", "done all")
    with ground.team.supervised() as supervisor:
        with (directory / "instructions.md").open("w", buffering=1) as file:
            for part in (text[:20], text[20:40], text[40:]):
                file.write(part)
                file.flush()
                run_until(supervisor, a_while(10))
                assert not ground.team.sessions()
        run_until(supervisor, lambda w: not w.requests and all(f.session.ended for f in w.sessions))
    written = ground.team.directory("api") / "instructions.md"
    assert written.read_text() == text
    ground.oracle()


def test_attachments_that_still_come_hold_a_request_back(ground: Ground) -> None:
    """Case 30, several files one after the other."""
    ground.set(settle=2.0)
    directory = ground.workspace / "intern-request-api"
    directory.mkdir()
    with ground.team.supervised() as supervisor:
        for name in ("instructions.md", "one.txt", "two.txt", "three.txt"):
            content = ground.text("api", "done all") if name.startswith("i") else name
            (directory / name).write_text(content)
            run_until(supervisor, a_while(5))
            assert not ground.team.sessions()
        run_until(supervisor, lambda w: not w.requests and all(f.session.ended for f in w.sessions))
    assert (ground.team.directory("api") / "three.txt").exists()
    ground.oracle()


def test_a_request_that_is_renamed_in_is_claimed_within_a_tenth_of_a_second(
    ground: Ground,
) -> None:
    """Case 31, with file events; the best of some, as this machine may be busy."""
    ground.with_events()
    program = ground.supervisor()
    took = [1.0]
    for name in map("r{}".format, range(30)):
        if min(took) < 0.1:
            break
        ground.request(name, "done all")
        renamed = time.time()
        lines = lines_until(program, '"session_claimed"')
        took.append(time.time() - renamed)
        assert json.loads(lines[-1])["name"] == name
        lines_until(program, '"session_archived"')
    program.kill()
    program.wait()
    assert min(took) < 0.1, took
    ground.oracle()


def test_a_request_that_vanishes_while_it_is_claimed_ends_as_a_failure(ground: Ground) -> None:
    """Case 32: taken back between the row and the rename."""
    from team_supervisor.adapters import clock
    from team_supervisor.apply import apply
    from team_supervisor.core.reconcile import plan
    from team_supervisor.core.world import ClaimRequest

    request = ground.request("api", "done all")
    with ground.team.supervised() as supervisor:
        supervisor.tick()
        now = clock.now()
        [claim] = [a for a in plan(supervisor.observer.observe(now)) if isinstance(a, ClaimRequest)]
        os.rename(request, ground.workspace / ".taken-back")
        apply(claim, supervisor.tools, now)
        run_until(supervisor, a_while())
    assert ground.team.session("api").state == State.FAILED
    assert "removed" in (ground.team.session("api").reason or "")
    assert not ground.marked()
    ground.asked.clear()


def test_requests_that_come_and_go_all_the_time_never_end_the_loop(ground: Ground) -> None:
    """Case 32, as a race: made and removed again by another thread."""
    over = threading.Event()
    made = threading.Thread(target=_come_and_go, args=(ground.workspace, over))
    with ground.team.supervised() as supervisor:
        made.start()
        try:
            deadline = time.monotonic() + 1.0
            run_until(supervisor, lambda _: time.monotonic() > deadline)
        finally:
            over.set()
            made.join()
        ground.request("api", "done all")
        run_until(supervisor, lambda w: not w.requests and all(f.session.ended for f in w.sessions))
    assert ground.team.session("api").state == State.COMPLETED
    ground.oracle()


def _come_and_go(workspace: Path, over: threading.Event) -> None:
    directory = workspace / "intern-request-ghost"
    while not over.is_set():
        directory.mkdir()
        over.wait(0.002)
        directory.rmdir()


@pytest.mark.parametrize("files", [0, 3])
def test_two_requests_of_one_name_one_after_the_other_are_two_sessions(
    ground: Ground, files: int
) -> None:
    """The name is free again as soon as the first is claimed."""
    with ground.team.supervised() as supervisor:
        for n in range(2):
            request = ground.request("api", "done all")
            for m in range(files):
                (request / f"{n}-{m}.txt").write_text("more")
            run_until(supervisor, lambda w: not w.requests)
        run_until(supervisor, lambda w: all(f.session.ended for f in w.sessions))
    assert [s.name for s in ground.team.sessions()] == ["api", "api"]
    ground.oracle()
