from collections.abc import Iterator
from pathlib import Path

import pytest

from team_supervisor.adapters.live import LiveRows
from team_supervisor.adapters.store import Store, open_store
from team_supervisor.core.model import Delivery, DeliveryKind, Session, State, Wanted


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path / "supervisor.db")
    for name in ("one", "two"):
        made.insert(Session(id=name, persona="intern", name=name, created_at=1.0, directory=name))
    yield made
    made.close()


@pytest.fixture
def live(store: Store) -> LiveRows:
    found = LiveRows(store)
    assert found.refresh() == {"one", "two"}
    assert found.refresh() == set()
    return found


def test_what_we_write_changes_the_session_it_is_about(store: Store, live: LiveRows) -> None:
    store.update("one", nudges=2)
    assert live.refresh() == {"one"}
    assert live.rows["one"].nudges == 2
    assert live.refresh() == set()


def test_what_another_process_writes_is_seen(tmp_path: Path, live: LiveRows) -> None:
    other = open_store(tmp_path / "supervisor.db")
    other.want("two", Wanted.STOP)
    assert live.refresh() == {"two"}
    other.close()
    assert live.rows["two"].wanted == Wanted.STOP


def test_a_delivery_is_there_until_it_was_seen(store: Store, live: LiveRows) -> None:
    sent = Delivery(id="uuid", session="one", kind=DeliveryKind.FIRST, text="x", created_at=1.0)
    store.add_delivery(sent, "first")
    assert live.refresh() == {"one"}
    assert [d.id for d in live.unseen["one"]] == ["uuid"]
    store.sent("uuid", 2.0, 1)
    assert live.refresh() == {"one"}
    store.seen("uuid", 3.0)
    assert live.refresh() == {"one"}
    assert not live.unseen


def test_who_ended_is_gone_until_a_retry_is_wanted(store: Store, live: LiveRows) -> None:
    store.update("one", state=State.FAILED, ended_at=2.0)
    assert live.refresh() == {"one"}
    assert set(live.rows) == {"two"}
    store.want_retry("one")
    assert live.refresh() == {"one"}
    assert set(live.rows) == {"one", "two"}
    assert list(live.rows.values()) == [store.live_one("two"), store.live_one("one")]


def test_what_was_taken_back_changes_nothing(store: Store, live: LiveRows) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.update("one", nudges=2)
        raise ZeroDivisionError
    assert live.refresh() == set()
