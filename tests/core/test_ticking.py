import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core import tickreading
from team_supervisor.core.ticking import (
    Outlook,
    Ready,
    Session,
    by_slug,
    decide,
    judge,
    label,
    named,
    zombie_reason,
)

ONE = Outlook(slug="a", path="/p/a", iteration="1", ready=(Ready("a-1"), Ready("a-2")))


def spawned(decision: Any) -> list[str]:
    return [each["label"] for each in decision.get("spawns", [])]


def test_a_spawn_has_exactly_the_keys_that_are_promised() -> None:
    assert decide([ONE], []) == {
        "action": "spawn",
        "spawns": [
            {
                "project": "a",
                "task": "a-1",
                "bead": "a-1",
                "iteration": "1",
                "channel": "",
                "path": "/p/a",
                "label": "project:a:a-1",
                "runTimeoutSeconds": 1800,
                "cleanup": "keep",
                "thinking": "low",
            }
        ],
        "zombies": [],
    }


def test_agent_and_model_are_there_only_when_they_are_set() -> None:
    (spawn,) = decide([replace(ONE, agent="scrapper", model="opus")], [])["spawns"]  # type: ignore[typeddict-item]
    assert (spawn["agentId"], spawn["model"]) == ("scrapper", "opus")


def test_a_task_s_own_time_limit_comes_before_the_project_s() -> None:
    ready = (Ready("a-1", timeout=60.4), Ready("a-2"))
    both = replace(ONE, ready=ready, max_workers=2, worker_timeout=900)
    limits = [each["runTimeoutSeconds"] for each in decide([both], [])["spawns"]]  # type: ignore[typeddict-item]
    assert limits == [60, 900]


@pytest.mark.parametrize(
    ("session", "over", "reason"),
    [
        (Session("project:a:a-1"), {}, None),
        (Session("project:a:a-1", "running", 1800), {}, None),
        (Session("project:a:a-1", "running", 1801), {}, "timeout"),
        (Session("project:a:a-1", "running", 1801, limit=3600), {}, None),
        (Session("project:a:a-1", "running", 61, limit=60), {}, "timeout"),
        (Session("project:a:a-1", "running", 9999), {"a-1": False}, "task-closed"),
        (Session("project:a:a-1", "running", 9999), {"a-1": True}, "bead-closed"),
        (Session("project:a:a-1", "completed", 9999), {"a-1": True}, "session-ended"),
        (Session("project:a:unheard-of", "running", 5), {"a-1": True}, None),
    ],
)
def test_zombies_are_told_in_their_order(
    session: Session, over: dict[str, bool], reason: str | None
) -> None:
    assert zombie_reason(session, replace(ONE, over=over)) == reason


def test_a_session_of_an_outside_scheduler_has_its_task_s_own_limit() -> None:
    own = replace(ONE, limits={"a-1": 7200.0})
    assert zombie_reason(Session("project:a:a-1", "running", 7200), own) is None
    assert zombie_reason(Session("project:a:a-1", "running", 7201), own) == "timeout"
    assert zombie_reason(Session("project:a:a-2", "running", 1801), own) == "timeout"


def test_who_rests_until_a_person_answers_takes_no_place_and_is_not_started_again() -> None:
    resting = Session("project:a:a-1", rests=True)
    found = decide([ONE], [resting])
    assert spawned(found) == ["project:a:a-2"]
    assert found["zombies"] == [] and [s["task"] for s in found["skipped"]] == ["a-1"]


def test_a_zombie_leaves_its_place_to_the_next_task() -> None:
    found = decide([ONE], [Session("project:a:old", "failed")])
    assert spawned(found) == ["project:a:a-1"]
    assert found["zombies"] == [
        {
            "slug": "a",
            "task": "old",
            "bead": "old",
            "label": "project:a:old",
            "reason": "session-ended",
        }
    ]


def test_a_task_with_a_live_session_is_skipped_and_said_so() -> None:
    found = decide([replace(ONE, max_workers=2)], [Session("project:a:a-1")])
    assert spawned(found) == ["project:a:a-2"]
    assert found["skipped"] == [
        {
            "project": "a",
            "task": "a-1",
            "label": "project:a:a-1",
            "reason": "session-already-active",
        }
    ]


def test_a_session_that_is_too_old_still_lives_so_its_task_waits_until_it_is_gone() -> None:
    found = decide([ONE], [Session("project:a:a-1", age=9999)])
    assert [z["reason"] for z in found["zombies"]] == ["timeout"]
    assert spawned(found) == ["project:a:a-2"]


def test_a_label_said_of_an_ended_and_of_a_running_session_belongs_to_the_running_one() -> None:
    found = decide([ONE], [Session("project:a:a-1", "failed"), Session("project:a:a-1")])
    assert found["zombies"] == [] and spawned(found) == []


@pytest.mark.parametrize(
    ("outlooks", "sessions", "reason", "disable"),
    [
        ([], [], "no-active-iterations", True),
        ([replace(ONE, iteration=None)], [], "no-active-iterations", True),
        ([replace(ONE, status="paused")], [], "no-active-iterations", True),
        ([replace(ONE, status="blocked")], [Session("project:a:x")], "no-active-iterations", False),
        ([replace(ONE, ready=())], [], "no-ready-tasks", True),
        ([replace(ONE, ready=(), busy=1)], [], "no-ready-tasks", False),
        ([replace(ONE, ready=())], [Session("project:a:x")], "no-ready-tasks", False),
        ([replace(ONE, ready=())], [Session("project:a:x", "done")], "no-ready-tasks", False),
        ([replace(ONE, closed="the queue is paused")], [], "no-ready-tasks", True),
        ([ONE], [Session("project:a:x")], "all-at-capacity", False),
        ([replace(ONE, ready=()), replace(ONE, slug="b", ready=())], [], "no-ready-tasks", True),
    ],
)
def test_idle_says_why_and_whether_cron_may_sleep(
    outlooks: list[Outlook], sessions: list[Session], reason: str, disable: bool
) -> None:
    found = decide(outlooks, sessions)
    assert found["action"] == "idle"
    assert (found["reason"], found["disable_cron"]) == (reason, disable)


