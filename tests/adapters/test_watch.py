import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from team_supervisor.adapters.watch import Watch, observed, watch

LONG = 10.0


class Bell:
    """Counts its rings, and fails the first `broken` ones."""

    def __init__(self, broken: int = 0) -> None:
        self.rung = threading.Event()
        self.broken = broken

    def ring(self) -> None:
        if self.broken:
            self.broken -= 1
            raise OSError("no bell")
        self.rung.set()

    def heard(self) -> bool:
        found = self.rung.wait(LONG)
        self.rung.clear()
        return found


@pytest.fixture
def bell() -> Bell:
    return Bell()


Make = Callable[[Path, Callable[[], None]], Watch | None]
both = pytest.mark.parametrize("make", [watch, observed], ids=["here", "elsewhere"])


@pytest.fixture(params=[watch, observed], ids=["here", "elsewhere"])
def watching(tmp_path: Path, bell: Bell, request: pytest.FixtureRequest) -> Iterator[Watch]:
    (tmp_path / "root" / "session").mkdir(parents=True)
    found = request.param(tmp_path / "root", bell.ring)
    assert found is not None
    yield found
    found.stop()


def test_a_directory_made_in_the_root_wakes(tmp_path: Path, bell: Bell, watching: Watch) -> None:
    (tmp_path / "root" / "intern-request-api").mkdir()
    assert bell.heard()


def test_a_directory_renamed_in_the_root_or_into_it_wakes(
    tmp_path: Path, bell: Bell, watching: Watch
) -> None:
    (tmp_path / "draft").mkdir()
    (tmp_path / "draft").rename(tmp_path / "root" / ".draft")
    assert bell.heard()
    (tmp_path / "root" / ".draft").rename(tmp_path / "root" / "intern-request-api")
    assert bell.heard()


def test_what_agents_write_in_their_own_directories_does_not_wake(
    tmp_path: Path, bell: Bell, watching: Watch
) -> None:
    for number in range(20):
        (tmp_path / "root" / "session" / f"file-{number}").write_text("x")
        (tmp_path / "root" / "session" / f"directory-{number}").mkdir()
    # Events come in order: this one is told after all of those.
    (tmp_path / "root" / "last").mkdir()
    assert bell.heard()
    assert not bell.rung.is_set()


@both
def test_a_bell_that_fails_once_does_not_end_the_watch(tmp_path: Path, make: Make) -> None:
    bell = Bell(broken=1)
    (tmp_path / "root").mkdir()
    watching = make(tmp_path / "root", bell.ring)
    assert watching is not None
    (tmp_path / "root" / "one").mkdir()
    (tmp_path / "root" / "two").mkdir()
    assert bell.heard()
    assert watching.healthy()
    watching.stop()


def test_a_stopped_watch_is_not_healthy(watching: Watch) -> None:
    assert watching.healthy()
    watching.stop()
    assert not watching.healthy()


@both
def test_what_is_not_there_cannot_be_watched(tmp_path: Path, bell: Bell, make: Make) -> None:
    before = threading.active_count()
    assert make(tmp_path / "nothing", bell.ring) is None
    assert threading.active_count() == before


NO_DESCRIPTOR_LEFT = """\
import os, resource, sys
from pathlib import Path
from watchdog.observers import Observer
from team_supervisor.adapters import watch
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))), most))
sys.exit(getattr(watch, sys.argv[1])(Path("."), print) is not None)
"""


@both
def test_where_the_limits_are_reached_there_is_no_watch_and_no_error(make: Make) -> None:
    program = [sys.executable, "-c", NO_DESCRIPTOR_LEFT, make.__name__]
    done = subprocess.run(program, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_watch_ends_with_the_directory_it_watches(tmp_path: Path, bell: Bell) -> None:
    (tmp_path / "root").mkdir()
    watching = watch(tmp_path / "root", bell.ring)
    assert watching is not None
    [thread] = [t for t in threading.enumerate() if t.name == "root-events"]
    (tmp_path / "root").rmdir()
    thread.join(LONG)
    assert not watching.healthy()
    watching.stop()
