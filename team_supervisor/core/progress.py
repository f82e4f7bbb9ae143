"""What does one line of an agent's output mean to us?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

# One linear pass: no alternative may look beyond the next escape or the end of its line.
_ESCAPES = re.compile(
    # Of one that is never finished only its beginning goes: it must not hide what follows.
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\x9d\x90\x98\x9e\x9f\n]*(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]"
)
# Controls, lone surrogates, and format characters that hide or reorder text; the joiners of
# emoji and Indic letters (U+200C, U+200D) stay.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_NEWLINES = re.compile("\r\n?|[\u2028\u2029]")
_SPEAKING = ("command", "file_path", "notebook_path", "pattern", "url", "query", "description")
_PATHS = ("file_path", "notebook_path")


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """The agent took up work."""

    model: str | None = None
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """Our message of this uuid was put before the model."""

    uuid: str


@dataclass(frozen=True, slots=True)
class Acted:
    """What the agent, or a subagent of its own, is doing: one clean line for people."""

    words: str
    subagent: bool = False
    tool: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded:
    """A turn is over; cost is of the process so far, tokens are of this turn."""

    is_error: bool = False
    cost_usd: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    permission_denials: tuple[str, ...] = ()
    error: str | None = None
    api_error_status: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class RateLimited:
    """`until` is in unix seconds; `status` is `allowed`, `allowed_warning` or `rejected`."""

    until: float | None
    status: str


@dataclass(frozen=True, slots=True)
class Retrying:
    """A request to the model failed and is tried again."""

    words: str


Progress = TurnStarted | Seen | Acted | TurnEnded | RateLimited | Retrying


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCost:
    """What one turn took by itself; `number` counts the turns of the session."""

    number: int
    cost_usd: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """All that one process has told so far; `ended` are the turns that ended since it was asked."""

    turn_open: bool = False
    turns: int = 0
    cost_usd: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    tool_calls: int = 0
    last_words: str = ""
    denials: tuple[str, ...] = ()
    rate_limited_until: float | None = None
    last_error: str | None = None
    error_status: int | None = None
    seen: tuple[str, ...] = ()
    ended: tuple[TurnCost, ...] = ()


def fold(activity: Activity, progress: Progress) -> Activity:
    """The activity after one more fact."""
    match progress:
        case TurnStarted():
            return replace(activity, turn_open=True)
        case Seen(uuid):
            return replace(activity, seen=_with(activity.seen, (uuid,)))
        case Acted():
            return _act(activity, progress)
        case RateLimited():
            return replace(activity, rate_limited_until=_limit(activity, progress))
        case Retrying(words):
            return replace(activity, last_words=words, last_error=words)
        case TurnEnded():
            return _end(activity, progress)


def _act(activity: Activity, acted: Acted) -> Activity:
    return replace(
        activity,
        last_words=acted.words,
        # A background subagent works on after the turn that started it has ended.
        turn_open=activity.turn_open or not acted.subagent,
        tool_calls=activity.tool_calls + acted.tool,
    )


def _limit(activity: Activity, told: RateLimited) -> float | None:
    if told.status != "rejected":
        return None
    return activity.rate_limited_until if told.until is None else told.until


def _end(activity: Activity, turn: TurnEnded) -> Activity:
    ended = replace(
        activity,
        turn_open=False,
        turns=activity.turns + 1,
        cost_usd=turn.cost_usd,
        input_tokens=activity.input_tokens + turn.input_tokens,
        output_tokens=activity.output_tokens + turn.output_tokens,
        denials=_with(activity.denials, turn.permission_denials),
        ended=(*activity.ended, _cost(activity, turn)),
    )
    if turn.is_error:
        return replace(ended, last_error=turn.error, error_status=turn.api_error_status)
    return replace(ended, last_error=None, error_status=None, rate_limited_until=None)


def _cost(activity: Activity, turn: TurnEnded) -> TurnCost:
    """The agent tells what its process has cost so far: a turn's own part is what was added."""
    return TurnCost(
        number=activity.turns + 1,
        cost_usd=max(0.0, turn.cost_usd - activity.cost_usd),
        input_tokens=turn.input_tokens,
        output_tokens=turn.output_tokens,
        error=turn.error,
    )


def _with(known: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(known + more))


def clean(text: str, limit: int = 120) -> str:
    """One line that is safe on any terminal, of at most `limit` characters."""
    words = " ".join(plain(text[: 8 * limit + 1024]).split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def plain(text: str) -> str:
    """Newlines and tabs stay; escape sequences, controls and what reorders text are removed."""
    return _UNSEEN.sub("", _ESCAPES.sub("", _NEWLINES.sub("\n", text)))


def tool_words(name: str, arguments: Mapping[str, object]) -> str:
    """What a tool is asked to do, on one line: `Bash: pytest -q`, `Edit: api.py`."""
    for key in _SPEAKING:
        value = arguments.get(key)
        if isinstance(value, str) and value.strip():
            about = value.rstrip("/").rpartition("/")[2] if key in _PATHS else value
            return clean(f"{clean(name, 40)}: {about}")
    return clean(name)
