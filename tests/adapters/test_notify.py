import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from team_supervisor.adapters.notify import notifier


@pytest.fixture(params=["a path", "an abstract name"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """What a service manager listens on."""
    name = f"\0{tmp_path}" if request.param == "an abstract name" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name)
        listening.settimeout(5)
        yield listening


def address(manager: socket.socket) -> str:
    name = manager.getsockname()
    return "@" + name[1:].decode() if isinstance(name, bytes) else name


def test_it_tells_the_manager_one_datagram_a_fact(manager: socket.socket) -> None:
    to = notifier({"NOTIFY_SOCKET": address(manager), "WATCHDOG_USEC": "1000000"})
    to.ready()
    to.status("two\nlines")
    to.alive()
    to.stopping()
    said = [manager.recv(4096) for _ in range(4)]
    assert said == [b"READY=1", b"STATUS=two lines", b"WATCHDOG=1", b"STOPPING=1"]


@pytest.mark.parametrize(
    "watched", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}]
)
def test_nobody_is_told_of_life_who_does_not_watch_for_it(
    manager: socket.socket, watched: dict[str, str]
) -> None:
    to = notifier({"NOTIFY_SOCKET": address(manager), **watched})
    to.alive()
    to.stopping()
    assert manager.recv(4096) == b"STOPPING=1"


@pytest.mark.parametrize("given", [None, "", "@", "relative", "/nowhere/at/all", "/" + "x" * 300])
def test_without_a_manager_nothing_happens(given: str | None) -> None:
    to = notifier({} if given is None else {"NOTIFY_SOCKET": given})
    to.ready()
    to.stopping()


def test_a_manager_that_does_not_read_holds_nobody_up(manager: socket.socket) -> None:
    to = notifier({"NOTIFY_SOCKET": address(manager)})
    for _ in range(10_000):
        to.status("x" * 1000)
