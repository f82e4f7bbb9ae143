"""May this request become a session now, later, or never?"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.admission import (
    MEBIBYTE,
    Admit,
    Limits,
    Refuse,
    Wait,
    admit,
    doubles,
    refusal,
)
from team_supervisor.core.model import Session, State
from team_supervisor.core.requests import RequestName

from .worlds import GIB, PERSONAS, persona, session, team

MANY = Limits(sessions=100, spawned_per_hour=1000)


def member(number: int = 1, persona: str = "engineer", **changes: Any) -> Session:
    return replace(session(State.ACTIVE), id=f"{persona}-{number:013d}", persona=persona, **changes)


def engineers(count: int) -> list[Session]:
    return [member(number) for number in range(count)]


def ask(persona: str, *live: Session, by: str | None = None, **changes: Any) -> object:
    return admit(RequestName(persona, "api"), by, team(*live, **changes))


def reason(verdict: object) -> str:
    assert isinstance(verdict, (Wait, Refuse))
    return verdict.reason


def test_a_person_may_request_anyone() -> None:
    for name, known in PERSONAS.items():
        assert ask(name) == Admit(known, None)


@pytest.mark.parametrize(
    ("asking", "wanted", "allowed"),
    [
        ("manager", "engineer", True),
        ("manager", "architect", True),
        ("manager", "intern", False),
        ("architect", "engineer", True),
        ("architect", "manager", False),
        ("engineer", "intern", True),
        ("engineer", "engineer", False),
        ("intern", "intern", False),
    ],
)
def test_a_teammate_may_request_whom_its_persona_names(
    asking: str, wanted: str, allowed: bool
) -> None:
    asker = member(7, asking)
    verdict = ask(wanted, asker, by=asker.id)
    if allowed:
        assert verdict == Admit(PERSONAS[wanted], asker)
    else:
        assert isinstance(verdict, Refuse)
        assert f"{asking} may not request a" in verdict.reason
        assert f" {wanted}; it may request" in verdict.reason


def test_a_refusal_names_whom_it_may_request() -> None:
    asker = member(7, "manager")
    assert reason(ask("intern", asker, by=asker.id)).endswith("it may request: engineer, architect")
    nobody = member(7, "intern")
    assert reason(ask("intern", nobody, by=nobody.id)).endswith("it may request: nobody")


def test_a_requester_that_nobody_knows_is_none() -> None:
    assert ask("intern", by="ghost-1706012345680") == Admit(PERSONAS["intern"], None)


def test_a_requester_that_has_ended_is_still_held_to_its_persona() -> None:
    ended = member(7, "intern", state=State.STOPPED)
    assert isinstance(ask("engineer", ended, by=ended.id), Refuse)


@pytest.mark.parametrize(("depth", "admitted"), [(0, True), (3, True), (4, False), (9, False)])
def test_requests_of_requests_end_at_the_depth(depth: int, admitted: bool) -> None:
    asker = member(7, depth=depth)
    verdict = ask("intern", asker, by=asker.id)
    assert isinstance(verdict, Admit if admitted else Refuse)
    if not admitted:
        assert "limits.depth" in reason(verdict)


def test_there_is_one_of_a_singleton() -> None:
    boss = member(1, "manager")
    assert ask("manager", boss) == Refuse(
        f"there may be only one manager, and {boss.id} is at work"
    )
    assert isinstance(ask("manager", member(1, "manager", state=State.STOPPED)), Admit)


@pytest.mark.parametrize(("live", "verdict"), [(7, Admit), (8, Wait), (9, Wait)])
def test_the_ninth_session_waits_for_a_place(live: int, verdict: type) -> None:
    assert isinstance(ask("engineer", *engineers(live)), verdict)


def test_who_waits_for_a_place_is_told_how_many_are_at_work() -> None:
    assert ask("engineer", *engineers(8)) == Wait("8 of 8 sessions are at work")


def test_sessions_that_ended_hold_no_place() -> None:
    ended = [replace(one, state=State.COMPLETED) for one in engineers(8)]
    assert isinstance(ask("engineer", *ended), Admit)


@pytest.mark.parametrize(
    ("in_team_yaml", "in_persona", "live", "verdict"),
    [
        (None, None, 5, Admit),
        (2, None, 1, Admit),
        (2, None, 2, Wait),
        (None, 2, 2, Wait),
        (3, 2, 2, Wait),
        (2, 3, 2, Wait),
        (0, None, 0, Wait),
    ],
)
def test_the_smaller_limit_of_a_persona_counts(
    in_team_yaml: int | None, in_persona: int | None, live: int, verdict: type
) -> None:
    per_persona = {} if in_team_yaml is None else {"engineer": in_team_yaml}
    limits = Limits(per_persona=per_persona)
    known = {**PERSONAS, "engineer": persona(max_sessions=in_persona)}
    assert isinstance(ask("engineer", *engineers(live), limits=limits, personas=known), verdict)


def test_another_persona_does_not_count_for_the_limit_of_one() -> None:
    limits = Limits(per_persona={"intern": 1})
    assert isinstance(ask("intern", *engineers(5), limits=limits), Admit)


@pytest.mark.parametrize(("spawned", "verdict"), [(59, Admit), (60, Wait), (61, Wait)])
def test_sixty_sessions_an_hour_are_started(spawned: int, verdict: type) -> None:
    assert isinstance(ask("engineer", spawned=spawned), verdict)


@pytest.mark.parametrize(
    ("free", "verdict"), [(256 * MEBIBYTE, Admit), (256 * MEBIBYTE - 1, Wait), (0, Wait)]
)
def test_nothing_starts_on_a_disk_that_is_nearly_full(free: int, verdict: type) -> None:
    assert isinstance(ask("engineer", disk_free=free), verdict)


def test_what_is_never_allowed_does_not_wait_first() -> None:
    asker = member(7, "intern")
    verdict = ask("engineer", asker, *engineers(20), by=asker.id, spawned=99, disk_free=0)
    assert isinstance(verdict, Refuse)


def test_an_unknown_persona_is_refused_with_the_known_ones() -> None:
    problem = refusal(RequestName("wizard", "api"), team())
    assert (
        problem == "there is no persona 'wizard'; known are: architect, engineer, intern, manager"
    )
    assert (refusal(RequestName("wizard", "api"), team(personas={})) or "").endswith(": none")


def test_a_bad_name_is_refused_before_its_persona_is_looked_for() -> None:
    assert "start with a letter" in (refusal(RequestName("wizard", "-api"), team()) or "")
    assert refusal(RequestName("engineer", "api"), team()) is None


@given(
    live=st.integers(0, 12),
    spawned=st.integers(0, 80),
    free=st.integers(0, GIB),
    limits=st.builds(
        Limits,
        sessions=st.integers(0, 10),
        spawned_per_hour=st.integers(0, 70),
        disk_free_mb=st.integers(0, 1000),
        per_persona=st.dictionaries(st.sampled_from(sorted(PERSONAS)), st.integers(0, 10)),
    ),
)
def test_nobody_is_admitted_beyond_a_limit(
    live: int, spawned: int, free: int, limits: Limits
) -> None:
    verdict = ask("engineer", *engineers(live), spawned=spawned, disk_free=free, limits=limits)
    within = (
        live < limits.sessions
        and spawned < limits.spawned_per_hour
        and free >= limits.disk_free_mb * MEBIBYTE
        and live < limits.per_persona.get("engineer", 99)
    )
    assert isinstance(verdict, Admit if within else Wait)


@given(st.integers(0, 99), st.integers(0, 999))
def test_the_team_is_only_looked_at(live: int, spawned: int) -> None:
    asked = team(*engineers(live), spawned=spawned, limits=MANY)
    first = admit(RequestName("engineer", "api"), None, asked)
    assert first == admit(RequestName("engineer", "api"), None, asked)
    assert (len(asked.live), asked.spawned) == (live, spawned)


def test_a_persona_whose_file_is_broken_is_not_called_unknown() -> None:
    broken = {"writer": "/w/personas/writer.md: model must be a name.", "engineer": "a later one"}
    found = replace(team(), broken=broken)
    assert refusal(RequestName("writer", "docs"), found) == (
        "its persona cannot be used: /w/personas/writer.md: model must be a name"
    )
    assert "there is no persona" in (refusal(RequestName("nobody", "docs"), found) or "")
    name = next(iter(found.personas))
    assert refusal(RequestName(name, "docs"), replace(found, broken={name: "a later one"})) is None


def test_two_sessions_of_a_singleton_persona_are_named_the_oldest_first() -> None:
    one = session(id="manager-2", persona="manager", created_at=2.0)
    other = session(id="manager-1", persona="manager", created_at=1.0)
    said = ["there may be only one manager, and manager-1, manager-2 live"]
    assert doubles([one, other], PERSONAS) == said
    assert doubles([one, session(id="a"), session(id="b")], PERSONAS) == []
