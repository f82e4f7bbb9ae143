import errno

import pytest

from team_supervisor.core.model import Session
from team_supervisor.core.trouble import (
    HOLDS_BACK,
    Trouble,
    begins,
    could_not,
    ends,
    held_back,
    trouble_of,
)
from team_supervisor.core.world import (
    Hear,
    ImportDirectory,
    Launch,
    RequestLook,
    SeeRequest,
)

SESSION = Session(id="intern-1706012345678", persona="intern", name="api", created_at=0.0)


@pytest.mark.parametrize(
    ("number", "words", "trouble"),
    [
        (errno.ENOSPC, "No space left on device", Trouble.FULL),
        (errno.EDQUOT, "Disk quota exceeded", Trouble.FULL),
        (errno.EROFS, "Read-only file system", Trouble.READ_ONLY),
        (errno.EIO, "Input/output error", Trouble.FAULTY),
        (None, "database or disk is full", Trouble.FULL),
        (None, "attempt to write a readonly database", Trouble.READ_ONLY),
        (None, "disk I/O error", Trouble.FAULTY),
        (None, "database is locked", Trouble.LOCKED),
        (errno.EACCES, "Permission denied", None),
        (errno.EACCES, "Permission denied: 'the disk is full'", None),
        (None, "no such table", None),
    ],
)
def test_what_troubles_everything_is_told_from_what_concerns_one_thing(
    number: int | None, words: str, trouble: Trouble | None
) -> None:
    assert trouble_of(number, words) == trouble


@pytest.mark.parametrize("trouble", Trouble)
def test_each_trouble_has_a_sentence_for_its_beginning_and_its_end(trouble: Trouble) -> None:
    first, last = begins(trouble, "/project/.database"), ends(trouble, "/project/.database", 130)
    assert "agents go on" in first
    assert "after 2 min" in last
    assert "{" not in first + last


def test_only_what_begins_something_new_is_held_back() -> None:
    assert held_back(Launch(SESSION))
    assert held_back(ImportDirectory("intern-1706012345678"))
    assert not held_back(Hear(SESSION, {}, ()))
    assert set(Trouble) > HOLDS_BACK


def test_what_failed_is_said_in_words() -> None:
    look = RequestLook(name="intern-request-api", device=1, inode=1, row=None)
    again = "Permission denied; it is tried again"
    assert could_not(Launch(SESSION), "Permission denied") == (
        f"could not start intern-1706012345678: {again}"
    )
    assert could_not(SeeRequest(look, ""), "Permission denied") == (
        f"could not take note of the request intern-request-api: {again}"
    )
    assert could_not(ImportDirectory("x"), "no") == (
        "could not take up the directory x: no; it is tried again"
    )


def test_an_action_without_words_of_its_own_is_said_by_its_name() -> None:
    class ParkSession(Launch):
        pass

    assert could_not(ParkSession(SESSION), "no").startswith("could not park session intern-")
