"""Does every event have one plain line of its own?"""

from typing import Any

import pytest
from hypothesis import given

from team_supervisor.core import events, timeline
from team_supervisor.core.events import KINDS, Event

from .test_events import facts

ID = "intern-1706012345680"
ABOUT: dict[str, Any] = {"session": ID, "name": "docs"}


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            events.SessionClaimed(persona="intern", requester="qa-1", **ABOUT),
            f"Claimed intern: docs ({ID}), asked for by qa-1",
        ),
        (
            events.SessionStarted(persona="intern", pid=7, attempt=1, **ABOUT),
            f"Started intern: docs, {ID} (PID: 7)",
        ),
        (
            events.SessionStarted(persona="intern", pid=7, attempt=2, resumed=True, **ABOUT),
            f"Resumed docs: {ID} (PID: 7)",
        ),
        (
            events.SessionExited(
                attempt=1, code=1, signal=None, reason="exited", words="code 1", **ABOUT
            ),
            f"Process 1 of docs ({ID}) ended: code 1",
        ),
        (
            events.SessionArchived(persona="intern", archive="a", cost_usd=1.5, **ABOUT),
            "Archived to: a, cost $1.50",
        ),
        (events.DoingChanged(doing="working", detail="", **ABOUT), "docs is working"),
        (events.DoingChanged(doing="waiting", detail="api", **ABOUT), "docs waits for api"),
        (
            events.DoingChanged(doing="over-budget", detail="its process has spent", **ABOUT),
            "docs goes on in a new process: its process has spent",
        ),
        (
            events.BudgetWarned(scope="session", words="its budget is spent", **ABOUT),
            "docs: its budget is spent",
        ),
        (
            events.BudgetWarned(scope="team", words="the team's budget is nearly spent"),
            "The team's budget is nearly spent",
        ),
        (events.Delivered(what="first: hello", id="1", **ABOUT), "Told docs: first: hello"),
        (events.SupervisorStopped(running=1), "Supervisor stopped; 1 agent goes on without it"),
    ],
)
def test_each_event_has_its_line(event: Event, line: str) -> None:
    assert timeline.sentence(event) == line


@given(facts)
def test_every_event_is_one_line_that_is_safe_on_a_terminal(event: Event) -> None:
    line = timeline.sentence(event)
    assert "\n" not in line and "\x1b" not in line
    assert len(line) <= timeline.MAX_LINE


def test_no_kind_is_without_words_of_its_own() -> None:
    assert set(KINDS.values()) - {Event} <= set(timeline.WORDS)


def test_a_kind_of_a_later_version_is_told_by_its_name() -> None:
    assert timeline.sentence(Event(session=ID)) == f"event {ID}"


def test_what_an_agent_named_itself_is_no_markdown() -> None:
    nasty = events.SessionFailed(session=ID, name="x`](http://evil) <b>", reason="# no\n- item")
    text = timeline.markdown([("10:30:00", nasty)])
    [item] = [line for line in text.splitlines() if line.startswith("- ")]
    assert item.startswith("- 10:30:00 `Gave up on x") and item.endswith("`")
    assert item.count("`") == 2
