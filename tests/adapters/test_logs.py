import gzip
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from team_supervisor.adapters import files, logs

MEBIBYTE = 1 << 20
LIMIT = MEBIBYTE // 4


def lines(count: int, start: int = 0) -> bytes:
    """Numbered, of different lengths, not all alike to a compressor."""
    dice = random.Random(start)
    return b"".join(
        b'{"n": %d, "text": "%s"}\n' % (n, dice.randbytes(dice.randrange(200)).hex().encode())
        for n in range(start, start + count)
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "session" / "transcript.jsonl"
    path.parent.mkdir()
    path.write_bytes(lines(5_000))
    return path


def move_all(log: Path, up_to: int | None = None) -> None:
    size = log.stat().st_size if up_to is None else up_to
    while logs.move(log, size, LIMIT):
        pass


def read_all(log: Path, most: int = MEBIBYTE) -> bytes:
    return b"".join(pieces(log, most))


def pieces(log: Path, most: int) -> Iterator[bytes]:
    offset = 0
    while data := logs.read(log, offset, most):
        assert len(data) <= most
        offset += len(data)
        yield data


def test_what_was_moved_leaves_the_disk_and_keeps_its_offsets(log: Path) -> None:
    before = log.read_bytes()
    move_all(log)
    after = log.read_bytes()
    assert logs.on_disk(log) <= LIMIT + logs.BLOCK
    assert len(after) == len(before)
    (segment,) = logs.segments(log)
    assert segment.start == 0 and len(before) - segment.end >= LIMIT // 2
    assert after[segment.end :] == before[segment.end :]
    assert not after[: segment.end // logs.BLOCK * logs.BLOCK].strip(b"\0")
    assert read_all(log) == before


def test_a_segment_is_plain_gzip_of_whole_lines_that_says_what_it_is(log: Path) -> None:
    before = log.read_bytes()
    move_all(log)
    (segment,) = logs.segments(log)
    assert segment.path.name == "transcript-0001.jsonl.gz"
    data = gzip.decompress(segment.path.read_bytes())
    assert data == before[: segment.end] and data.endswith(b"\n")
    assert b"bytes 0-%d of transcript.jsonl\0" % segment.end in segment.path.read_bytes()


def test_segments_follow_each_other_as_the_log_grows(log: Path) -> None:
    for turn in range(1, 5):
        move_all(log)
        with log.open("ab") as file:
            file.write(lines(5_000, start=5_000 * turn))
    found = logs.segments(log)
    assert [segment.number for segment in found] == [1, 2, 3, 4]
    assert [s.end for s in found[:-1]] == [s.start for s in found[1:]]
    assert read_all(log) == lines(5_000) + b"".join(lines(5_000, 5_000 * n) for n in range(1, 5))


@pytest.mark.parametrize("most", [1000, 4096, 77_777, 1 << 24])
def test_a_reader_may_begin_and_end_anywhere(log: Path, most: int) -> None:
    before = log.read_bytes()
    move_all(log)
    dice = random.Random(most)
    for offset in [*(dice.randrange(len(before)) for _ in range(20)), len(before)]:
        data = logs.read(log, offset, most)
        assert data == before[offset : offset + len(data)]
        assert data or offset == len(before)


def test_what_nobody_read_yet_stays_where_it_is(log: Path) -> None:
    move_all(log, up_to=100_000)
    (segment,) = logs.segments(log)
    assert segment.end <= 100_000
    assert logs.data_after(log, 0) == 0
    assert files.data_after(log, 0) == segment.end // logs.BLOCK * logs.BLOCK


def test_a_small_log_is_left_alone(log: Path) -> None:
    log.write_bytes(lines(10))
    assert not logs.move(log, 1 << 40, LIMIT)
    assert not logs.move(log.with_name("missing.log"), 1 << 40, LIMIT)
    assert list(log.parent.iterdir()) == [log]


def test_of_complaints_the_newest_are_kept(log: Path) -> None:
    for turn in range(1, 5):
        move_all(log)
        with log.open("ab") as file:
            file.write(lines(5_000, start=5_000 * turn))
    logs.drop_oldest(log, 2)
    assert [segment.number for segment in logs.segments(log)] == [3, 4]
    move_all(log)
    assert [segment.number for segment in logs.segments(log)] == [3, 4, 5]


CRASH = """
import os, signal, sys
from pathlib import Path
from team_supervisor.adapters import logs
left = int(sys.argv[2])
def hook(event, arguments):
    global left
    if event in ("open", "os.rename", "os.remove", "ctypes.dlopen", "ctypes.dlsym"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
while logs.move(Path(sys.argv[1]), 1 << 40, int(sys.argv[3])):
    pass
print("done")
"""


def test_nothing_is_lost_or_doubled_wherever_the_mover_is_killed(tmp_path: Path) -> None:
    """Every file-system call of it, one after the other, and a second time in the recovery."""
    before, number, points = lines(5_000), 0, 0
    while True:
        number += 1
        log = tmp_path / str(number) / "transcript.jsonl"
        log.parent.mkdir()
        log.write_bytes(before)
        ended = [crashed(log, number), crashed(log, max(1, number // 2))]
        with log.open("ab") as file:
            file.write(b"written meanwhile\n")
        move_all(log)
        assert read_all(log) == before + b"written meanwhile\n", f"killed at call {number}"
        assert logs.on_disk(log) <= LIMIT + logs.BLOCK
        points += ended[0] == -signal.SIGKILL
        if ended[0] == 0:
            break
    assert points >= 5


def crashed(log: Path, number: int) -> int:
    argv = [sys.executable, "-c", CRASH, str(log), str(number), str(LIMIT)]
    return subprocess.run(argv, capture_output=True, timeout=60).returncode


def test_a_writer_at_full_speed_loses_no_line_and_a_slow_reader_misses_none(
    tmp_path: Path,
) -> None:
    log, end = tmp_path / "transcript.jsonl", b"the end\n"
    write = "import os\nfor n in range(300000): os.write(1, b'line %d\\n' % n)\nprint('the end')"
    with log.open("ab") as file:
        writer = subprocess.Popen([sys.executable, "-c", write], stdout=file)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.extend(read_until(log, end)))
    reader.start()
    most = 0
    while writer.poll() is None or reader.is_alive():
        if log.exists():
            logs.move(log, log.stat().st_size, LIMIT)
            most = max(most, logs.on_disk(log))
    assert writer.returncode == 0
    said = b"".join(b"line %d\n" % n for n in range(300_000)) + end
    assert b"".join(read) == said
    assert read_all(log) == said
    assert len(logs.segments(log)) > 3
    assert most < log.stat().st_size


def read_until(log: Path, end: bytes) -> Iterator[bytes]:
    """By small steps, so that it is overtaken by the mover again and again."""
    offset, last = 0, b""
    deadline = time.monotonic() + 60
    while not last.endswith(end) and time.monotonic() < deadline:
        data = logs.read(log, offset, 5_000)
        offset += len(data)
        last = (last + data)[-100:]
        yield data


def test_the_log_of_another_is_not_touched_through_a_link(log: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(lines(5_000))
    for link in (os.symlink, os.link):
        log.unlink()
        link(precious, log)
        with pytest.raises((logs.Unmovable, OSError)):
            logs.move(log, 1 << 40, 1)
        assert precious.read_bytes() == lines(5_000)


def test_a_log_that_was_replaced_keeps_every_byte(log: Path) -> None:
    move_all(log)
    other = lines(6_000, start=70_000)
    log.unlink()
    log.write_bytes(other)
    with pytest.raises(logs.Unmovable, match="is not the file"):
        logs.move(log, 1 << 40, LIMIT)
    assert log.read_bytes() == other


@pytest.mark.parametrize(
    "forged",
    [
        b"",
        b"\x1f\x8b\x08\x10\0\0\0\0\0\xffbytes 0-999999999999999999 of x\0",
        b"\x1f\x8b\x08\x10\0\0\0\0\0\xffbytes 9-1 of x\0",
        b"\x1f\x8b\x08\x10\0\0\0\0\0\xffbytes 0-300000 of x\0" + gzip.compress(bytes(300_000))[10:],
    ],
)
def test_a_forged_segment_costs_no_byte(log: Path, forged: bytes) -> None:
    before = log.read_bytes()
    log.with_name("transcript-0001.jsonl.gz").write_bytes(forged)
    try:
        move_all(log)
    except logs.Unmovable:
        assert log.read_bytes() == before
    assert read_all(log) == before


def test_a_segment_that_unpacks_to_a_bomb_is_read_no_further_than_it_says(log: Path) -> None:
    bomb = gzip.compress(bytes(64 * MEBIBYTE))[10:]
    log.write_bytes(b"")
    os.truncate(log, 1000)
    head = b"\x1f\x8b\x08\x10\0\0\0\0\0\xffbytes 0-500 of x\0"
    log.with_name("transcript-0001.jsonl.gz").write_bytes(head + bomb)
    assert logs.read(log, 0, MEBIBYTE) == bytes(500)
