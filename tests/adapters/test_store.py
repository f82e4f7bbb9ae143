import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.adapters import locks
from team_supervisor.adapters.store import MIGRATIONS, Store, open_reader, open_store
from team_supervisor.core import events
from team_supervisor.core.model import (
    Delivery,
    DeliveryKind,
    Doing,
    RequestStatus,
    Session,
    State,
    Wanted,
)
from team_supervisor.errors import TeamError

ID = "intern-1706012345680"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a ? strange # directory %41" / "supervisor.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    path.parent.mkdir()
    made = open_store(path)
    yield made
    made.close()


def session(number: int = 0, **values: Any) -> Session:
    given = {"name": "api", "persona": "intern", "created_at": 100.0 + number, "directory": "d"}
    return Session(**{"id": f"intern-{1706012345680 + number}", **given, **values})


def delivery(number: int, **values: Any) -> Delivery:
    return Delivery(
        **{
            "id": f"uuid-{number}",
            "session": ID,
            "kind": DeliveryKind.NOTICE,
            "text": f"text {number}",
            "created_at": 1.0,
            **values,
        }
    )


def request(store: Store, name: str = "intern-request-api", inode: int = 1) -> None:
    store.insert_request(
        name=name,
        device=1,
        inode=inode,
        persona="intern",
        wanted_name="api",
        first_seen_at=1.0,
        reason=None,
    )


def test_a_session_comes_back_as_it_was(store: Store) -> None:
    given = session(
        state=State.STOPPING,
        wanted=Wanted.STOP_NOW,
        ending=State.COMPLETED,
        doing=Doing.ATTENTION,
        requester="qa-1",
        depth=2,
        attempt=3,
        cost_before=1.25,
        cost_attempt=0.5,
        tasks_problem="tasks.md is a symbolic link",
    )
    store.insert(given)
    assert store.session(ID) == given
    assert given.cost_usd == 1.75
    assert store.session("nobody") is None


def test_only_what_is_named_is_updated(store: Store) -> None:
    store.insert(session())
    store.update(ID, state=State.STARTING, last_words="Bash: ls")
    assert store.session(ID) == session(state=State.STARTING, last_words="Bash: ls")


def test_those_who_ended_are_not_live_unless_they_are_to_be_retried(store: Store) -> None:
    for number, state in enumerate(State):
        ended = 1.0 if session(state=state).ended else None
        ending = State.FAILED if state == State.STOPPING else None
        store.insert(session(number, state=state, ended_at=ended, ending=ending, attempt=1))
    assert [s.state for s in store.live()] == [
        State.REQUESTED,
        State.STARTING,
        State.ACTIVE,
        State.STOPPING,
        State.PARKED,
    ]
    assert len(store.sessions()) == len(State)
    asked = {s.state for s in store.sessions() if store.want_retry(s.id)}
    assert asked == {State.FAILED, State.STOPPED, State.PARKED}
    assert {s.state for s in store.live() if s.ended} == asked - {State.PARKED}


def test_nothing_is_wanted_of_who_has_ended(store: Store) -> None:
    store.insert(session())
    assert store.want(ID, Wanted.STOP)
    store.update(ID, state=State.STOPPED, ended_at=1.0)
    assert not store.want(ID, Wanted.STOP_NOW)
    assert not store.want("nobody", Wanted.STOP)
    found = store.session(ID)
    assert found and found.wanted == Wanted.STOP


@pytest.mark.parametrize(
    "values",
    [
        {"state": State.COMPLETED},
        {"state": State.REQUESTED, "ended_at": 1.0},
        {"state": State.STOPPING},
        {"state": State.ACTIVE, "attempt": 0},
        {"state": "confused"},
        {"depth": -1},
        {"name": None},
        {"created_at": "yesterday"},
    ],
)
def test_the_database_refuses_a_session_that_cannot_be(
    store: Store, values: dict[str, Any]
) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.insert(session(**values))
    assert store.sessions() == []


def test_the_database_refuses_to_claim_one_directory_twice(store: Store) -> None:
    store.insert(session(1, request_name="intern-request-api"))
    with pytest.raises(sqlite3.IntegrityError):
        store.insert(session(2, request_name="intern-request-api"))
    store.update(session(1).id, state=State.STARTING)
    store.insert(session(2, request_name="intern-request-api"))