def test_projects_come_by_priority_then_as_they_were_registered() -> None:
    def project(slug: str, priority: str) -> Outlook:
        return replace(ONE, slug=slug, priority=priority, ready=(Ready("t"),))

    many = [project(*each) for each in (("l", "low"), ("n", "normal"), ("h", "high"), ("m", "?"))]
    assert spawned(decide(many, [])) == [f"project:{slug}:t" for slug in "hnml"]


SLUGS = st.sampled_from(["a", "b", "c"])
TASKS = st.sampled_from([f"t{n}" for n in range(6)])
LABELS = st.one_of(st.builds(label, SLUGS, TASKS), st.sampled_from(["", "mine", "project:a", "::"]))
SESSIONS = st.lists(
    st.builds(
        Session,
        LABELS,
        st.sampled_from(["running", "running", "completed", ""]),
        st.none() | st.floats(0, 5000),
        st.none() | st.just(60.0),
    ),
    max_size=12,
)
OUTLOOKS = st.lists(
    st.builds(
        Outlook,
        slug=SLUGS,
        path=st.just("/p"),
        status=st.sampled_from(["active", "active", "paused", "blocked"]),
        priority=st.sampled_from(["high", "normal", "low"]),
        max_workers=st.integers(1, 4),
        iteration=st.sampled_from([None, "1", "default"]),
        ready=st.lists(st.builds(Ready, TASKS), unique=True, max_size=6).map(tuple),
        closed=st.sampled_from([None, None, "the queue is paused"]),
        over=st.dictionaries(TASKS, st.booleans(), max_size=2),
        agent=st.none() | st.just("x"),
        busy=st.integers(0, 1),
    ),
    unique_by=lambda o: o.slug,
    max_size=3,
)


@given(OUTLOOKS, SESSIONS)
def test_no_project_gets_more_workers_than_it_may_have_nor_a_task_two(
    outlooks: list[Outlook], sessions: list[Session]
) -> None:
    found = decide(outlooks, sessions)
    labels = spawned(found)
    assert len(set(labels)) == len(labels)
    dead = {z["label"] for z in found["zombies"]}
    ended = {z["label"] for z in found["zombies"] if z["reason"] == "session-ended"}
    live = {s.label for s in sessions} - dead
    assert not set(labels) & ({s.label for s in sessions} - ended)
    for each in outlooks:
        mine = [name for name in labels if named(name)[0] == each.slug]  # type: ignore[index]
        at_work = [s for s in live if (named(s) or ("",))[0] == each.slug]
        assert not mine or len(mine) + len(at_work) <= each.max_workers
        if each.status != "active" or each.closed or each.iteration is None:
            assert not mine


@given(OUTLOOKS, SESSIONS)
def test_the_same_values_give_the_same_decision_which_reads_back_as_it_was(
    outlooks: list[Outlook], sessions: list[Session]
) -> None:
    found = decide(outlooks, sessions)
    assert found == decide(list(outlooks), list(sessions))
    assert tickreading.decision(json.dumps(found)) == found


@given(OUTLOOKS, SESSIONS)
def test_a_zombie_takes_no_place(outlooks: list[Outlook], sessions: list[Session]) -> None:
    dead = {z["label"] for z in decide(outlooks, sessions)["zombies"]}
    alive = [s for s in sessions if s.label not in dead]
    for each in outlooks:
        room = judge(each, by_slug(sessions).get(each.slug, [])).room
        assert room == judge(each, by_slug(alive).get(each.slug, [])).room


def test_a_reason_of_older_documents_is_read_as_today_s() -> None:
    text = '{"action":"idle","reason":"no-ready-beads","disable_cron":true,"zombies":[]}'
    assert tickreading.decision(text)["reason"] == "no-ready-tasks"  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"action":"idle","reason":"tired","disable_cron":true,"zombies":[]}',
        '{"action":"idle","reason":"no-ready-tasks","zombies":[]}',
        '{"action":"spawn","spawns":[{}],"zombies":[]}',
        '{"action":"spawn","spawns":[],"zombies":[{"slug":"a","reason":"bored"}]}',
    ],
)
def test_what_is_no_decision_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no decision"):
        tickreading.decision(text)


def test_session_labels_are_read_in_every_spelling_that_is_in_use() -> None:
    text = """["project:a:t0", {"label": "project:a:t1"},
        {"label": "project:a:t2", "status": "completed", "ageSeconds": 12},
        {"label": "project:a:t3", "status": null, "age_seconds": 13.5, "kind": "x"},
        {"label": "project:a:t4", "age": 14}]"""
    assert tickreading.session_labels(text) == [
        Session("project:a:t0"),
        Session("project:a:t1"),
        Session("project:a:t2", "completed", 12),
        Session("project:a:t3", "running", 13.5),
        Session("project:a:t4", "running", 14),
    ]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"status": "running"}]', "\ud800", "[" * 9999])
def test_session_labels_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        tickreading.session_labels(text)
