"""The kernel refuses a call: is anything taken for done that was not?"""

import errno
import os
from collections.abc import Callable

import pytest

from team_supervisor.core import events
from team_supervisor.core.model import State
from team_supervisor.core.world import World
from tests.teams import run_until

from .ground import Ground, gate
from .refusing import without
from .test_requests import a_while

FORK = ("fork", "vfork", "clone", "clone3")
SYNC = ("fsync", "fdatasync")


def supervise_without(ground: Ground, error: int, calls: tuple[str, ...], then: object) -> None:
    """A supervisor for which these calls fail once it has started, until it warned, and longer."""

    def work(refuse: Callable[[], None]) -> None:
        ground.team.events.clear()
        with ground.team.supervised() as supervisor:
            supervisor.tick()
            refuse()
            assert callable(then)
            then()
            run_until(supervisor, warned)
            run_until(supervisor, a_while(20))
        assert len(ground.team.heard(events.Warned)) <= 3, ground.team.heard(events.Warned)
        assert not ground.team.heard(events.SessionStarted)
        assert not ground.team.heard(events.SessionArchived)

    def warned(world: World) -> bool:
        return bool(ground.team.heard(events.Warned))

    problem = without(error, calls, work)
    if "NotImplementedError" in problem or "no_new_privs" in problem or "seccomp" in problem:
        pytest.skip(problem.splitlines()[-1])
    assert not problem, problem


def test_while_no_process_can_be_made_requests_are_kept_and_started_later(ground: Ground) -> None:
    """Case 23: EAGAIN from fork, as at a limit of processes; it counts as no failure."""
    supervise_without(ground, errno.EAGAIN, FORK, lambda: ground.request("api", "done all"))
    assert ground.began("api") == 0
    ground.team.run()
    assert ground.team.session("api").state == State.COMPLETED
    assert ground.began("api") == 1
    assert len(ground.attempts("api")) == 1
    ground.oracle(cli=True)


def test_what_the_disk_did_not_take_is_not_acknowledged(ground: Ground) -> None:
    """Case 40: EIO from fsync while a session is claimed; nothing was begun, nothing is lost."""
    supervise_without(ground, errno.EIO, SYNC, lambda: ground.request("api", "done all"))
    assert not ground.marked()
    ground.team.run()
    assert ground.team.session("api").state == State.COMPLETED
    assert ground.began("api") == 1
    ground.oracle(cli=True)


def test_an_end_that_the_disk_did_not_take_is_recorded_later(ground: Ground) -> None:
    """Case 40: EIO from fsync while a session ends; its agent is not started again."""
    ground.request("api", gate(), "done all")
    ground.team.run(lambda _: ground.reached())
    supervise_without(ground, errno.EIO, SYNC, ground.open_gate)
    ground.team.run()
    assert ground.team.session("api").state == State.COMPLETED
    assert ground.began("api") == 1
    ground.oracle(cli=True)
    assert os.path.isdir(ground.team.directory("api"))
