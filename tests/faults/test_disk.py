"""The disk is full, read-only, or gave back garbage: is anything lost, and is it said?"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from team_supervisor.adapters import files, processes
from team_supervisor.adapters.store import MIGRATIONS, open_store
from team_supervisor.adapters.workspace import create
from team_supervisor.core import events
from team_supervisor.core.model import State
from team_supervisor.episodes import Episodes
from tests.teams import lines_until, run_until

from .ground import Ground, active, gate, kill, kill_program, wait_until
from .mounts import fill, mount, read_only, tmpfs
from .test_requests import a_while


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Ground]:
    """A workspace on a disk of 2 MiB."""
    made = Ground(tmp_path / "small")
    with tmpfs(made.workspace, "2m"):
        create(made.team.workspace)
        made.set(limits=replace(made.team.settings.limits, disk_free_mb=0))
        yield made
        made.end()


def test_on_a_full_disk_the_loop_lives_and_goes_on_when_there_is_room(small: Ground) -> None:
    """Case 39: full before the request is claimed."""
    small.request("before", "done all")
    small.team.run()
    small.request("api", "done all")
    with small.team.supervised() as supervisor:
        filler = fill(small.workspace)
        run_until(supervisor, a_while())
        assert not small.marked()
        filler.unlink()
        run_until(supervisor, lambda w: not w.requests and all(f.session.ended for f in w.sessions))
    assert small.team.session("api").state == State.COMPLETED
    assert small.began("api") == 1
    small.oracle(cli=True)


def test_a_full_disk_is_said_once_when_it_begins_and_once_when_it_ends(small: Ground) -> None:
    """Case 39: an agent works on through two such times, and nothing is claimed in them."""
    small.request("api", gate(), "done all")
    with small.team.supervised() as supervisor:
        run_until(supervisor, lambda _: small.reached())
        agent = small.agent("api")
        for name in ("first", "second"):
            waiting = small.request(name, "done all", persona=".intern")
            filler = fill(small.workspace)
            waiting.rename(waiting.with_name(waiting.name[1:]))
            run_until(supervisor, a_while(10))
            assert processes.alive(agent)
            assert not small.team.heard(events.SessionClaimed, name=name)
            filler.unlink()
            run_until(supervisor, lambda _, n=name: small.team.heard(events.SessionClaimed, name=n))
        small.open_gate()
        run_until(supervisor, lambda w: not w.requests and all(f.session.ended for f in w.sessions))
    said = [warned.reason for warned in small.team.heard(events.Warned)]
    assert ["is full" in reason for reason in said] == [True, False, True, False]
    assert all("there is room on the disk again" in reason for reason in said[1::2])
    assert small.began("api") == small.began("first") == small.began("second") == 1
    small.oracle()


def test_a_workspace_that_becomes_read_only_under_its_supervisor_is_waited_for(
    small: Ground,
) -> None:
    """Case 40, with the program itself: an agent works on, nothing is claimed, all goes on."""
    small.request("api", gate(), "done all")
    program = small.supervisor(settings="limits: {disk_free_mb: 0}\n")
    lines_until(program, '"delivered"')
    wait_until(small.reached)
    agent = small.agent("api")
    waiting = [small.request(name, "done all", persona=".intern") for name in ("one", "two")]
    with read_only(small.workspace) as beneath:
        _put_in_place(waiting[0], beneath)
        said = lines_until(program, "is read-only now")
        _put_in_place(waiting[1], beneath)
        # A later look, which met the same trouble.
        wait_until(lambda: waiting[1].name[1:] in _noted(beneath))
        assert processes.alive(agent)
        assert program.poll() is None
    said += lines_until(program, "can be written again")
    small.open_gate()
    for _ in range(3):
        said += lines_until(program, '"session_archived"')
    kill_program(program)
    assert sum('"warning"' in line for line in said) == 2, said
    before = said[: next(n for n, line in enumerate(said) if "written again" in line)]
    assert not [line for line in before if '"session_claimed"' in line]
    assert {small.began(name) for name in ("api", "one", "two")} == {1}
    small.oracle(cli=True)


def _put_in_place(request: Path, beneath: int) -> None:
    """Give a request its name below a read-only mount."""
    os.rename(request.name, request.name[1:], src_dir_fd=beneath, dst_dir_fd=beneath)


def _noted(beneath: int) -> set[str]:
    """The requests that the supervisor has seen, read below a read-only mount."""
    store = open_store(Path(f"/proc/self/fd/{beneath}/.supervisor/supervisor.db"))
    try:
        return {request.name for request in store.open_requests()}
    finally:
        store.close()


def test_a_disk_that_becomes_read_only_is_waited_for(small: Ground) -> None:
    """Case 40: said when it begins and when it ends, and in between nothing new may begin."""
    said: list[str] = []
    episodes = Episodes(small.team.workspace, said.append)
    mount("-o", "remount,ro", small.workspace)
    for look in range(3):
        with pytest.raises(OSError, match="Read-only") as error:
            files.write(small.workspace / "session.json", "")
        assert episodes.met(error.value, float(look))
        episodes.look(float(look))
        episodes.look(float(look))
    assert episodes.holding_back
    mount("-o", "remount,rw", small.workspace)
    episodes.look(60.0)
    episodes.look(61.0)
    assert not episodes.holding_back
    assert ["is read-only now" in said[0], "can be written again, after 1 min" in said[1]] == [
        True
    ] * 2
    assert len(said) == 2


def test_an_exit_is_recorded_even_when_the_disk_is_full(small: Ground) -> None:
    """Case 39: a host keeps room for it from the start."""
    small.request("api", "done all", gate())
    with small.team.supervised() as supervisor:
        run_until(supervisor, lambda _: small.reached())
        agent = small.agent("api")
        filler = fill(small.workspace)
        kill(agent)
        run_until(supervisor, a_while())
        filler.unlink()
        run_until(supervisor, lambda world: all(s.ended for s in world.live))
    [attempt] = small.attempts("api")
    assert (attempt["signal"], attempt["reason"]) == (signal.SIGKILL, "signalled")
    small.oracle()


def test_a_disk_that_is_nearly_full_queues_requests_and_says_why(small: Ground) -> None:
    """Case 39: what waits is neither lost nor refused."""
    small.set(limits=replace(small.team.settings.limits, disk_free_mb=256))
    small.request("api", "done all")
    with small.team.supervised() as supervisor:
        run_until(supervisor, a_while())
    [queued] = small.team.heard(events.RequestQueued)
    assert "MiB" in queued.reason
    small.set(limits=replace(small.team.settings.limits, disk_free_mb=0))
    small.team.run()
    small.oracle()


def test_a_read_only_disk_is_one_sentence(small: Ground) -> None:
    """Case 40: nothing is acknowledged that is not written."""
    small.request("api", "done all")
    small.write_settings("limits: {disk_free_mb: 0}\n")
    mount("-o", "remount,ro", small.workspace)
    words = ("orchestrate", "--workspace", small.workspace)
    ran = small.team.call(*words)
    assert ran.returncode == 1
    assert len(ran.stderr.strip().splitlines()) == 1
    mount("-o", "remount,rw", small.workspace)
    small.team.run()
    assert small.team.session("api").state == State.COMPLETED
    small.oracle()


GARBAGE: dict[str, Callable[[bytes], bytes]] = {
    "garbage": lambda data: b"\x00garbage" * 1000,
    "cut short": lambda data: data[: len(data) // 2],
    "a torn page": lambda data: data[:4096] + b"\xff" * 4096 + data[8192:],
    "empty": lambda data: b"",
}


@pytest.mark.parametrize("how", GARBAGE)
def test_a_broken_database_is_put_aside_and_the_agents_are_found_again(
    ground: Ground, how: str
) -> None:
    """Case 42: built anew from the directories."""
    ground.request("api", gate(), "done all")
    ground.team.run(active("api"))
    agent = ground.agent("api")
    database = ground.team.workspace.database
    database.with_name("supervisor.db-wal").unlink(missing_ok=True)
    database.with_name("supervisor.db-shm").unlink(missing_ok=True)
    database.write_bytes(GARBAGE[how](database.read_bytes()))
    with ground.team.supervised() as supervisor:
        run_until(supervisor, active("api"))
        assert processes.alive(agent)
        assert ground.agent("api") == agent
        ground.open_gate()
        run_until(supervisor, lambda world: all(s.ended for s in world.live))
    assert how == "empty" or list(database.parent.glob("*.corrupt-*"))
    assert ground.began("api") == 1
    ground.oracle(cli=True)


def test_a_database_of_a_newer_program_is_left_alone(ground: Ground) -> None:
    """Case 42."""
    import sqlite3

    ground.request("api", "done all")
    with ground.team.supervised():
        pass
    database = ground.team.workspace.database
    db = sqlite3.connect(database)
    db.execute("PRAGMA user_version = 99")
    db.close()
    ran = ground.team.call("orchestrate", "--workspace", ground.workspace)
    assert (ran.returncode, "newer" in ran.stderr) == (1, True)
    db = sqlite3.connect(database)
    assert db.execute("PRAGMA user_version").fetchone() == (99,)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    db.close()
    ground.team.run()
    ground.oracle()


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[]", b'{"attempt": "no"}'])
def test_control_files_full_of_garbage_count_as_missing(ground: Ground, text: bytes) -> None:
    """Case 42: copies and wishes; the row is the truth."""
    ground.request("api", gate(), "done all")
    ground.team.run(active("api"))
    directory = ground.team.directory("api")
    for path in (directory / "session.json", directory / "tracker.json",
                 ground.control("api") / "stop.json"):  # fmt: skip
        path.write_bytes(text)
    ground.open_gate()
    ground.team.run()
    assert ground.team.session("api").state == State.COMPLETED
    assert ground.began("api") == 1
    ground.oracle()


def test_writing_nothing_for_a_while_loses_no_event(ground: Ground) -> None:
    """Case 39: the database is locked by somebody else for longer than a look."""
    import sqlite3

    program = ground.supervisor()
    db = sqlite3.connect(ground.team.workspace.database, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    ground.request("api", "done all")
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(timeout=1)
    db.execute("ROLLBACK")
    db.close()
    lines_until(program, '"session_archived"')
    program.kill()
    program.wait()
    ground.oracle()
