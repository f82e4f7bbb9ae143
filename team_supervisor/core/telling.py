"""Which events is a person told of elsewhere, once an episode, and in which words?"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from team_supervisor.core import events
from team_supervisor.core.event import Event
from team_supervisor.core.progress import clean
from team_supervisor.core.timeline import sentence

EVENTS = (
    "iteration-start", "task-start", "task-complete", "iteration-complete", "no-ready-tasks",
    "question", "blocker", "needs-attention", "budget", "rate-limit", "failed",
)  # fmt: skip
# A burst of these becomes one message: it is held back for so long (seconds).
GATHERED = {"task-start": "tasks have begun", "task-complete": "tasks are completed"}
GATHER = 3.0
DAY = 86_400.0
MOST_WORDS, MOST_LINES, MOST_OPEN = 300, 5, 1_000
# Only these may be named by a file that agents can write, too.
SAFE_VARIABLE = "TEAM_NOTIFY_"
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# What would be a link, a mention, code or an emphasis where the message is shown.
_TAMED = str.maketrans(
    {"@": "＠", "<": "‹", ">": "›", "[": "(", "]": ")", "`": "ʼ", "*": "∗", "|": "¦", "#": "＃"}
)
Place = Literal["project", "orchestrator"]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether an event is told, and whom it calls (as the service writes a mention)."""

    enabled: bool = True
    mention: str = ""


class Notify(msgspec.Struct, frozen=True):
    """`notify:` of team.yaml or config.yaml; the channel is a URL of apprise, often a secret."""

    channel: str | None = None
    events: dict[str, bool | Literal["on", "off"] | Rule] = {}

    def __repr__(self) -> str:
        return f"Notify({shown(self.channel)})"


@dataclass(frozen=True, slots=True)
class Told:
    """What one event comes to; `look` are the words after `team-supervisor`."""

    event: str
    words: str
    look: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """The episodes that last, oldest first."""

    open: tuple[str, ...] = ()

    def with_(self, key: str) -> "Memory":
        kept = tuple(each for each in self.open if each != key)
        return replace(self, open=(*kept, key)[-MOST_OPEN:])

    def without(self, keys: Sequence[str]) -> "Memory":
        return replace(self, open=tuple(each for each in self.open if each not in keys))


@dataclass(frozen=True, slots=True)
class Plan:
    """How many tasks could start, are at work, and are in each state."""

    ready: int
    at_work: int
    states: Mapping[str, int]


def unknown(notify: Notify) -> list[str]:
    """Names of events that there are not."""
    return [name for name in notify.events if name not in EVENTS]


def rule(event: str, *layers: Notify) -> Rule:
    """What holds for an event; of the layers the last that names it."""
    found = Rule()
    for said in (layer.events[event] for layer in layers if event in layer.events):
        found = said if isinstance(said, Rule) else Rule(enabled=said in (True, "on"))
    return found


def place(project: Notify, machine: Notify) -> Place | None:
    """Where the project's messages go: its own channel, else the orchestrator's."""
    if project.channel:
        return "project"
    return "orchestrator" if machine.channel else None


def shown(channel: str | None) -> str:
    """A channel without anything that could be a secret: `slack://…`."""
    if not channel:
        return "none"
    scheme, found, _ = channel.partition("://")
    plain = found and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]{0,20}", scheme)
    return f"{scheme}://…" if plain else "…"


def public(channel: str | None) -> str:
    """A channel as an outside scheduler may read it: a name or an id whole, of a URL its kind."""
    if channel and "://" not in channel and "${" not in channel:
        return channel
    return shown(channel) if channel else ""


def resolved(channel: str, environ: Mapping[str, str], where: Place) -> tuple[str, str | None]:
    """The channel with `${NAME}` replaced, and what is wrong with it, naming no value."""
    for name in _REFERENCE.findall(channel):
        if where == "project" and not name.startswith(SAFE_VARIABLE):
            return "", (
                f"its channel names ${{{name}}}: in team.yaml, which agents can write, only "
                f"variables that begin with {SAFE_VARIABLE} are read"
            )
        if not environ.get(name):
            return "", f"its channel names ${{{name}}}, which is not set"
    return _REFERENCE.sub(lambda found: environ[found[1]], channel), None


def tell(event: Event, at: float, memory: Memory) -> tuple[Memory, Told | None]:
    """What to tell of this event, and which episodes last after it.

    Of a session that needs a person it is told again only after it had left that.
    """
    told = _told(event, at)
    keep = told.key if told else None
    memory = memory.without([key for key in _left(event) if key != keep])
    if told is None or told.key is None:
        return memory, told
    kind = told.key.partition(":")[0]
    known = told.key in memory.open
    # One rate limit holds all sessions: the first is told, until none of them waits any more.
    shared = kind == "rate-limit" and any(key.startswith("rate-limit:") for key in memory.open)
    return memory.with_(told.key), None if known or shared else told


