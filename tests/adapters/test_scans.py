"""The root is scanned again whenever its time cannot tell what happened."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.adapters.scans import COARSE, FINE, Scans, certain
from team_supervisor.adapters.workspace import Workspace, create, locate

NOW = 1_700_000_000_123_456_789
SESSION, OTHER = "intern-1700000000001", "intern-1700000000002"


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    workspace = locate(tmp_path / ".database")
    create(workspace)
    return workspace


def _changed_at(place: Workspace, nanoseconds: int) -> None:
    os.utime(place.root, ns=(nanoseconds, nanoseconds))


def test_a_root_that_has_not_changed_for_long_is_scanned_once(place: Workspace) -> None:
    _changed_at(place, NOW)
    scans = Scans(place)

    assert scans.latest() is scans.latest()


def test_a_change_that_leaves_the_time_as_it_is_is_seen_while_that_can_be(
    place: Workspace,
) -> None:
    ahead = time.time_ns() + 3600 * 10**9
    (place.root / SESSION).mkdir()
    _changed_at(place, ahead)
    scans = Scans(place)
    assert scans.latest().sessions == {SESSION}

    (place.root / OTHER).mkdir()
    _changed_at(place, ahead)

    assert scans.latest().sessions == {SESSION, OTHER}


def test_each_of_many_changes_in_a_row_is_seen(place: Workspace) -> None:
    scans = Scans(place)
    for number in range(300):
        (place.root / f"intern-{1700000000000 + number}").mkdir()

        assert len(scans.latest().sessions) == number + 1


def test_in_the_moment_of_a_change_there_may_be_another() -> None:
    assert not certain(NOW, NOW, exact=True)
    assert certain(NOW, NOW + 1, exact=True)


def test_a_clock_that_was_set_back_makes_nothing_certain() -> None:
    assert not certain(NOW, NOW - 10**9, exact=True)


def test_another_machines_clock_and_rounded_times_are_given_room() -> None:
    whole, rounded = NOW - NOW % 10**9, NOW - NOW % 10**6

    assert not certain(NOW, NOW + FINE, exact=False)
    assert not certain(rounded, rounded + FINE, exact=True)
    assert not certain(whole, whole + COARSE, exact=True)
    assert certain(whole, whole + COARSE + 1, exact=True)


@given(st.integers(0, 2**62), st.integers(-(2**40), 2**40), st.booleans())
def test_what_is_certain_is_so_a_moment_later(changed: int, later: int, exact: bool) -> None:
    if certain(changed, changed + later, exact=exact):
        assert later > 0
        assert certain(changed, changed + later + 1, exact=exact)
