import json
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.cli.announce import announce, json_line
from team_supervisor.core import events

ID = "intern-1706012345680"
ABOUT: dict[str, Any] = {"session": ID, "name": "docs"}
GO_ON = "   Go on: team-supervisor queue resume"


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (
            events.SessionStarted(persona="intern", pid=12347, attempt=1, **ABOUT),
            ["🚀 Spawning intern: docs", f"   ✅ Session: {ID} (PID: 12347)"],
        ),
        (
            events.SessionStarted(persona="intern", pid=7, attempt=2, resumed=True, **ABOUT),
            [f"🔁 Resumed docs: {ID} (PID: 7)"],
        ),
        (
            events.SessionAdopted(persona="intern", pid=7, **ABOUT),
            [f"🤝 Adopted intern: docs, {ID} (PID: 7)"],
        ),
        (events.TasksCompleted(total=3, **ABOUT), [f"🎉 All tasks completed for docs ({ID})"]),
        (
            events.SessionArchived(
                persona="intern", archive=f"{ID}-completed", cost_usd=0.0, **ABOUT
            ),
            [f"   📦 Archived to: {ID}-completed"],
        ),
        (
            events.SessionArchived(
                persona="intern", archive="a", cost_usd=1.5, left_behind=2, **ABOUT
            ),
            [
                "   📦 Archived to: a",
                "   💰 Cost: $1.50",
                "   🧹 Ended 2 processes that it left behind",
            ],
        ),
        (
            events.SessionFailed(reason="code 1", **ABOUT),
            [f"❌ Gave up on docs ({ID}): code 1", f"   Try again: team-supervisor retry {ID}"],
        ),
        (
            events.SessionFailed(reason="code 1", task="T1", **ABOUT),
            [f"❌ Gave up on docs ({ID}): code 1", "   Look: team-supervisor tasks show T1"],
        ),
        (
            events.AttentionNeeded(reason="it is stuck", **ABOUT),
            [
                f"🙋 docs ({ID}) needs attention: it is stuck",
                f"   Look: team-supervisor attach --follow {ID}",
            ],
        ),
        (events.AttentionNeeded(reason="deadlock: api waits for docs", **ABOUT), []),
        (
            events.QueueChanged(paused=True, reason="the queue is paused"),
            ["⏸️  The queue is paused", GO_ON],
        ),
        (
            events.QueueChanged(paused=True, reason="a1 failed, which stopped the queue"),
            ["⏸️  Task a1 failed, which stopped the queue", GO_ON],
        ),
        (
            events.RequestRejected(request="qa-request-x", reason="no", directory="d"),
            ["🚫 Rejected qa-request-x: no", "   Kept, with the reason, in: d"],
        ),
        (
            events.RequestRejected(
                request="qa-request-\udcff", reason="no", directory="qa-request-\udcff-rejected"
            ),
            [
                "🚫 Rejected qa-request-\\xff: no",
                "   Kept, with the reason, in: qa-request-\\xff-rejected",
            ],
        ),
        (
            events.SupervisorStopped(running=0),
            ["👋 Supervisor stopped; nothing is left running"],
        ),
        (events.DoingChanged(doing="waiting", detail="api", **ABOUT), ["⏳ docs waits for api"]),
        (events.DoingChanged(doing="working", detail="", **ABOUT), []),
        (events.Delivered(what="first: hello", id="1", **ABOUT), []),
    ],
)
def test_each_event_has_its_words(event: events.Event, lines: list[str]) -> None:
    assert announce(event, colour=False) == lines


def test_a_restart_says_why_when_and_how_often() -> None:
    event = events.SessionRestarting(words="code 1", delay=2.0, failures=1, limit=5, **ABOUT)
    assert announce(event, colour=False) == [
        f"⚠️  Process for {ID} has exited (code 1), restarting in 2 s (1 of 5)"
    ]


def test_a_supervisor_that_stops_says_how_to_end_the_team() -> None:
    first, again, end = announce(events.SupervisorStopped(running=2), colour=False)
    assert "2 agents go on without it" in first
    assert again.endswith("team-supervisor orchestrate")
    assert end.endswith("team-supervisor team stop")


def test_a_path_below_where_one_stands_is_short() -> None:
    event = events.SupervisorStarted(workspace=str(Path.cwd() / ".database"), pid=1, adopted=1)
    assert announce(event, colour=False) == [
        "🎯 Team supervisor started",
        "   Workspace: .database",
        "   Adopting 1 running",
    ]


def test_only_a_terminal_gets_colours() -> None:
    event = events.TasksCompleted(total=3, **ABOUT)
    assert "\x1b[" not in "".join(announce(event, colour=False))
    assert "\x1b[32m" in "".join(announce(event, colour=True))


def test_what_an_agent_named_itself_can_do_nothing_to_a_terminal() -> None:
    nasty = "x\x1b]0;owned\x07\x1b[2J\r\nFAKE\u202e"
    for event in (
        events.RequestRejected(request=nasty, reason=nasty, directory=nasty),
        events.SessionFailed(session=nasty, name=nasty, reason=nasty),
        events.Warned(reason=nasty * 1000),
    ):
        for line in announce(event, colour=False):
            assert line.replace("\u2026", "").isprintable() or "️" in line
            assert "\x1b" not in line and "\n" not in line and "\u202e" not in line
            assert len(line) < 1000


def test_every_kind_of_event_is_one_json_object_on_one_line() -> None:
    event = events.RequestRejected(request="two\nlines\ud83d", reason="é", directory="d")
    line = json_line(1706012345.0, event)
    assert line.isascii() and "\n" not in line
    assert json.loads(line) == {
        "event": "request_rejected",
        "at": "2024-01-23T12:19:05Z",
        "session": None,
        "request": "two\nlines\ud83d",
        "reason": "é",
        "directory": "d",
    }
