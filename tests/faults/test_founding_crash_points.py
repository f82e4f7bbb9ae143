"""`team start` killed at each point: is there a whole team afterwards, or none, and never half?"""

import contextlib
import io
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from team_supervisor.adapters import locks
from team_supervisor.cli import main
from team_supervisor.errors import TeamError
from team_supervisor.settings import load
from team_supervisor.supervisor import supervise

from .ground import Ground, wait_until
from .points import Aimed, Tripwire, killed_at

GOAL = "Build a REST API"
PERSONAS = ["engineering-manager", "intern", "solutions-architect"]
SESSION = re.compile(r"[a-z-]+-\d{13}")
# Cheap agents, which do nothing.
SETTINGS = 'runner: command\nrunners: {command: {argv: ["sleep", "600"]}}\n'
PROMISE = "sqlite COMMIT"
SHOWN = "os.rename .engineering-manager-TIME to engineering-manager-TIME #1"


@pytest.fixture
def known(tmp_path: Path) -> Path:
    directory = tmp_path / "known"
    directory.mkdir()
    return directory


def _start(ground: Ground, aim: str = "") -> tuple[int, str]:
    """In a copy of this process, which has everything loaded: how it ended, and its error."""
    last, said = ground.root / "last", ground.root / "said"
    child = os.fork()
    if child == 0:
        if aim:
            Tripwire(ground.workspace, Aimed(aim, last, ("", ground.root / "spent")))
        os._exit(_code(ground, said))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.read_text() if not aim else ""


def _code(ground: Ground, said: Path) -> int:
    words = ["team", "start", GOAL, "--interns", "1", "-w", str(ground.workspace)]
    said.write_text("")
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            main(words, standalone_mode=False)
        except TeamError as error:
            said.write_text(str(error))
            return 1
        except BaseException as error:
            said.write_text(repr(error))
            return 70
    return 0


@contextlib.contextmanager
def _nobody(ground: Ground) -> Iterator[None]:
    yield


@contextlib.contextmanager
def _supervisor(ground: Ground) -> Iterator[None]:
    """One that lasts, in a copy of this process."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            _supervise(ground)
        os._exit(0)
    try:
        wait_until(lambda: locks.held_by(ground.team.workspace.lock))
        yield
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


def _supervise(ground: Ground) -> None:
    settings, _ = load(ground.team.workspace.settings, ground.team.environ)
    with supervise(
        ground.team.workspace, settings, ground.team.environ, _silent, "orchestrate"
    ) as supervisor:
        signal.signal(signal.SIGTERM, lambda *_: supervisor.stop())
        supervisor.run(lambda _: False)


def _silent(at: float, event: object) -> None:
    """Nobody reads what the supervisor tells."""


def _whole(ground: Ground) -> None:
    """Everybody is there once, with a directory that says what for."""
    sessions = ground.team.sessions()
    assert sorted(s.persona for s in sessions) == PERSONAS
    there = {entry for entry in os.listdir(ground.workspace) if SESSION.fullmatch(entry)}
    assert there == {s.id for s in sessions}
    for session in sessions:
        told = (ground.workspace / session.id / "instructions.md").read_text()
        assert GOAL in told
        assert all(other.id in told for other in sessions if other is not session)
    [manager] = [s.id for s in sessions if s.persona == "engineering-manager"]
    assert GOAL in (ground.workspace / manager / "project-requirements.md").read_text()


Beside = Callable[[Ground], contextlib.AbstractContextManager[None]]


@pytest.mark.parametrize("beside", [_nobody, _supervisor], ids=["alone", "beside a supervisor"])
@pytest.mark.timeout(600)
def test_a_founding_cut_short_anywhere_is_completed_by_the_next_one(
    tmp_path: Path, known: Path, beside: Beside
) -> None:
    for number in range(400):
        ground = Ground(tmp_path / f"{number}")
        ground.team.workspace.settings.write_text(SETTINGS)
        try:
            with beside(ground):
                code, _ = _start(ground, f"*{known}")
                assert code in (0, -signal.SIGKILL)
                again, said = _start(ground)
                where = (ground.root / "last").read_text() if code else "nowhere"
                assert again == 0 or "is whole now" in said or "already (3 sessions)" in said, (
                    f"killed before {where}: {said}"
                )
                _whole(ground)
        finally:
            ground.end()
        if code == 0:
            break
    points = killed_at(known)
    assert any(point.endswith(SHOWN) for point in points)
    assert any(PROMISE in point for point in points)
    assert len(points) > 30


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_founding_cut_short_between_two_members_is_completed_by_orchestrate(
    ground: Ground, persona: str
) -> None:
    ground.team.workspace.settings.write_text(SETTINGS)
    point = f"=outside os.rename .{persona}-TIME to {persona}-TIME #1"
    assert _start(ground, point)[0] == -signal.SIGKILL
    ran = ground.team.call("orchestrate", "--once", "--workspace", ground.workspace)
    assert ran.returncode == 0, ran.stderr
    _whole(ground)
    assert len(ground.marked()) >= len(PERSONAS)
