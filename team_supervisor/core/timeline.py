"""How is an event said in one plain line, and a session's life in many?"""

from collections.abc import Callable, Iterable
from typing import Any

from team_supervisor.core import events
from team_supervisor.core.progress import clean
from team_supervisor.core.words import dollars, file_name, processes

MAX_LINE = 400
STOPPED = "failed, which stopped the queue"


def sentence(event: events.Event) -> str:
    """One line that is safe on any terminal, for every kind of event, also a later version's."""
    say = WORDS.get(type(event), _unknown)
    return clean(say(event), MAX_LINE)


def markdown(rows: Iterable[tuple[str, events.Event]]) -> str:
    """A list of (time as it is to be shown, event), one item each."""
    items = [f"- {at} {_literal(sentence(event))}" for at, event in rows]
    return "\n".join(["# Timeline", "", *(items or ["Nothing is recorded."]), ""])


def _literal(text: str) -> str:
    """As code, so that names and reasons cannot be read as Markdown or HTML."""
    return f"`{text.replace('`', chr(0x2BC))}`"


def agents(running: int) -> str:
    """`1 agent goes`, `2 agents go`."""
    return "1 agent goes" if running == 1 else f"{running} agents go"


def _supervisor_stopped(e: events.SupervisorStopped) -> str:
    if not e.running:
        return "Supervisor stopped; nothing is left running"
    return f"Supervisor stopped; {agents(e.running)} on without it"


def _claimed(e: events.SessionClaimed) -> str:
    if e.taken_up:
        return f"Taken up again: {e.persona} {e.name} ({e.session})"
    asked = f", asked for by {e.requester}" if e.requester else ""
    return f"Claimed {e.persona}: {e.name} ({e.session}){asked}"


def _started(e: events.SessionStarted) -> str:
    if e.attempt > 1:
        how = "Resumed" if e.resumed else "Restarted"
        return f"{how} {e.name}: {e.session} (PID: {e.pid})"
    return f"Started {e.persona}: {e.name}, {e.session} (PID: {e.pid})"


def _exited(e: events.SessionExited) -> str:
    left = f"; ended {processes(e.left_behind)} that it left behind" if e.left_behind else ""
    return f"Process {e.attempt} of {e.name} ({e.session}) ended: {e.words}{left}"


def _restarting(e: events.SessionRestarting) -> str:
    words = f"Process for {e.session} has exited ({e.words}), restarting in {e.delay:g} s"
    return f"{words} ({e.failures} of {e.limit})"


def _stopped(e: events.SessionStopped) -> str:
    return f"Stopped {e.name} ({e.session}): its directory is {'gone' if e.gone else 'kept'}"


def _archived(e: events.SessionArchived) -> str:
    cost = f", cost {dollars(e.cost_usd)}" if e.cost_usd else ""
    return f"Archived to: {e.archive}{cost}"


def _tasks(e: events.TasksChanged) -> str:
    return f"{e.name}: {e.problem}" if e.problem else f"{e.name}: {e.done} of {e.total} tasks done"


def _doing(e: events.DoingChanged) -> str:
    match e.doing:
        case "waiting":
            return f"{e.name} waits for {e.detail}"
        case "rate-limited":
            return f"{e.name} waits for its rate limit to end"
        case "over-budget":
            return f"{e.name} goes on in a new process: {e.detail}"
    return f"{e.name} is {e.doing}{f': {e.detail}' if e.detail else ''}"


def _parked(e: events.SessionParked) -> str:
    why = {"waiting": f"it waits for {e.detail}", "rate-limited": "it waits for its rate limit"}
    return f"Parked {e.name}: {why.get(e.doing, e.detail or e.doing)}"


def _budget_warned(e: events.BudgetWarned) -> str:
    return f"{e.name}: {e.words}" if e.name else e.words[:1].upper() + e.words[1:]


def _reloaded(e: events.SettingsReloaded) -> str:
    if e.problem:
        return f"team.yaml is not taken over, the settings before it hold: {e.problem}"
    return "team.yaml changed: its settings hold from here on"


def _queued(e: events.RequestQueued) -> str:
    return f"Queued {e.request} at place {e.place}: {e.reason}"


