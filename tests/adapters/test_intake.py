import os
from collections.abc import Callable
from pathlib import Path

import pytest

from team_supervisor.adapters import files, intake

TEXT = "# Build the API\n"


@pytest.fixture
def request_directory(tmp_path: Path) -> Path:
    path = tmp_path / "intern-request-api"
    path.mkdir()
    (path / "instructions.md").write_text(TEXT)
    return path


def wait_for_the_next_tick(path: Path) -> None:
    """The kernel's time stamps stand still for some milliseconds."""
    probe = path.parent / "probe"
    while probe.touch() or probe.stat().st_ctime_ns <= path.stat().st_mtime_ns:
        pass


def test_a_whole_request_says_what_it_asks(request_directory: Path) -> None:
    facts = intake.look(request_directory)
    assert facts.instructions == TEXT
    assert (facts.writing, facts.waiting, facts.problem) == (False, None, None)


def test_a_byte_order_mark_is_no_part_of_the_instructions(request_directory: Path) -> None:
    (request_directory / "instructions.md").write_text(TEXT, encoding="utf-8-sig")
    assert intake.look(request_directory).instructions == TEXT


def test_what_was_renamed_into_the_workspace_arrived_whole(request_directory: Path) -> None:
    wait_for_the_next_tick(request_directory)
    assert not intake.look(request_directory).arrived_whole
    moved = request_directory.rename(request_directory.with_name("intern-request-moved"))
    assert intake.look(moved).arrived_whole


def test_what_was_written_to_after_a_rename_did_not_arrive_whole(request_directory: Path) -> None:
    wait_for_the_next_tick(request_directory)
    moved = request_directory.rename(request_directory.with_name("intern-request-moved"))
    wait_for_the_next_tick(moved)
    (moved / "attachment").touch()
    assert not intake.look(moved).arrived_whole


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "no instructions.md"), ("", "empty"), (" \n\t\n", "empty")],
)
def test_a_request_without_instructions_waits(
    request_directory: Path, text: str | None, words: str
) -> None:
    path = request_directory / "instructions.md"
    path.unlink()
    if text is not None:
        path.write_text(text)
    facts = intake.look(request_directory)
    assert words in (facts.waiting or "")
    assert facts.problem is None


def test_instructions_that_are_being_written_are_not_read(request_directory: Path) -> None:
    with (request_directory / "instructions.md").open("a") as writer:
        writer.write("and tests")
        writer.flush()
        facts = intake.look(request_directory)
        assert (facts.writing, facts.instructions) == (True, "")
        assert facts.waiting == "has an instructions.md that is being written"
    assert intake.look(request_directory).instructions == TEXT + "and tests"


def with_link(path: Path) -> None:
    (path / "deep").mkdir()
    (path / "deep" / "link").symlink_to("/etc/passwd")


def with_fifo(path: Path) -> None:
    os.mkfifo(path / "pipe")


def with_link_as_instructions(path: Path) -> None:
    (path / "instructions.md").rename(path / "other.md")
    (path / "instructions.md").symlink_to("other.md")


def with_directory_as_instructions(path: Path) -> None:
    (path / "instructions.md").unlink()
    (path / "instructions.md" / "x").mkdir(parents=True)


def with_too_much(path: Path) -> None:
    with (path / "instructions.md").open("w") as file:
        file.write(TEXT)
        file.write("x" * files.MEBIBYTE)


def with_latin_1(path: Path) -> None:
    (path / "instructions.md").write_bytes(TEXT.encode() + b"caf\xe9")


def with_a_crowd(path: Path) -> None:
    for number in range(intake.MOST_ENTRIES + 1):
        (path / str(number)).touch()


@pytest.mark.parametrize(
    ("spoil", "words", "readable"),
    [
        (with_link, "it holds a symbolic link, 'link'", True),
        (with_fifo, "it holds 'pipe', which is not a regular file", True),
        (with_link_as_instructions, "it holds a symbolic link, 'instructions.md'", False),
        (with_directory_as_instructions, "its instructions.md is not a regular file", False),
        (with_too_much, "its instructions.md is larger than 1,024 KiB", True),
        (with_latin_1, "its instructions.md is not UTF-8 text", True),
        (with_a_crowd, "it holds more than 2,000 files", True),
    ],
)
def test_what_cannot_be_a_request_is_a_problem_and_still_says_who_asked(
    request_directory: Path, spoil: Callable[[Path], None], words: str, readable: bool
) -> None:
    spoil(request_directory)
    facts = intake.look(request_directory)
    assert facts.problem == words
    assert facts.instructions.startswith(TEXT) is readable


def test_a_link_to_a_request_is_not_followed(request_directory: Path) -> None:
    link = request_directory.with_name("intern-request-link")
    link.symlink_to(request_directory)
    assert intake.look(link).problem == "it is a symbolic link"


def test_a_file_is_not_a_request(tmp_path: Path) -> None:
    (tmp_path / "intern-request-x").write_text(TEXT)
    assert intake.look(tmp_path / "intern-request-x").problem == "it is not a directory"


def test_a_request_that_vanishes_is_not_an_error(tmp_path: Path) -> None:
    assert intake.look(tmp_path / "intern-request-gone").waiting == "is changing"


def test_the_signature_changes_with_anything_in_the_directory(request_directory: Path) -> None:
    seen = [intake.look(request_directory).signature]
    (request_directory / "deep").mkdir()
    seen.append(intake.look(request_directory).signature)
    (request_directory / "deep" / "data.csv").write_text("1")
    seen.append(intake.look(request_directory).signature)
    (request_directory / "deep" / "data.csv").write_text("1,2")
    seen.append(intake.look(request_directory).signature)
    assert len(set(seen)) == 4
    assert intake.look(request_directory).signature == seen[-1]


@pytest.mark.parametrize("name", [b"\xff\xfe", b"two\nlines", b"\x1b[31m", b"a" * 255])
def test_no_file_name_is_too_strange(request_directory: Path, name: bytes) -> None:
    directory = os.fsencode(request_directory)
    with open(directory + b"/" + name, "w") as file:
        file.write("x")
    facts = intake.look(request_directory)
    assert (facts.instructions, facts.problem) == (TEXT, None)
    os.unlink(directory + b"/" + name)
    os.symlink("x", directory + b"/" + name)
    assert (intake.look(request_directory).problem or "").isprintable()
