"""Does each promise still have a change that breaks it, and tests that would see it?"""

import pytest

from tests.breakages.__main__ import ROOT, Breakage, noticed, table

ENTRIES = table()


@pytest.mark.parametrize("entry", ENTRIES, ids=[e.promise for e in ENTRIES])
def test_what_breaks_a_promise_is_still_in_the_code_and_its_tests_exist(entry: Breakage) -> None:
    assert (ROOT / entry.file).read_text().count(entry.old) == 1
    assert entry.old != entry.new
    paths = [word for word in entry.tests.split() if word.startswith("tests/")]
    assert paths and all((ROOT / path).exists() for path in paths)


def test_a_breakage_is_noticed_and_what_breaks_nothing_is_not() -> None:
    [cycle] = [e for e in ENTRIES if e.promise.startswith("a cycle is refused")]
    assert noticed(cycle)
    assert not noticed(Breakage("nothing", cycle.file, cycle.old, cycle.old, cycle.tests))
