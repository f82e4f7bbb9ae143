"""How does a transcript read for a person?"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from team_supervisor.core.progress import clean, plain, tool_words

Kind = Literal["user", "assistant", "tool", "result", "turn", "system", "output"]

MAX_LINE = 4 << 20
MAX_TEXT = 64 << 10
RESULT_LINES = 12
RESULT_WIDTH = 400


@dataclass(frozen=True, slots=True)
class Entry:
    """Something said or done; `text` may have several lines and is safe on any terminal."""

    kind: Kind
    text: str


def readable(line: bytes | Mapping[str, Any]) -> list[Entry]:
    """What one line of a transcript tells; nothing for what only programs care about.

    A line that is not a JSON object is the program's own: nobody can say that the model said it.
    """
    if isinstance(line, Mapping):
        return _entries(line)
    if len(line) > MAX_LINE:
        return [Entry("system", f"(a line of {len(line) >> 20:,} MiB is left out)")]
    # Not msgspec: the CLI is a JavaScript program, and cuts texts in the middle of an emoji.
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return _entries(found)
    return [] if line.lstrip().startswith(b'{"') else _said("output", _decoded(line))


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _entries(line: Mapping[str, Any]) -> list[Entry]:
    match line.get("type"):
        case "user" | "assistant" as kind:
            return list(_conversation(kind, _at(line, "message").get("content")))
        case "result":
            return [Entry("turn", _turn_words(line))]
        case "system":
            return _said("system", _system_words(line))
        case "rate_limit_event":
            limit = _at(line, "rate_limit_info")
            refused = limit.get("status") == "rejected"
            return [Entry("system", "a rate limit is reached")] if refused else []
    return []


def _conversation(kind: Literal["user", "assistant"], content: object) -> Iterator[Entry]:
    if isinstance(content, str):
        yield from _said(kind, content)
        return
    for block in content if isinstance(content, list) else ():
        if isinstance(block, dict):
            yield from _block(kind, block)


def _block(kind: Literal["user", "assistant"], block: Mapping[str, Any]) -> list[Entry]:
    match block.get("type"):
        case "text":
            return _said(kind, _text(block.get("text")))
        case "tool_use":
            return _said("tool", _tool(_text(block.get("name")) or "a tool", _at(block, "input")))
        case "tool_result":
            failed = "failed: " if block.get("is_error") is True else ""
            return _said("result", failed + _first_lines(_result_text(block.get("content"))))
        case "image" | "document" as what:
            return [Entry(kind, f"({what})")]
    return []


def _said(kind: Kind, text: str) -> list[Entry]:
    words = plain(text[:MAX_TEXT]).lstrip("\n").rstrip()
    if len(text) > MAX_TEXT:
        words += "\n… (cut)"
    return [Entry(kind, words)] if words.strip() else []


def _tool(name: str, arguments: Mapping[str, Any]) -> str:
    """A command is told whole, whatever else is told on one line."""
    command = arguments.get("command")
    if isinstance(command, str):
        return f"{clean(name, 40)}: {command}"
    return tool_words(name, arguments)


def _result_text(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return "\n".join(_text(b.get("text")) for b in blocks if isinstance(b, dict))


def _first_lines(text: str) -> str:
    lines = plain(text).strip("\n").split("\n")
    shown = [line if len(line) <= RESULT_WIDTH else f"{line[:RESULT_WIDTH]}…" for line in lines]
    hidden = len(lines) - RESULT_LINES
    more = [f"… {hidden:,} more line{'s' if hidden > 1 else ''}"] if hidden > 0 else []
    return "\n".join(shown[:RESULT_LINES] + more)


def _turn_words(line: Mapping[str, Any]) -> str:
    failed = line.get("is_error") is True
    facts = [f"${_number(line.get('total_cost_usd')):.4f} so far"]
    if seconds := _number(line.get("duration_ms")) / 1000:
        facts.append(f"{seconds:,.1f} s")
    if denied := _denied(line.get("permission_denials")):
        facts.append(f"denied: {denied}")
    why = f": {_why(line)}" if failed else ""
    return f"turn {'failed' if failed else 'ended'}{why} ({', '.join(facts)})"


def _why(line: Mapping[str, Any]) -> str:
    errors = line.get("errors")
    told = "; ".join(map(_text, errors)) if isinstance(errors, list) else ""
    return clean(told or _text(line.get("result")) or _text(line.get("subtype")) or "unknown", 200)


def _denied(denials: object) -> str:
    names = (
        [_text(_mapping(d).get("tool_name")) for d in denials] if isinstance(denials, list) else []
    )
    return clean(", ".join(dict.fromkeys(filter(None, names))))


def _system_words(line: Mapping[str, Any]) -> str:
    match line.get("subtype"):
        case "init":
            return clean(f"turn begins with {_text(line.get('model')) or 'an unnamed model'}")
        case "api_retry":
            attempt, most = (_number(line.get(key)) for key in ("attempt", "max_retries"))
            return clean(f"retry {attempt:.0f} of {most:.0f}: {_text(line.get('error'))}")
        case "compact_boundary":
            return "the conversation was summarized to make room"
    return ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _at(line: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return _mapping(line.get(key))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float:
    """A plain count or amount; 0 for what is none, or too large to be one."""
    if isinstance(value, (int, float)) and 0 <= value < 1 << 53:
        return float(value)
    return 0.0
