import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from team_supervisor.adapters.parsing import SMALL, Parser, understand
from team_supervisor.adapters.waker import Waker

LARGE = b"".join(b"- [x] task %d\n" % number for number in range(SMALL // 8))


@pytest.fixture
def parser(tmp_path: Path) -> Iterator[Parser]:
    waker = Waker(tmp_path / "doorbell")
    made = Parser(waker)
    yield made
    made.close()
    waker.close()


def ended(parser: Parser) -> tuple[str, ...]:
    assert parser.waker is not None
    return parser.waker.wait(60.0).ended


def test_a_small_list_is_understood_at_once(parser: Parser) -> None:
    found = parser.reading("one", b"- [ ] a\n- [x] b\n", 0.0)
    assert found is not None
    assert (found.total, found.done, found.open_titles) == (2, 1, ("a",))


def test_a_large_list_is_understood_elsewhere_and_the_end_of_that_wakes(parser: Parser) -> None:
    assert parser.reading("one", LARGE, 0.0) is None
    assert ended(parser) == ("one",)
    assert parser.reading("one", LARGE, 1.0) == understand(LARGE)


def test_a_list_that_was_written_anew_meanwhile_is_not_taken_for_the_old_one(
    parser: Parser,
) -> None:
    assert parser.reading("one", LARGE, 0.0) is None
    ended(parser)
    assert parser.reading("one", LARGE + b"- [ ] more\n", 1.0) is None
    ended(parser)
    found = parser.reading("one", LARGE + b"- [ ] more\n", 2.0)
    assert found is not None and not found.complete


def test_a_small_list_is_not_kept_waiting_by_a_large_one(parser: Parser) -> None:
    parser.reading("one", LARGE, 0.0)
    assert parser.reading("two", b"- [ ] a\n", 0.0) is not None


def test_a_list_that_takes_too_long_is_a_problem_and_not_a_hang(parser: Parser) -> None:
    assert parser.reading("one", LARGE, 0.0) is None
    found = parser.reading("one", LARGE, 1000.0)
    assert found is not None and found.problem is not None and not found.complete


def test_no_thread_and_no_process_is_left(parser: Parser) -> None:
    before = threading.active_count()
    parser.reading("one", LARGE, 0.0)
    parser.close()
    assert threading.active_count() == before