def test_the_database_refuses_a_second_open_attempt(store: Store) -> None:
    store.insert(session())
    store.begin_attempt(ID, 1, 10.0)
    with pytest.raises(sqlite3.IntegrityError):
        store.begin_attempt(ID, 2, 11.0)
    store.attempt_running(ID, 1, 4711)
    facts = {"code": None, "signal": 9, "reason": "signalled", "error": None}
    store.end_attempt(ID, 1, ended_at=12.0, left_behind=2, cost_usd=0.5, **facts)
    store.begin_attempt(ID, 2, 13.0)
    first, second = store.attempts(ID)
    assert (first["pid"], first["signal"], first["left_behind"]) == (4711, 9, 2)
    assert (second["number"], second["ended_at"]) == (2, None)


def test_how_an_attempt_ended_is_written_once(store: Store) -> None:
    store.insert(session())
    store.begin_attempt(ID, 1, 10.0)
    facts = {"signal": None, "reason": "exited", "error": None, "left_behind": 0, "cost_usd": 0}
    store.end_attempt(ID, 1, ended_at=12.0, code=7, **facts)
    store.end_attempt(ID, 1, ended_at=13.0, code=0, **facts)
    assert store.attempts(ID)[0]["code"] == 7


def test_a_change_and_its_event_are_written_together_or_not_at_all(store: Store) -> None:
    store.insert(session())
    with pytest.raises(RuntimeError), store.transaction():
        store.update(ID, state=State.STARTING)
        with store.transaction():
            store.record(events.SessionReopened(session=ID, name="api"), 1.0)
        raise RuntimeError
    assert store.session(ID) == session()
    assert store.last_event() == 0


def test_events_come_back_in_order_and_as_they_were(store: Store) -> None:
    told = [
        events.Warned(reason="the disk is full: ✋ \ud83d"),
        events.SessionRestarting(
            session=ID, name="api", words="code 1", delay=1.5, failures=1, limit=5
        ),
        events.RequestRejected(request="qa-request-\udcff", reason="no", directory="\udcff"),
    ]
    for number, event in enumerate(told):
        store.record(event, float(number))
    assert [(at, event) for _, at, event in store.events_after(0)] == [
        (float(number), event) for number, event in enumerate(told)
    ]
    assert [number for number, _, _ in store.events_after(1)] == [2, 3]
    assert store.last_event() == 3


def test_a_request_goes_its_way(store: Store) -> None:
    request(store)
    [row] = store.open_requests()
    assert (row.name, row.status, row.session) == (
        "intern-request-api",
        RequestStatus.WAITING,
        None,
    )
    store.update_request(replace(row, status=RequestStatus.QUEUED, reason="full", requester="qa-1"))
    assert store.open_requests()[0].reason == "full"
    store.insert(session())
    store.update_request(replace(row, status=RequestStatus.CLAIMED, session=ID))
    assert store.open_requests() == []
    assert store.spawned_since(99.0) == 1
    assert store.spawned_since(100.0) == 0


def test_a_request_that_was_taken_back_is_forgotten(store: Store) -> None:
    request(store)
    store.forget_request(store.open_requests()[0].id)
    assert store.open_requests() == []
    request(store)


def test_the_newest_rejections_come_first(store: Store) -> None:
    for number in range(3):
        request(store, f"intern-request-{number}")
        row = store.open_requests()[0]
        store.update_request(replace(row, status=RequestStatus.REJECTED, reason=str(number)))
    assert [r.reason for r in store.rejections(2)] == ["2", "1"]


def test_the_database_refuses_a_second_open_request_of_one_name(store: Store) -> None:
    request(store)
    with pytest.raises(sqlite3.IntegrityError):
        request(store, inode=2)


def test_a_name_that_is_no_text_comes_back_as_the_same_bytes(store: Store) -> None:
    name = os.fsdecode(b"intern-request-\xff\x80\xc3\xbc")
    request(store, name)
    [row] = store.open_requests()
    assert os.fsencode(row.name) == b"intern-request-\xff\x80\xc3\xbc"
    store.record(events.RequestQueued(request=name, reason="full"), 1.0)
    assert store.last_event() == 1


def test_a_text_is_delivered_once_for_one_reason(store: Store) -> None:
    store.insert(session())
    assert store.add_delivery(delivery(1), "first")
    assert not store.add_delivery(delivery(2), "first")
    assert store.add_delivery(delivery(3), "second")
    assert [d.id for d in store.unseen()[ID]] == ["uuid-1", "uuid-3"]


def test_what_was_seen_is_not_delivered_again(store: Store) -> None:
    store.insert(session())
    store.add_delivery(delivery(1, kind=DeliveryKind.FIRST), "first")
    store.add_delivery(delivery(2), "second")
    store.sent("uuid-1", 2.0, 1)
    assert [(d.sent_at, d.sent_attempt) for d in store.unseen()[ID]] == [(2.0, 1), (None, None)]
    store.seen("uuid-1", 3.0)
    store.seen("uuid-2", 3.0)
    assert store.unseen() == {}
    store.unsend_first(ID)
    assert [(d.id, d.sent_at) for d in store.unseen()[ID]] == [("uuid-1", None)]


