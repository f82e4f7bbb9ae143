"""How is an event said in the supervisor's terminal?"""

import json
from collections.abc import Callable
from typing import Any

import click

from team_supervisor.adapters import clock
from team_supervisor.core import events
from team_supervisor.core.progress import clean
from team_supervisor.core.timeline import sentence
from team_supervisor.core.words import dollars, file_name, processes

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
    lines = [_line("🎯", e, "cyan"), (f"Workspace: {_short(e.workspace)}", "")]
    return lines + ([(f"Adopting {e.adopted} running", "")] if e.adopted else [])


def _line(sign: str, event: events.Event, style: str = "") -> tuple[str, str]:
    return f"{sign} {sentence(event)}", style


def _with(sign: str, style: str = "") -> Callable[[events.Event], Words]:
    """The event's sentence behind this sign, and nothing more."""
    return lambda event: [_line(sign, event, style)]


def _short(path: str) -> str:
    """Relative to where the person is, when that is shorter."""
    from pathlib import Path

    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return path


def _supervisor_stopped(e: events.SupervisorStopped) -> Words:
    if not e.running:
        return [_line("👋", e, "cyan")]
    return [
        _line("👋", e, "cyan"),
        ("Supervise again: team-supervisor orchestrate", ""),
        ("End the team:    team-supervisor team stop", ""),
    ]


def _started(e: events.SessionStarted) -> Words:
    if e.attempt > 1:
        return [_line("🔁", e, "green")]
    first = (f"🚀 Spawning {e.persona}: {e.name}", "green")
    return [first, (f"✅ Session: {e.session} (PID: {e.pid})", "")]


def _archived(e: events.SessionArchived) -> Words:
    lines = [("", "plain"), (f"📦 Archived to: {e.archive}", "")]
    if e.cost_usd:
        lines.append((f"💰 Cost: {dollars(e.cost_usd)}", ""))
    if e.left_behind:
        lines.append((f"🧹 Ended {processes(e.left_behind)} that it left behind", ""))
    return lines


def _failed(e: events.SessionFailed) -> Words:
    """What becomes of a task follows from its worker's end: it may be tried again by itself."""
    then = f"Look: team-supervisor tasks show {e.task}"
    if e.task is None:
        then = f"Try again: team-supervisor retry {e.session}"
    return [_line("❌", e, "red"), (then, "")]


def _attention(e: events.AttentionNeeded) -> Words:
    """Those in a deadlock are named together, once."""
    from team_supervisor.core.deadlock import NAME

    if e.reason.startswith(NAME):
        return []
    look = f"Look: team-supervisor attach --follow {e.session}"
    return [_line("🙋", e, "red"), (look, "")]


def _doing(e: events.DoingChanged) -> Words:
    if e.doing == "waiting":
        return [_line("⏳", e)]
    if e.doing == "rate-limited":
        return [_line("🚦", e, "yellow")]
    return []


def _tasks(e: events.TasksChanged) -> Words:
    if e.problem:
        return [_line("⚠️ ", e, "yellow")]
    return [_line("☑️ ", e)] if e.done else []


def _rejected(e: events.RequestRejected) -> Words:
    return [_line("🚫", e, "red"), (f"Kept, with the reason, in: {file_name(e.directory)}", "")]


def _reloaded(e: events.SettingsReloaded) -> Words:
    return [_line("⚠️ ", e, "yellow") if e.problem else _line("🔧", e)]


_TASK_SIGNS = {
    "in_progress": ("▶️ ", ""),
    "completed": ("🏁", "green"),
    "failed": ("❌", "red"),
    "blocked": ("🙋", "red"),
    "cancelled": ("⏹️ ", "yellow"),
}


def _task(e: events.TaskMoved) -> Words:
    """What is queued or assigned is seen when its session starts; a new try has a reason."""
    sign, style = _TASK_SIGNS.get(e.state, ("🔁", "yellow"))
    return [_line(sign, e, style)] if e.state in _TASK_SIGNS or e.reason else []


def _queue(e: events.QueueChanged) -> Words:
    go_on = [("Go on: team-supervisor queue resume", "")] if e.paused else []
    return [_line("⏸️ " if e.paused else "▶️ ", e, "yellow"), *go_on]


def _deadlock(e: events.DeadlockFound) -> Words:
    look = f"why {e.members[0]}" if e.members else "tasks plan"
    return [_line("🙋", e, "red"), (f"Look: team-supervisor {look}", "")]


def _project(e: events.ProjectChanged) -> Words:
    held_up = e.status != "active"
    go_on = [("Go on: team-supervisor projects resume PROJECT", "")] if held_up else []
    return [_line("⏸️ " if held_up else "▶️ ", e, "yellow"), *go_on]


_SAY: dict[type[events.Event], Callable[[Any], Words]] = {
    events.SupervisorStarted: _supervisor_started,
    events.SupervisorStopped: _supervisor_stopped,
    events.SessionStarted: _started,
    events.SessionAdopted: _with("🤝", "green"),
    events.SessionRestarting: _with("⚠️ ", "yellow"),
    events.SessionRetried: _with("🔁", "green"),
    events.SessionRestored: _with("🔁", "green"),
    events.SessionReopened: _with("🔁", "yellow"),
    events.TasksChanged: _tasks,
    events.TasksCompleted: _with("🎉", "green"),
    events.SessionArchived: _archived,
    events.SessionFailed: _failed,
    events.SessionStopped: _with("⏹️ ", "yellow"),
    events.AttentionNeeded: _attention,
    events.DoingChanged: _doing,
    events.Nudged: _with("👉", "yellow"),
    events.SessionParked: _with("💤"),
    events.SessionWoken: _with("⏰", "green"),
    events.BudgetWarned: _with("💰", "yellow"),
    events.SettingsReloaded: _reloaded,
    events.VerificationStarted: _with("🔎"),
    events.VerificationPassed: _with("✔ ", "green"),
    events.WorkDisputed: _with("✋", "yellow"),
    events.RequestQueued: _with("🕒", "yellow"),
    events.RequestRejected: _rejected,
    events.TaskMoved: _task,
    events.TasksImported: _with("🗺️ "),
    events.IterationChanged: _with("🗺️ "),
    events.QueueChanged: _queue,
    events.ProjectChanged: _project,
    events.DeadlockFound: _deadlock,
    events.DeadlockOver: _with("▶️ ", "green"),
    events.Warned: _with("⚠️ ", "yellow"),
}