def _task(e: events.TaskMoved) -> str:
    state = e.state.replace("_", " ")
    return f"Task {e.task} ({e.title}) is {state}{f': {e.reason}' if e.reason else ''}"


def _imported(e: events.TasksImported) -> str:
    return f"Imported {e.source}: {e.added} new tasks, {e.changed} changed, {e.unchanged} as before"


def _queue(e: events.QueueChanged) -> str:
    """A reason that begins with a task's id keeps it as it is written."""
    if e.reason.startswith("the "):
        return e.reason[:1].upper() + e.reason[1:]
    return f"Task {e.reason}" if e.reason.endswith(STOPPED) else e.reason


def _project(e: events.ProjectChanged) -> str:
    follows = "its plan goes on" if e.status == "active" else "nothing new of the plan starts"
    return f"The project is {e.status}: {follows}"


def _iteration(e: events.IterationChanged) -> str:
    return f"Iteration {e.iteration} is {'in ' if e.state == 'planning' else ''}{e.state}"


def _restart_asked(e: events.SessionRestartAsked) -> str:
    why = f": {e.reason}" if e.reason else ""
    return f"A person asked for a restart of {e.name} ({e.session}), attempt {e.attempt}{why}"


def _unknown(e: events.Event) -> str:
    """A kind without words of its own: its name and what it came with."""
    facts = ", ".join(f"{key}: {value}" for key, value in e.details().items())
    about = e.session or file_name(e.request or "")
    return " ".join(filter(None, [e.kind.replace("_", " "), about, f"({facts})" if facts else ""]))


WORDS: dict[type[events.Event], Callable[[Any], str]] = {
    events.SupervisorStarted: lambda e: "Team supervisor started",
    events.SupervisorStopped: _supervisor_stopped,
    events.SessionClaimed: _claimed,
    events.SessionStarted: _started,
    events.SessionAdopted: lambda e: f"Adopted {e.persona}: {e.name}, {e.session} (PID: {e.pid})",
    events.SessionExited: _exited,
    events.SessionRestarting: _restarting,
    events.SessionRestartAsked: _restart_asked,
    events.DeadlockFound: lambda e: f"Deadlock since {e.since}: {e.words}",
    events.DeadlockOver: lambda e: f"No deadlock any more: {e.words}",
    events.SessionRetried: lambda e: f"Trying again: {e.name} ({e.session})",
    events.SessionRestored: lambda e: f"Taken back to work: {e.name} ({e.session})",
    events.SessionReopened: lambda e: f"{e.name} has open tasks again: going on",
    events.TasksChanged: _tasks,
    events.TasksCompleted: lambda e: f"All tasks completed for {e.name} ({e.session})",
    events.SessionArchived: _archived,
    events.SessionFailed: lambda e: f"Gave up on {e.name} ({e.session}): {e.reason}",
    events.SessionStopped: _stopped,
    events.VerificationStarted: lambda e: f"Verifying {e.name}: verify-{e.number}.log",
    events.VerificationPassed: lambda e: f"Verified {e.name}: its commands passed",
    events.WorkDisputed: lambda e: f"Disputed {e.name} ({e.attempt} of {e.limit}): {e.what}",
    events.RequestQueued: _queued,
    events.SessionParked: _parked,
    events.SessionWoken: lambda e: f"{e.name} ({e.session}) goes on",
    events.BudgetWarned: _budget_warned,
    events.SettingsReloaded: _reloaded,
    events.RequestRejected: lambda e: f"Rejected {file_name(e.request or '')}: {e.reason}",
    events.Delivered: lambda e: f"Told {e.name}: {e.what}",
    events.Nudged: lambda e: f"Nudged {e.name} ({e.nudges} of {e.limit})",
    events.DoingChanged: _doing,
    events.AttentionNeeded: lambda e: f"{e.name} ({e.session}) needs attention: {e.reason}",
    events.TaskMoved: _task,
    events.TasksImported: _imported,
    events.IterationChanged: _iteration,
    events.QueueChanged: _queue,
    events.ProjectChanged: _project,
    events.Warned: lambda e: e.reason,
}
