"""From which signals is a session's status known, and what would change it?"""

from dataclasses import replace
from typing import Any

import pytest

from team_supervisor.core import health
from team_supervisor.core.budgets import Account, Budget, Spent
from team_supervisor.core.health import HealthRules, Vitals
from team_supervisor.core.model import Doing, Session, Standing, State
from team_supervisor.core.why import Explanation, Signals, explain
from team_supervisor.core.world import Rules

from .worlds import NOW, idle, reading, session


def signals(one: Session, **changes: Any) -> Signals:
    runs = one.state == State.ACTIVE
    plain = Signals(
        session=one,
        now=NOW,
        supervisor="orchestrate (PID 7)",
        locked=runs,
        host=runs,
        agent=runs,
        exited=None,
        tasks=reading(one.tasks_done, one.tasks_total),
        tasks_age=4.0,
        unread=0,
        unseen=0,
        waits_for=(),
        limit_until=None,
        account=Account("its", Budget(), Spent()),
        rules=Rules(),
    )
    return replace(plain, **changes)


def why(one: Session, **changes: Any) -> Explanation:
    return explain(signals(one, **changes))


def about(told: Explanation, what: str) -> str:
    (found,) = [finding for finding in told.findings if finding.about == what]
    return f"{found.says} | {found.signal} | {found.changes}"


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("doing", Doing)
def test_every_state_has_a_signal_and_says_what_would_change_it(state: State, doing: Doing) -> None:
    told = why(session(state, doing=doing))
    status = told.findings[0]
    assert status.about == "status" and status.says and status.signal and status.changes
    assert "{" not in status.changes


def test_a_project_that_is_paused_is_said_with_what_lets_it_go_on() -> None:
    told = why(session(), held_up="the project is paused")
    assert "the project is paused: no further task or request starts" in about(told, "project")
    assert "projects resume" in about(told, "project")
    assert not [found for found in why(session()).findings if found.about == "project"]


def test_work_that_is_not_complete_says_what_is_open() -> None:
    told = why(session(), tasks=reading(1, 3))
    assert about(told, "work") == "1 of 3 tasks done | tasks.md | open: task 1, task 2"
    assert about(why(session(), tasks=reading(3, 3)), "work").endswith("tasks.md | ")


def test_how_well_it_is_is_said_with_each_of_its_signals() -> None:
    found = health.judge(Vitals(silent=400.0, cpu=12.0, memory=64 << 20), HealthRules())
    said = about(why(session(), health=found), "health")
    assert said.startswith("stalled: no sign of life for 6 min; 12 % of a core; 64 MiB of memory")


def test_who_waits_says_for_whom() -> None:
    told = why(idle(doing=Doing.WAITING, doing_detail="helper"), waits_for=("helper",))
    assert "waiting: for helper" in about(told, "status")
    assert "helper ends" in about(told, "status")


def test_signals_that_agree_leave_nothing_to_say() -> None:
    assert why(session()).disagreements == ()


@pytest.mark.parametrize(
    ("one", "changes", "words"),
    [
        (session(), {"locked": False}, "no process holds its lock"),
        (session(State.PARKED), {"locked": True}, "a process holds its lock"),
        (session(State.COMPLETED), {"locked": True}, "a process holds its lock"),
        (session(), {"host": False}, "its host is gone"),
        (session(), {"tasks": reading(1, 2)}, "tasks.md says 1 of 2 done, its row 0 of 0"),
        (session(), {"unread": 1234}, "1,234 bytes of its transcript were not read yet"),
    ],
)
def test_signals_that_disagree_are_told(one: Session, changes: dict[str, Any], words: str) -> None:
    (told,) = why(one, **changes).disagreements
    assert words in told


def test_the_next_deadline_comes_first() -> None:
    one = idle(doing=Doing.WAITING, doing_since=NOW.wall - 60)
    told = why(one, limit_until=NOW.wall + 10)
    assert [(d.what, d.seconds) for d in told.deadlines] == [
        ("its rate limit ends", 10.0),
        ("it gives its process back", 60.0),
    ]


def test_nothing_comes_by_itself_without_a_supervisor() -> None:
    told = why(idle(), supervisor=None)
    assert told.deadlines == ()
    assert "nothing goes on until `orchestrate` runs" in about(told, "supervisor")


def test_a_budget_is_told_with_what_is_spent() -> None:
    account = Account("its", Budget(usd=2.0), Spent(usd=0.5, seconds=60))
    assert about(why(session(), account=account), "cost").startswith("$0.50 of $2.00, 1 min")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "open | no verify command ran | its list says that all is done"),
        (
            {"standing": Standing.CLAIMED, "verification": 1},
            "claimed | verify-1.log | its verify commands end",
        ),
        (
            {"standing": Standing.DISPUTED, "dispute": "no tool was used", "disputes": 1},
            "disputed (1 of 3): no tool was used | no verify command ran | its turn ends",
        ),
        (
            {
                "standing": Standing.DISPUTED,
                "dispute": "`make test` failed",
                "disputes": 3,
                "verification": 3,
            },
            "disputed (3 of 3): `make test` failed; that was the last time, a person is needed | "
            "verify-3.log | `say` tells it what to do, or its list changes: it is looked into "
            "again; `team stop SESSION`, then `retry SESSION`, gives it all attempts anew",
        ),
        ({"standing": Standing.VERIFIED, "verification": 2}, "verified | verify-2.log | its list"),
    ],
    ids=str,
)
def test_how_far_its_word_is_believed_is_told(changes: dict[str, Any], words: str) -> None:
    assert about(why(session(**changes)), "standing").startswith(words)
