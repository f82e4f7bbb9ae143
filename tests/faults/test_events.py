"""File events are lost, limited, or never come: is every request seen all the same?"""

import ctypes
import os
import select
import subprocess
import threading

import pytest

from team_supervisor.core import events
from team_supervisor.core.model import State
from team_supervisor.supervisor import Supervisor, nothing_left
from tests.teams import lines_until, run_until

from .ground import Ground, kill_program
from .mounts import mount, unmount
from .test_requests import a_while

# A limit of its own for what the program starts, in a user namespace.
LIMITED = 'echo 0 > "/proc/sys/user/$0" && exec "$@"'


def limited(what: str) -> tuple[str, ...]:
    wrapper = ("unshare", "--user", "--map-root-user", "sh", "-c", LIMITED, what)
    try:
        ran = subprocess.run([*wrapper, "true"], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if ran.returncode != 0:
        pytest.skip(f"no limits can be set here: {ran.stderr.strip()}")
    return wrapper


@pytest.mark.parametrize("what", ["max_inotify_instances", "max_inotify_watches"])
def test_at_the_limit_of_watches_it_looks_by_itself_and_says_so_once(
    ground: Ground, what: str
) -> None:
    """Case 35: EMFILE and ENOSPC."""
    ground.with_events()
    program = ground.supervisor(*limited(what))
    for name in ("one", "two"):
        ground.request(name, "done all")
        lines_until(program, '"session_archived"')
    kill_program(program)
    with ground.team.store() as store:
        said = [e.reason for _, _, e in store.events_after(0) if isinstance(e, events.Warned)]
    assert len([reason for reason in said if "file events" in reason]) == 1, said
    ground.oracle(cli=True)


def watching() -> set[threading.Thread]:
    """The threads of all watches in this process."""
    return {t for t in threading.enumerate() if t.name == "root-events"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_watch_of_which_the_thread_died_is_replaced_at_the_next_look(ground: Ground) -> None:
    """Case 36: as an exception in it would end it."""
    ground.set(file_events=True)
    others = watching()
    with ground.team.supervised() as supervisor:
        run_until(supervisor, a_while(3))
        before = watching() - others
        [victim] = before
        raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(victim.ident or 0), ctypes.py_object(SystemExit)
        )
        assert raised == 1
        looks = iter(range(1000))
        while victim.is_alive():  # it notices when it has something to do
            (ground.workspace / f"noise-{next(looks)}").mkdir()
            victim.join(0.01)
        run_until(supervisor, a_while(3))
        assert len(watching() - others - before) == len(before)
        supervisor.waker.wait(0)
        (ground.workspace / ".events").mkdir()
        assert rung(supervisor)
        ground.request("api", "done all")
        run_until(supervisor, nothing_left)
    assert ground.team.session("api").state == State.COMPLETED
    ground.oracle()


def rung(supervisor: Supervisor) -> bool:
    """Does a file event ring the doorbell, as nobody else does here?"""
    doorbell = os.open(supervisor.workspace.doorbell, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return bool(select.select([doorbell], [], [], 10.0)[0])
    finally:
        os.close(doorbell)


def test_where_no_event_ever_comes_every_request_is_seen(ground: Ground) -> None:
    """Case 38: what comes by another way than through this mount, as from another machine.

    An overlay shows what is written into the directory below it, and tells nobody.
    """
    project, below = ground.team.project, ground.root / "below"
    project.rename(below)
    for path in (project, ground.root / "empty", ground.root / "work"):
        path.mkdir()
    options = f"lowerdir={ground.root / 'empty'},upperdir={below},workdir={ground.root / 'work'}"
    mount("-t", "overlay", "-o", options, "overlay", project)
    ground.before = ground.surroundings()
    ground.with_events()
    try:
        program = ground.supervisor()
        for name in ("one", "two"):
            hidden = below / ground.workspace.name / f".{name}"
            hidden.mkdir()
            (hidden / "instructions.md").write_text(ground.text(name, "done all"))
            hidden.rename(hidden.with_name(f"intern-request-{name}"))
            lines_until(program, '"session_archived"')
        kill_program(program)
        ground.oracle(cli=True)
        ground.end()
    finally:
        unmount(project, "-l")
        project.rmdir()
        below.rename(project)
