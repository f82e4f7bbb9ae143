import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from team_supervisor.adapters import files
from team_supervisor.adapters.files import Unreadable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "tasks.md"
    found.write_text("- [ ] One\n")
    return found


def as_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def as_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def as_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_large(path: Path) -> None:
    path.write_bytes(b"x" * (files.MEBIBYTE + 1))


def test_there_is_no_signature_of_nothing(tmp_path: Path) -> None:
    assert files.signature(tmp_path / "nothing") is None


def test_a_signature_is_of_the_link_and_not_of_what_it_leads_to(path: Path) -> None:
    before = files.signature(path)
    as_link(path)
    assert files.signature(path) != before
    path.with_name("elsewhere").unlink()
    assert files.signature(path) is not None


def test_a_signature_tells_that_a_file_was_replaced_by_one_of_the_same_size(path: Path) -> None:
    before = files.signature(path)
    files.write(path, "- [ ] Two\n")
    assert files.signature(path) != before


@pytest.mark.parametrize(
    ("become", "words"),
    [
        (Path.unlink, "is missing"),
        (as_link, "is a symbolic link"),
        (as_fifo, "is not a regular file"),
        (as_directory, "is not a regular file"),
        (as_large, "is larger than 1,024 KiB"),
    ],
)
def test_what_is_no_small_regular_file_is_unreadable(
    path: Path, become: Callable[[Path], object], words: str
) -> None:
    become(path)
    for read in (files.read, files.read_settled):
        with pytest.raises(Unreadable, match=words):
            read(path)


def test_a_file_of_exactly_the_limit_is_read(path: Path) -> None:
    path.write_bytes(b"x" * files.MEBIBYTE)
    assert len(files.read(path)) == files.MEBIBYTE


def test_a_file_that_someone_holds_open_for_writing_is_not_settled(path: Path) -> None:
    with path.open("a"), pytest.raises(Unreadable, match="is being written"):
        files.read_settled(path)
    assert files.read_settled(path) == b"- [ ] One\n"


def test_a_reader_of_a_file_is_no_writer_of_it(path: Path) -> None:
    with path.open() as reader:
        assert files.has_writer(reader.fileno()) is False
        with path.open("r+"):
            assert files.has_writer(reader.fileno()) is True
        assert files.has_writer(reader.fileno()) is False


def test_a_part_is_read_from_an_offset(path: Path) -> None:
    assert files.read_from(path, 6) == b"One\n"
    assert files.read_from(path, 6, 2) == b"On"
    assert files.read_from(path, 1000) == b""


@pytest.mark.parametrize("become", [Path.unlink, as_link, as_fifo, as_directory])
def test_a_part_of_what_is_no_regular_file_is_empty(
    path: Path, become: Callable[[Path], object]
) -> None:
    become(path)
    assert files.read_from(path, 0) == b""
    assert files.tail(path) == b""


def test_a_tail_has_the_last_bytes(path: Path) -> None:
    assert files.tail(path, 4) == b"One\n"
    assert files.tail(path, 4096) == b"- [ ] One\n"


def test_a_digest_tells_two_contents_apart() -> None:
    assert files.digest(b"a") == files.digest(b"a") != files.digest(b"b")


def test_a_file_is_replaced_whole(path: Path) -> None:
    with path.open() as before:
        files.write(path, "new")
        assert before.read() == "- [ ] One\n"
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["tasks.md"]


def test_a_link_is_replaced_and_not_followed(path: Path) -> None:
    as_link(path)
    files.write(path, "new")
    assert path.with_name("elsewhere").read_text() == "- [ ] One\n"
    assert not path.is_symlink()


def test_a_directory_in_the_way_is_put_aside_with_all_that_is_in_it(path: Path) -> None:
    for number in (1, 2):
        as_directory(path)
        (path / "kept").touch()
        files.write(path, "new")
        assert path.read_text() == "new"
        assert (path.with_name(f"tasks.md.in-the-way-{number}") / "kept").exists()
    assert len(list(path.parent.iterdir())) == 3


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path: Path) -> None:
    with pytest.raises(OSError, match="name too long"):
        files.write(path.with_name("x" * 256), "new")
    assert [p.name for p in path.parent.iterdir()] == ["tasks.md"]


def test_text_that_is_no_text_is_written_all_the_same(path: Path) -> None:
    files.write(path, "half of an emoji: \ud83d")
    assert path.read_text() == "half of an emoji: ?"


def test_what_stands_there_already_is_kept(path: Path) -> None:
    files.write_new(path, "new")
    files.write_new(path.with_name("other"), "new")
    assert path.read_text() == "- [ ] One\n"
    assert path.with_name("other").read_text() == "new"


def test_text_is_appended(path: Path) -> None:
    files.append(path, "- [ ] Two\n")
    assert path.read_text() == "- [ ] One\n- [ ] Two\n"


