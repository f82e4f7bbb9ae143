"""Which facts are recorded, and with what?"""

import json
from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core import events
from team_supervisor.core.events import (
    KINDS,
    Event,
    RequestQueued,
    SessionExited,
    SessionRestarting,
    revive,
)

about = st.none() | st.text(max_size=20)
keys = st.text().filter(lambda key: key not in ("session", "request"))
facts = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.builds(KINDS[kind], **_fields(KINDS[kind]))
)


def _fields(cls: type[Event]) -> dict[str, st.SearchStrategy[Any]]:
    hints = get_type_hints(cls)
    finite = st.floats(allow_nan=False, allow_infinity=False)
    return {
        name: finite if hints[name] is float else st.from_type(hints[name])
        for name in cls.__struct_fields__
    }


@given(facts)
def test_every_fact_comes_back_from_the_store_as_it_was(event: Event) -> None:
    stored = json.loads(json.dumps(event.details(), ensure_ascii=True))
    assert revive(event.kind, event.session, event.request, stored) == event


@given(facts)
def test_whom_it_is_about_is_no_detail(event: Event) -> None:
    assert not {"session", "request"} & event.details().keys()
    assert len(event.details()) == len(event.__struct_fields__) - 2


def test_every_fact_has_a_kind_of_its_own() -> None:
    defined = [
        cls for cls in vars(events).values() if isinstance(cls, type) and issubclass(cls, Event)
    ]
    assert {cls.kind for cls in defined} == set(KINDS)
    assert len(defined) == len(KINDS) > 20
    assert all(KINDS[cls.kind] is cls for cls in defined)


@given(st.text(), about, about, st.dictionaries(keys, st.none() | st.text()))
def test_a_kind_of_a_later_version_is_still_a_fact_about_someone(
    kind: str, session: str | None, request: str | None, details: dict[str, Any]
) -> None:
    found = revive(f"later-{kind}", session, request, details)
    assert (found.session, found.request) == (session, request)
    assert type(found) is Event


def test_a_field_of_a_later_version_is_dropped() -> None:
    found = revive("request_queued", None, "qa-request-x", {"reason": "full", "colour": "red"})
    assert found == RequestQueued(request="qa-request-x", reason="full")


def test_a_field_with_a_default_may_be_missing_in_an_older_row() -> None:
    older = {"name": "x", "attempt": 1, "code": 1, "signal": None, "reason": "e", "words": "code 1"}
    found = revive("session_exited", "qa-1", None, older)
    assert isinstance(found, SessionExited)
    assert found.left_behind == 0


def test_a_fact_cannot_be_changed() -> None:
    event = SessionRestarting(
        session="qa-1", name="x", words="code 1", delay=1.0, failures=1, limit=5
    )
    with pytest.raises(AttributeError):
        event.delay = 2.0  # type: ignore[misc]


def test_a_fact_says_everything_or_is_not_made() -> None:
    with pytest.raises(TypeError, match="reason"):
        RequestQueued(request="qa-request-x")  # type: ignore[call-arg]


def test_details_are_plain_values() -> None:
    event = SessionExited(
        session="qa-1", name="x", attempt=1, code=None, signal=9, reason="exited", words="SIGKILL"
    )
    assert event.details() == {
        "name": "x",
        "attempt": 1,
        "code": None,
        "signal": 9,
        "reason": "exited",
        "words": "SIGKILL",
        "left_behind": 0,
    }
    assert msgspec.json.decode(msgspec.json.encode(event.details())) == event.details()