def test_only_known_ids_are_known(store: Store) -> None:
    store.insert(session())
    assert store.known_ids({ID, "intern-1", 'quo"te'}) == {ID}


def test_what_is_set_for_the_team_is_kept(store: Store) -> None:
    assert store.team("wanted") is None
    store.set_team("wanted", "stop")
    store.set_team("wanted", "run")
    assert store.team("wanted") == "run"


def test_the_file_is_for_its_user_alone_and_opens_again(store: Store, path: Path) -> None:
    store.insert(session())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = open_store(path)
    assert again.session(ID) == session()
    again.close()


# Six at a time, who all wait for one pipe to be closed.
MAKERS = """
import os
import sys
from pathlib import Path
from team_supervisor.adapters.store import open_store

def make(path, waits, goes):
    os.close(goes)
    os.read(waits, 1)
    try:
        open_store(path).close()
    except Exception as error:
        print(path.name, repr(error), flush=True)
    os._exit(0)

for number in range(30):
    waits, goes = os.pipe()
    for _ in range(6):
        os.fork() or make(Path(f"{sys.argv[1]}.{number}"), waits, goes)
    os.close(goes)
    for _ in range(6):
        os.wait()
"""


def test_many_programs_may_make_the_database_at_once(path: Path) -> None:
    path.parent.mkdir()
    command = [sys.executable, "-c", MAKERS, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout + done.stderr == ""


OPENER = """
import sys
from pathlib import Path
from team_supervisor.adapters.store import open_store
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
open_store(Path(sys.argv[1])).close()
assert sys.argv[1] not in opened, opened
"""


def test_a_database_that_is_there_is_not_opened_by_hand(store: Store, path: Path) -> None:
    # To close it would drop the locks that SQLite holds for the connections of this program.
    subprocess.run([sys.executable, "-c", OPENER, str(path)], check=True, timeout=60)


@pytest.mark.parametrize("broken", [b"", b"garbage" * 1000])
def test_of_a_broken_database_who_mends_it_is_said(path: Path, broken: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(broken)
    with pytest.raises(TeamError, match="`orchestrate` builds a broken one again"):
        open_reader(path)
    held = locks.hold(path.parent / "lock", locks.ourselves("orchestrate", "now"))
    try:
        with pytest.raises(TeamError, match=f"end it with `kill {os.getpid()}`.*builds it again"):
            open_reader(path)
    finally:
        os.close(held)


def test_a_database_of_a_newer_program_is_left_alone(store: Store, path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(TeamError, match="upgrade team-supervisor"):
        open_store(path)
    with pytest.raises(TeamError, match="database version"):
        open_reader(path)


def test_a_reader_sees_what_was_committed_and_writes_nothing(store: Store, path: Path) -> None:
    reader = open_reader(path)
    store.insert(session())
    assert reader.session(ID) == session()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.want(ID, Wanted.STOP)
    reader.close()


def test_a_reader_misses_a_team_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TeamError, match=f"no session yet in {tmp_path}"):
        open_reader(tmp_path / ".supervisor" / "supervisor.db")


def test_a_broken_database_is_said_to_be_broken(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.db"
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(TeamError, match=r"cannot be read .*`orchestrate` builds"):
        open_reader(path)
    with pytest.raises(sqlite3.DatabaseError) as error:
        open_store(path)
    assert not isinstance(error.value, sqlite3.OperationalError)


def test_a_database_that_is_broken_inside_is_not_opened(store: Store, path: Path) -> None:
    for _ in range(500):
        store.record(events.Warned(reason="x" * 200), 1.0)
    store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    with pytest.raises(sqlite3.DatabaseError):
        open_store(path)


def test_a_link_in_place_of_the_database_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "supervisor.db").symlink_to(tmp_path / "elsewhere")
    for opened in (open_store, open_reader):
        with pytest.raises(TeamError, match="not a regular file"):
            opened(tmp_path / "supervisor.db")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["supervisor.db", "supervisor.db-wal", "supervisor.db-shm"])
def test_a_fifo_in_place_of_the_database_is_not_waited_for(tmp_path: Path, name: str) -> None:
    open_store(tmp_path / "supervisor.db").close()
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    for opened in (open_store, open_reader):
        with pytest.raises(TeamError, match=name):
            opened(tmp_path / "supervisor.db")