def test_nothing_is_appended_through_a_link(path: Path) -> None:
    as_link(path)
    with pytest.raises(OSError, match="symbolic links"):
        files.append(path, "more")
    assert path.read_text() == "- [ ] One\n"


def test_nothing_is_appended_to_a_fifo_even_when_someone_reads_it(path: Path) -> None:
    as_fifo(path)
    with pytest.raises(OSError, match="No such device"):
        files.append(path, "more")
    reader = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    with pytest.raises(OSError, match="is not a regular file"):
        files.append(path, "more")
    os.close(reader)


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    path = tmp_path / "inbox"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    yield path, descriptor
    os.close(descriptor)


def test_a_line_is_sent_to_who_reads(inbox: tuple[Path, int]) -> None:
    path, descriptor = inbox
    assert files.send(path, b"one\n")
    assert os.read(descriptor, 100) == b"one\n"


def test_a_line_goes_whole_or_not_at_all(inbox: tuple[Path, int]) -> None:
    path, descriptor = inbox
    line = b"x" * 4095 + b"\n"
    sent = 0
    while files.send(path, line):
        sent += 1
    assert sent > 0
    os.read(descriptor, 100)
    assert not files.send(path, line)
    left = b"".join(iter(lambda: read_some(descriptor), b""))
    assert len(left) == sent * len(line) - 100


def read_some(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except BlockingIOError:
        return b""


def test_sending_to_nobody_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "inbox")
    assert not files.send(tmp_path / "inbox", b"one\n")
    assert not files.send(tmp_path / "nothing", b"one\n")


def test_what_is_no_fifo_is_not_written_to(path: Path) -> None:
    assert not files.send(path, b"one\n")
    assert path.read_text() == "- [ ] One\n"
    as_link(path)
    assert not files.send(path, b"one\n")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory that a link called `swapped` leads to."""
    found = tmp_path / "outside"
    (found / "messages").mkdir(parents=True)
    (found / "tasks.md").write_text("precious")
    os.mkfifo(found / "inbox")
    (tmp_path / "swapped").symlink_to(found)
    return found


WRITES: dict[str, Callable[[Path], object]] = {
    "write": lambda path: files.write(path / "tasks.md", "new"),
    "append": lambda path: files.append(path / "tasks.md", "new"),
    "a message": lambda path: files.write(path / "messages" / "one.md", "new", real=2),
    "make_directory": lambda path: files.make_directory(path / "new"),
    "rename": lambda path: files.rename(path / "tasks.md", "new"),
    "move_into": lambda path: files.move_into(path.with_name("mine"), path),
}


@pytest.mark.parametrize("how", WRITES)
def test_nothing_is_written_through_a_directory_that_is_a_link(outside: Path, how: str) -> None:
    outside.with_name("mine").touch()
    before = sorted(outside.rglob("*"))
    with pytest.raises(NotADirectoryError):
        WRITES[how](outside.with_name("swapped"))
    assert sorted(outside.rglob("*")) == before
    assert (outside / "tasks.md").read_text() == "precious"


def test_nothing_is_read_or_sent_through_a_directory_that_is_a_link(outside: Path) -> None:
    link = outside.with_name("swapped")
    with pytest.raises(Unreadable, match="behind a link"):
        files.read(link / "tasks.md")
    assert files.read_from(link / "tasks.md", 0) == b""
    reader = os.open(outside / "inbox", os.O_RDWR)
    assert not files.send(link / "inbox", b"x")
    assert files.send(outside / "inbox", b"x")
    os.close(reader)


def test_where_a_person_may_use_a_link_it_is_followed(outside: Path) -> None:
    assert files.read(outside.with_name("swapped") / "tasks.md", real=0) == b"precious"


def test_what_is_written_goes_into_the_directory_that_was_opened(tmp_path: Path) -> None:
    """Swapped as fast as a thread can, between any two calls."""
    session, hidden, link = tmp_path / "session", tmp_path / "hidden", tmp_path / "link"
    outside = tmp_path / "outside"
    session.mkdir()
    outside.mkdir()
    link.symlink_to(outside)
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            session.rename(hidden)
            link.rename(session)
            session.rename(link)
            hidden.rename(session)

    thread = threading.Thread(target=swap)
    thread.start()
    refused = 0
    try:
        for number in range(2000):
            try:
                files.write(session / "session.json", str(number), durable=False)
                files.append(session / "instructions.md", "more")
                files.make_directory(session / "messages")
            except OSError:
                refused += 1
    finally:
        over.set()
        thread.join()
    assert refused
    assert not list(outside.iterdir())


def test_a_hole_is_passed_over_at_once(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"x" * 8192)
        file.seek(10 << 30)
        file.write(b"y")
    assert files.data_after(path, 100) == 100
    assert files.data_after(path, 1 << 20) == 10 << 30
    with path.open("ab") as file:
        file.truncate(20 << 30)
    assert files.data_after(path, 15 << 30) == 20 << 30
    assert files.data_after(path.with_name("nothing"), 7) == 7
