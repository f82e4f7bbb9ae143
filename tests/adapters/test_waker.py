import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from team_supervisor.adapters import locks
from team_supervisor.adapters.waker import Waker

LONG = 20.0


@pytest.fixture
def waker(tmp_path: Path) -> Iterator[Waker]:
    made = Waker(tmp_path / "doorbell")
    yield made
    made.close()


def seconds(waker: Waker, most: float = LONG) -> float:
    begun = time.monotonic()
    waker.wait(most)
    return time.monotonic() - begun


def test_without_a_reason_it_waits_as_long_as_it_was_told(waker: Waker) -> None:
    assert 0.05 <= seconds(waker, 0.05) < LONG / 2


def test_a_ring_before_the_wait_is_not_lost(waker: Waker) -> None:
    waker.ring()
    assert seconds(waker) < LONG / 2


def test_a_thread_or_another_process_ends_the_wait(waker: Waker, tmp_path: Path) -> None:
    for ring in (waker.ring, lambda: locks.ring(tmp_path / "doorbell")):
        timer = threading.Timer(0.01, ring)
        timer.start()
        assert seconds(waker) < LONG / 2
        timer.join()


def test_a_signal_handler_ends_the_wait(waker: Waker) -> None:
    before = signal.signal(signal.SIGALRM, lambda *_: waker.ring())
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    assert seconds(waker) < LONG / 2
    signal.signal(signal.SIGALRM, before)


def test_many_rings_are_one_wake(waker: Waker) -> None:
    for _ in range(200_000):
        waker.ring()
    assert seconds(waker) < LONG / 2
    assert seconds(waker, 0.01) >= 0.01


def test_the_end_of_a_followed_process_ends_the_wait(waker: Waker) -> None:
    argv = [sys.executable, "-c", "input()"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        descriptor = os.pidfd_open(process.pid)
        waker.follow(descriptor)
        assert seconds(waker, 0.01) >= 0.01
        process.kill()
        assert seconds(waker) < LONG / 2
        waker.forget(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    assert seconds(waker, 0.01) >= 0.01


def test_forgetting_what_was_never_followed_only_closes_it(waker: Waker) -> None:
    descriptor = os.pidfd_open(os.getpid())
    waker.forget(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_signal_that_comes_when_all_is_closed_rings_nothing(tmp_path: Path) -> None:
    waker = Waker(tmp_path / "doorbell")
    waker.close()
    reader, writer = os.pipe()  # has the doorbell's number now
    waker.ring()
    os.set_blocking(reader, False)
    with pytest.raises(BlockingIOError):
        os.read(reader, 1)
    os.close(reader)
    os.close(writer)