def _told(event: Event, at: float) -> Told | None:
    kind = _KINDS.get(event.kind)
    found = kind(event) if kind else None
    if found is None:
        return None
    name, about, look = found
    if name == "warning":
        return Told(
            "needs-attention", tame(sentence(event)), look, f"warning:{at // DAY:g}:{about}"
        )
    key = f"{name}:{about}" if about else None
    return Told(name, tame(sentence(event)), look, key)


def _task(event: Any) -> tuple[str, str, str] | None:
    look = f"tasks show {event.task}"
    match event.state:
        case "in_progress":
            return "task-start", "", look
        case "completed":
            return "task-complete", "", look
        case "blocked":
            return "blocker", f"task:{event.task}", look
        case "failed":
            return "failed", event.session or f"task:{event.task}", look
    return None


def _attention(event: Any) -> tuple[str, str, str] | None:
    # What they import is most of what a command that reads settings would have to wait for.
    from team_supervisor.core.conduct import BLOCKED
    from team_supervisor.core.deadlock import NAME

    if event.reason.startswith(NAME):  # all of them are told of together
        return None
    name = "question" if event.reason == BLOCKED else "needs-attention"
    return "budget" if event.doing == "over-budget" else name, event.session, _why(event)


def _doing(event: Any) -> tuple[str, str, str] | None:
    limited = event.doing == "rate-limited"
    return ("rate-limit", event.session, _why(event)) if limited else None


def _iteration(event: Any) -> tuple[str, str, str] | None:
    """Complete is what a person closed; that nothing of it is left, `no-ready-tasks` says."""
    name = {"active": "iteration-start", "complete": "iteration-complete"}.get(event.state)
    return (name, "", "iterations list") if name else None


def _deadlock(event: Any) -> tuple[str, str, str]:
    look = f"why {event.members[0]}" if event.members else "tasks plan"
    return "blocker", _knot(event), look


def _knot(event: Any) -> str:
    return f"deadlock:{'|'.join(event.members)}"


def _why(event: Any) -> str:
    return f"why {event.session}"


_KINDS: Mapping[str, Callable[[Any], tuple[str, str, str] | None]] = {
    "task": _task,
    "attention": _attention,
    "doing": _doing,
    "iteration": _iteration,
    "budget_warned": lambda e: ("budget", "", "budget"),
    "deadlock": _deadlock,
    "session_failed": lambda e: ("failed", e.session, _why(e)),
    "warning": lambda e: ("warning", clean(e.reason, 120), "doctor"),
}
_OF_A_SESSION = ("needs-attention", "question", "budget", "rate-limit")
_FRESH = (events.SessionStarted, events.SessionRetried, events.SessionRestored)
_ENDED = (events.SessionArchived, events.SessionFailed, events.SessionStopped)


def _left(event: Event) -> list[str]:
    """The episodes that this event ends."""
    if isinstance(event, events.TaskMoved):
        return [f"blocker:task:{event.task}", f"failed:task:{event.task}"]
    if isinstance(event, events.DeadlockOver):
        return [f"blocker:{_knot(event)}"]
    of_it = [f"{name}:{event.session}" for name in _OF_A_SESSION]
    if isinstance(event, _FRESH):
        return [*of_it, f"failed:{event.session}"]
    if isinstance(event, (events.DoingChanged, events.AttentionNeeded, *_ENDED)):
        return of_it
    return []


def idle(plan: Plan, memory: Memory) -> tuple[Memory, Told | None]:
    """Told when nothing of the plan can start any more, once until something could."""
    could = "plan:could-start"
    if plan.ready or plan.at_work:
        return memory.with_(could), None
    if could not in memory.open:
        return memory, None
    states = [f"{n} {state.replace('_', ' ')}" for state, n in plan.states.items() if n]
    words = f"No task is ready to start: {', '.join(states)}"
    if set(plan.states) == {"completed"}:
        words = f"Every task of the plan is completed ({plan.states['completed']})"
    return memory.without([could]), Told("no-ready-tasks", words, "tasks plan")


def tame(words: str, most: int = MOST_WORDS) -> str:
    """Words of agents as plain text of one bounded line, wherever they are shown."""
    return clean(words, most).translate(_TAMED)


def tame_json(words: str, most: int) -> str:
    """As JSON still: its brackets stay, and none of them can begin a link."""
    kept = {letter: other for letter, other in _TAMED.items() if chr(letter) not in "[]"}
    return clean(words, most).replace("](", "] (").translate(kept)


def text(slug: str, told: Told, lines: Sequence[str], count: int, mention: str) -> str:
    """The whole message; `lines` are the first few of `count` that were gathered."""
    before = f"{clean(mention, 100)} " if mention else ""
    look = f"Look: team-supervisor {tame(told.look)}"
    if count == 1:
        return f"{before}{tame(slug)}: {lines[0]}\n{look}"
    more = [f"and {count - len(lines)} more"] if count > len(lines) else []
    what = f"{count} {GATHERED.get(told.event, told.event)}"
    return "\n".join([f"{before}{tame(slug)}: {what}", *lines, *more, look])
