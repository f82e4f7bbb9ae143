"""Does a supervisor show that it lives, and is it kept from nothing by a disk that is full?"""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from team_supervisor import heartbeat
from team_supervisor.adapters import heartbeats
from team_supervisor.adapters.migrations import MIGRATIONS
from team_supervisor.adapters.store import open_store
from team_supervisor.core.projects import Heartbeat, Summary
from tests.core import worlds
from tests.faults.mounts import fill, tmpfs


def test_a_full_disk_keeps_a_heartbeat_from_being_written_and_nothing_else(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with tmpfs(disk, "1m"):
        store = open_store(disk / "team.db")
        heart = heartbeat.Heart(store, "orchestrate (PID 1 on here)")
        world = worlds.world()
        filler = fill(disk)
        for round_ in range(200):  # what there is of room in the database is soon used
            later = (round_ + 1) * heartbeat.EVERY
            now = replace(world.now, monotonic=world.now.monotonic + later, wall=later)
            heart.keep(replace(world, now=now))
        filler.unlink()
        heart.keep(replace(world, now=replace(now, monotonic=now.monotonic + 31, wall=1e9)))
        found = heartbeat.last(store)
        store.close()
    assert found is not None
    assert (found.session, found.at) == ("orchestrate (PID 1 on here)", 1e9)


def test_a_heartbeat_is_written_every_30_seconds_and_not_at_each_look(tmp_path: Path) -> None:
    store = open_store(tmp_path / "team.db")
    heart = heartbeat.Heart(store, "orchestrate (PID 1 on here)")
    world = worlds.world()
    times = []
    for seconds in (0.0, 1.0, 29.0, 30.0, 59.0, 61.0):
        now = replace(world.now, monotonic=world.now.monotonic + seconds, wall=seconds)
        heart.keep(replace(world, now=now))
        beat = heartbeat.last(store)
        times.append(beat.at if beat else None)
    store.close()
    assert times == [0.0, 0.0, 0.0, 30.0, 30.0, 61.0]


def test_each_heartbeat_is_a_row_and_those_of_one_day_are_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path / "team.db")
    heart = heartbeat.Heart(store, "orchestrate (PID 1 on here)")
    world = worlds.world()
    for number in range(heartbeats.KEPT + 3):
        seconds = number * heartbeat.EVERY
        now = replace(world.now, monotonic=world.now.monotonic + seconds, wall=seconds)
        heart.keep(replace(world, now=now))
    kept = [beat.at for beat in heartbeats.last(store, most=10_000)]
    store.close()
    assert kept == [number * heartbeat.EVERY for number in range(heartbeats.KEPT + 2, 2, -1)]


@pytest.mark.parametrize("broken", [None, "{", '{"session": 7, "at": "late", "summary": {}}'])
def test_the_one_heartbeat_of_an_older_version_becomes_the_first_row(
    tmp_path: Path, broken: str | None
) -> None:
    db = sqlite3.connect(tmp_path / "team.db", isolation_level=None)
    for number, step in enumerate(MIGRATIONS[:8], start=1):
        step(db)
        db.execute(f"PRAGMA user_version = {number}")
    said = broken or '{"session": "orchestrate (PID 7 on it)", "at": 7, "summary": {"done": 3}}'
    db.execute("INSERT INTO team VALUES ('heartbeat', ?)", [said])
    db.close()
    store = open_store(tmp_path / "team.db")
    found = heartbeats.last(store, most=10)
    left = store.team("heartbeat")
    store.close()
    beat = Heartbeat(session="orchestrate (PID 7 on it)", at=7.0, summary=Summary(done=3))
    assert found == ([] if broken else [beat])
    assert left is None
