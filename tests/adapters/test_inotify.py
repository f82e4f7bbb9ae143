import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from team_supervisor.adapters.inotify import SessionEvents, session_events


@pytest.fixture
def events(tmp_path: Path) -> Iterator[SessionEvents]:
    found = session_events()
    if found is None:
        pytest.skip("there is no inotify here")
    (tmp_path / "one").mkdir()
    found.attend("one", [tmp_path / "one"])
    yield found
    found.close()


def heard(events: SessionEvents) -> set[str] | None:
    ready, _, _ = select.select([events.descriptor], [], [], 0.0)
    return events.happened() if ready else set()


@pytest.mark.parametrize("name", ["tasks.md", "instructions.md", "transcript.jsonl"])
def test_what_an_agent_tells_is_heard(tmp_path: Path, events: SessionEvents, name: str) -> None:
    (tmp_path / "one" / name).write_text("x")
    assert heard(events) == {"one"}
    with (tmp_path / "one" / name).open("a") as file:
        file.write("y")
        file.flush()
        assert heard(events) == {"one"}


def test_what_is_renamed_into_place_or_removed_is_heard(
    tmp_path: Path, events: SessionEvents
) -> None:
    (tmp_path / "one" / "draft").write_text("x")
    assert heard(events) == set()
    (tmp_path / "one" / "draft").rename(tmp_path / "one" / "tasks.md")
    assert heard(events) == {"one"}
    (tmp_path / "one" / "tasks.md").unlink()
    assert heard(events) == {"one"}


def test_what_we_write_ourselves_is_not_heard(tmp_path: Path, events: SessionEvents) -> None:
    for name in ("session.json", "tracker.json", ".session.json.0.tmp"):
        (tmp_path / "one" / name).write_text("x")
    assert heard(events) == set()


def test_a_directory_that_is_moved_away_is_heard_and_its_successor_watched(
    tmp_path: Path, events: SessionEvents
) -> None:
    (tmp_path / "one").rename(tmp_path / "away")
    assert heard(events) == {"one"}
    (tmp_path / "one").mkdir()
    events.attend("one", [tmp_path / "one"])
    (tmp_path / "away" / "tasks.md").write_text("x")
    assert heard(events) == set()
    (tmp_path / "one" / "tasks.md").write_text("x")
    assert heard(events) == {"one"}


def test_whom_nobody_attends_to_any_more_is_not_heard(
    tmp_path: Path, events: SessionEvents
) -> None:
    events.leave("one")
    (tmp_path / "one" / "tasks.md").write_text("x")
    assert heard(events) == set()


def test_a_directory_that_is_not_there_yet_is_watched_when_it_is(
    tmp_path: Path, events: SessionEvents
) -> None:
    events.attend("two", [tmp_path / "two"])
    assert events.healthy
    (tmp_path / "two").mkdir()
    events.attend("two", [tmp_path / "two"])
    (tmp_path / "two" / "tasks.md").write_text("x")
    assert heard(events) == {"two"}


def test_a_link_is_not_followed(tmp_path: Path, events: SessionEvents) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "two").symlink_to(tmp_path / "elsewhere")
    events.attend("two", [tmp_path / "two"])
    (tmp_path / "elsewhere" / "tasks.md").write_text("x")
    assert heard(events) == set()
