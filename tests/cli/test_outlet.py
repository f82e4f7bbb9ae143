"""Tests of how lines are printed without waiting for whoever reads them."""

import os
import pty
import select
import threading

from team_supervisor.cli.outlet import MOST_WAITING, Outlet
from tests.teams import PATIENCE


def said(descriptor: int) -> Outlet:
    return Outlet(descriptor, "utf-8", lambda count: f"{count} left out")


def read_until(descriptor: int, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        assert select.select([descriptor], [], [], PATIENCE)[0], found[-200:]
        found += os.read(descriptor, 1 << 16)
    return found


def test_a_line_is_written_at_once_while_there_is_room_and_without_a_thread() -> None:
    reads, writes = os.pipe()
    before = threading.active_count()
    said(writes).say("here — I am")
    assert os.read(reads, 100) == "here — I am\n".encode()
    assert threading.active_count() == before


def test_nobody_waits_for_a_full_pipe_and_its_lines_come_in_order_when_it_is_read() -> None:
    reads, writes = os.pipe()
    out = said(writes)
    for number in range(MOST_WAITING + 2_000):
        out.say(f"line {number} {'x' * 80}")
    found = read_until(reads, b"left out\n").decode().splitlines()
    numbers = [int(line.split()[1]) for line in found[:-1]]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= MOST_WAITING
    assert found[-1] == f"{MOST_WAITING + 2_000 - len(numbers)} left out"
    out.say("again")
    assert os.read(reads, 100) == b"again\n"


def test_what_is_missing_is_told_before_what_comes_after_it() -> None:
    """Some lines are taken, so that there is room again, before the next one is said."""
    reads, writes = os.pipe()
    out = said(writes)
    for number in range(MOST_WAITING + 2_000):
        out.say(f"line {number} {'x' * 80}")
    taken = b""
    while len(taken) < 1 << 18:
        taken += os.read(reads, 1 << 15)
    out.say("late")
    found = (taken + read_until(reads, b"left out\n")).decode().splitlines()
    assert "late" not in found
    numbers = [int(line.split()[1]) for line in found[:-1]]
    assert found[-1] == f"{MOST_WAITING + 2_001 - len(numbers)} left out"


def test_a_terminal_that_is_stopped_with_ctrl_s_stops_nobody() -> None:
    screen, terminal = pty.openpty()
    out = said(terminal)
    out.say("before")
    read_until(screen, b"before\r\n")
    os.write(screen, b"\x13")
    out.say("meanwhile")
    os.write(screen, b"\x11")
    assert b"meanwhile" in read_until(screen, b"meanwhile\r\n")
    out.close()


def test_a_reader_that_has_gone_ends_nobody() -> None:
    reads, writes = os.pipe()
    out = said(writes)
    os.close(reads)
    for _ in range(3):
        out.say("into the void")
    out.close()


def test_a_character_that_the_encoding_lacks_is_replaced() -> None:
    reads, writes = os.pipe()
    Outlet(writes, "ascii", str).say("🚀 go")
    assert os.read(reads, 100) == b"? go\n"
