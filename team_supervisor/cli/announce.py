"""How is an event said in the supervisor's terminal?"""

import json
from collections.abc import Callable
from typing import Any

import click

from team_supervisor.adapters import clock
from team_supervisor.core import events
from team_supervisor.core.progress import clean
from team_supervisor.core.words import dollars

Words = list[tuple[str, str]]


def json_line(at: float, event: events.Event) -> str:
    """One object a line: event, at (ISO, UTC), session, request, and the event's details."""
    row = {
        "event": event.kind,
        "at": clock.stamp(at),
        "session": event.session,
        "request": event.request,
        **event.details(),
    }
    return json.dumps(row, ensure_ascii=True)


def announce(event: events.Event, colour: bool) -> list[str]:
    """The lines for a person; none for what is only of interest in the history."""
    say = _SAY.get(type(event))
    if say is None:
        return []
    lines = [(clean(text, 400), style) for text, style in say(event)]
    # clean() trims; the indent of detail lines is put back here.
    shown = [(f"   {t}" if number else t, style) for number, (t, style) in enumerate(lines) if t]
    return [_styled(_spaced(text), style) if colour else _spaced(text) for text, style in shown]


def _spaced(text: str) -> str:
    """Terminals draw these emoji two cells wide and count one."""
    return text.replace("\ufe0f ", "\ufe0f  ")


def _styled(text: str, style: str) -> str:
    return click.style(text, fg=style or None, dim=not style) if style != "plain" else text


def _supervisor_started(e: events.SupervisorStarted) -> Words:
    lines = [("🎯 Team supervisor started", "cyan"), (f"Workspace: {_short(e.workspace)}", "")]
    return lines + ([(f"Adopting {e.adopted} running", "")] if e.adopted else [])


def _short(path: str) -> str:
    """Relative to where the person is, when that is shorter."""
    from pathlib import Path

    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


def _supervisor_stopped(e: events.SupervisorStopped) -> Words:
    if not e.running:
        return [("👋 Supervisor stopped; nothing is left running", "cyan")]
    agents = "1 agent goes" if e.running == 1 else f"{e.running} agents go"
    return [
        (f"👋 Supervisor stopped; {agents} on without it", "cyan"),
        ("Supervise again: team-supervisor orchestrate", ""),
        ("End the team:    team-supervisor team stop", ""),
    ]


def _started(e: events.SessionStarted) -> Words:
    if e.attempt > 1:
        how = "Resumed" if e.resumed else "Restarted"
        return [(f"🔁 {how} {e.name}: {e.session} (PID: {e.pid})", "green")]
    first = (f"🚀 Spawning {e.persona}: {e.name}", "green")
    return [first, (f"✅ Session: {e.session} (PID: {e.pid})", "")]


def _adopted(e: events.SessionAdopted) -> Words:
    return [(f"🤝 Adopted {e.persona}: {e.name}, {e.session} (PID: {e.pid})", "green")]


def _restarting(e: events.SessionRestarting) -> Words:
    words = f"⚠️  Process for {e.session} has exited ({e.words}), restarting in {e.delay:g} s"
    return [(f"{words} ({e.failures} of {e.limit})", "yellow")]


def _completed(e: events.TasksCompleted) -> Words:
    return [(f"🎉 All tasks completed for {e.name} ({e.session})", "green")]


def _archived(e: events.SessionArchived) -> Words:
    lines = [("", "plain"), (f"📦 Archived to: {e.archive}", "")]
    if e.cost_usd:
        lines.append((f"💰 Cost: {dollars(e.cost_usd)}", ""))
    if e.left_behind:
        lines.append((f"🧹 Ended {e.left_behind} processes that it left behind", ""))
    return lines


def _failed(e: events.SessionFailed) -> Words:
    again = f"Try again: team-supervisor retry {e.session}"
    return [(f"❌ Gave up on {e.name} ({e.session}): {e.reason}", "red"), (again, "")]


def _stopped(e: events.SessionStopped) -> Words:
    return [(f"⏹️  Stopped {e.name} ({e.session}): its directory is kept", "yellow")]


def _attention(e: events.AttentionNeeded) -> Words:
    look = f"Look: team-supervisor attach --follow {e.session}"
    return [(f"🙋 {e.name} ({e.session}) needs attention: {e.reason}", "red"), (look, "")]


def _doing(e: events.DoingChanged) -> Words:
    if e.doing == "waiting":
        return [(f"⏳ {e.name} waits for {e.detail}", "")]
    if e.doing == "rate-limited":
        return [(f"🚦 {e.name} waits for its rate limit to end", "yellow")]
    return []


def _tasks(e: events.TasksChanged) -> Words:
    if e.problem:
        return [(f"⚠️  {e.name}: {e.problem}", "yellow")]
    return [(f"☑️  {e.name}: {e.done} of {e.total} tasks done", "")] if e.done else []


def _rejected(e: events.RequestRejected) -> Words:
    kept = f"Kept, with the reason, in: {e.directory}"
    return [(f"🚫 Rejected {e.request}: {e.reason}", "red"), (kept, "")]


_SAY: dict[type[events.Event], Callable[[Any], Words]] = {
    events.SupervisorStarted: _supervisor_started,
    events.SupervisorStopped: _supervisor_stopped,
    events.SessionStarted: _started,
    events.SessionAdopted: _adopted,
    events.SessionRestarting: _restarting,
    events.SessionRetried: lambda e: [(f"🔁 Trying again: {e.name} ({e.session})", "green")],
    events.SessionReopened: lambda e: [(f"🔁 {e.name} has open tasks again: going on", "yellow")],
    events.TasksChanged: _tasks,
    events.TasksCompleted: _completed,
    events.SessionArchived: _archived,
    events.SessionFailed: _failed,
    events.SessionStopped: _stopped,
    events.AttentionNeeded: _attention,
    events.DoingChanged: _doing,
    events.Nudged: lambda e: [(f"👉 Nudged {e.name} ({e.nudges} of {e.limit})", "yellow")],
    events.RequestQueued: lambda e: [(f"🕒 Queued {e.request}: {e.reason}", "yellow")],
    events.RequestRejected: _rejected,
    events.Warned: lambda e: [(f"⚠️  {e.reason}", "yellow")],
}
