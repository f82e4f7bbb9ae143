"""How is Claude Code started, spoken to and understood?"""

from collections.abc import Iterator, Mapping
from typing import Annotated, TypeVar

import msgspec

from team_supervisor.core.progress import (
    Acted,
    Progress,
    RateLimited,
    Retrying,
    Seen,
    TurnEnded,
    TurnStarted,
    clean,
    plain,
    tool_words,
)
from team_supervisor.errors import TeamError
from team_supervisor.runners.base import Start, located

name = "claude"
TALKS = True

MAX_LINE = 4 << 20
MAX_TEXT = 8_000
_RESULT = b'{"type":"result"'
_TALK = ("-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose")

T = TypeVar("T")
D = TypeVar("D")
Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
Amount = Annotated[float, msgspec.Meta(ge=0, lt=1 << 53)]
Uuid = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


def command(start: Start) -> list[str]:
    """Options that take several values (`--allowedTools`, `--tools`, `--add-dir`) swallow what
    follows them up to the next option: so one that takes a single value stands last of ours.
    """
    conversation = "--resume" if start.resume else "--session-id"
    line = [start.binary, *_TALK, "--replay-user-messages"]
    line += ["--append-system-prompt-file", start.persona_file, conversation, start.conversation]
    allowed, tools, mode = _tools(start)
    if allowed:
        line += ["--allowedTools", ",".join(allowed)]
    if tools:
        line += ["--tools", ",".join(tools)]
    line += ["--add-dir", start.workspace, "--permission-mode", mode]
    if start.model:
        line += ["--model", start.model]
    if start.max_budget_usd is not None:
        line += ["--max-budget-usd", f"{start.max_budget_usd:.15g}"]
    return line + list(start.extra)


def _tools(start: Start) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """(allowed, available, permission mode); every agent must be able to write its tasks.md.

    One that has no tool to write with gets Edit and Write, allowed in its session directory
    alone: acceptEdits would let it write to the whole project.
    """
    if not start.tools or {"Edit", "Write", "Bash"} & set(start.tools):
        return start.allowed_tools, start.tools, start.permission_mode
    own = f"Edit(/{start.session_directory}/**)"
    mode = "default" if start.permission_mode == "acceptEdits" else start.permission_mode
    return (*start.allowed_tools, own), (*start.tools, "Edit", "Write"), mode


def message(uuid: str, text: str) -> bytes:
    """A user's message; the CLI gives it back, with its uuid, once the model has it."""
    content = text.encode("utf-8", "replace").decode()
    said = {"type": "user", "uuid": uuid, "message": {"role": "user", "content": content}}
    return msgspec.json.encode(said) + b"\n"


def find(configured: str | None, environ: Mapping[str, str]) -> str:
    """Where it is said to be, else on PATH, else where its own installer puts it."""
    if configured:
        if found := located(configured, environ):
            return found
        raise TeamError(
            f"{configured}, which should be Claude Code, cannot be executed: "
            "correct `claude` in team.yaml, TEAM_SUPERVISOR_CLAUDE or --claude"
        )
    for place in ("claude", "~/.local/bin/claude", "~/.claude/local/claude"):
        if found := located(place, environ):
            return found
    raise TeamError(
        "Claude Code was not found: install it with `npm install -g @anthropic-ai/claude-code`, "
        "or say where it is (`claude: /path/to/claude` in team.yaml)"
    )


# A field stays raw until it is read: a wrong type in one then costs that one fact alone, and a
# long text that nobody reads is never decoded.
_NOTHING = msgspec.Raw(b"null")


class _System(msgspec.Struct, tag="system"):
    subtype: msgspec.Raw = _NOTHING
    model: msgspec.Raw = _NOTHING
    tools: msgspec.Raw = _NOTHING
    attempt: msgspec.Raw = _NOTHING
    max_retries: msgspec.Raw = _NOTHING
    retry_delay_ms: msgspec.Raw = _NOTHING
    error_status: msgspec.Raw = _NOTHING
    error: msgspec.Raw = _NOTHING


class _User(msgspec.Struct, tag="user"):
    uuid: msgspec.Raw = _NOTHING
    isReplay: msgspec.Raw = _NOTHING


class _Assistant(msgspec.Struct, tag="assistant"):
    message: msgspec.Raw = _NOTHING
    parent_tool_use_id: msgspec.Raw = _NOTHING


class _Result(msgspec.Struct, tag="result"):
    subtype: msgspec.Raw = _NOTHING
    is_error: msgspec.Raw = _NOTHING
    result: msgspec.Raw = _NOTHING
    errors: msgspec.Raw = _NOTHING
    api_error_status: msgspec.Raw = _NOTHING
    total_cost_usd: msgspec.Raw = _NOTHING
    usage: msgspec.Raw = _NOTHING
    permission_denials: msgspec.Raw = _NOTHING


class _RateLimit(msgspec.Struct, tag="rate_limit_event"):
    rate_limit_info: msgspec.Raw = _NOTHING


class _Message(msgspec.Struct):
    content: msgspec.Raw = _NOTHING


class _Block(msgspec.Struct):
    type: msgspec.Raw = _NOTHING
    text: msgspec.Raw = _NOTHING
    name: msgspec.Raw = _NOTHING
    input: msgspec.Raw = _NOTHING


class _Usage(msgspec.Struct):
    input_tokens: msgspec.Raw = _NOTHING
    cache_creation_input_tokens: msgspec.Raw = _NOTHING
    cache_read_input_tokens: msgspec.Raw = _NOTHING
    output_tokens: msgspec.Raw = _NOTHING


class _Denial(msgspec.Struct):
    tool_name: msgspec.Raw = _NOTHING


class _Limit(msgspec.Struct):
    status: msgspec.Raw = _NOTHING
    resetsAt: msgspec.Raw = _NOTHING


_Line = _System | _User | _Assistant | _Result | _RateLimit
_LINES: msgspec.json.Decoder[_Line] = msgspec.json.Decoder(_Line)


def parse(line: bytes) -> tuple[Progress, ...]:
    """A line over 4 MiB counts only if it ends a turn."""
    if len(line) > MAX_LINE and not line.startswith(_RESULT):
        return ()
    try:
        return tuple(_facts(_LINES.decode(line)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()


def _facts(line: _Line) -> Iterator[Progress]:
    match line:
        case _System():
            yield from _from_system(line)
        case _User():
            uuid = _read(line.uuid, Uuid, "")
            if uuid and _read(line.isReplay, bool, False):
                yield Seen(uuid)
        case _Assistant():
            yield from _from_assistant(line)
        case _Result():
            yield _from_result(line)
        case _RateLimit():
            limit = _read(line.rate_limit_info, _Limit, _Limit())
            if status := _read(limit.status, str, ""):
                yield RateLimited(_read(limit.resetsAt, Amount, None), clean(status, 40))


def _from_system(line: _System) -> Iterator[Progress]:
    match _read(line.subtype, str, ""):
        case "init":
            model = clean(_read(line.model, str, "")) or None
            yield TurnStarted(model, tuple(clean(tool) for tool in _each(line.tools, str)))
        case "api_retry":
            yield Retrying(_retry_words(line))


def _retry_words(line: _System) -> str:
    attempt, most = _read(line.attempt, Count, 0), _read(line.max_retries, Count, 0)
    seconds = _read(line.retry_delay_ms, Amount, 0.0) / 1000
    status = _read(line.error_status, Count, None)
    error = _read(line.error, str, "") or "no answer"
    code = f" ({status})" if status else ""
    return clean(f"retry {attempt} of {most} in {seconds:.0f} s: {error}{code}")


def _from_assistant(line: _Assistant) -> Iterator[Progress]:
    subagent = bool(_read(line.parent_tool_use_id, str, ""))
    for block in _each(_read(line.message, _Message, _Message()).content, _Block):
        if words := _block_words(block):
            yield Acted(words, subagent, _read(block.type, str, "") == "tool_use")


def _block_words(block: _Block) -> str:
    match _read(block.type, str, ""):
        case "tool_use":
            arguments: dict[str, object] = _read(block.input, dict[str, object], {})
            return tool_words(_read(block.name, str, "a tool"), arguments)
        case "text":
            words = clean(_read(block.text, str, ""), 114)
            return f"says: {words}" if words else ""
    return ""


def _from_result(line: _Result) -> TurnEnded:
    usage = _read(line.usage, _Usage, _Usage())
    inputs = (usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens)
    failed = _read(line.is_error, bool, False)
    denials = (
        _read(denial.tool_name, str, "") for denial in _each(line.permission_denials, _Denial)
    )
    return TurnEnded(
        is_error=failed,
        cost_usd=_read(line.total_cost_usd, Amount, 0.0),
        input_tokens=sum(_read(raw, Count, 0) for raw in inputs),
        output_tokens=_read(usage.output_tokens, Count, 0),
        permission_denials=tuple(dict.fromkeys(clean(tool) for tool in denials if tool)),
        error=_error(line) if failed else None,
        api_error_status=_status(line),
        text=plain(_read(line.result, str, "")[:MAX_TEXT]),
    )


def _status(line: _Result) -> int | None:
    """A spent `--max-budget-usd` is no answer of the API; it is told as 402, Payment Required."""
    if _read(line.subtype, str, "") == "error_max_budget_usd":
        return 402
    return _read(line.api_error_status, Count, None)


def _error(line: _Result) -> str:
    """An error of the API has the subtype `success`, and its words in `result`."""
    told = "; ".join(_each(line.errors, str)) or _read(line.result, str, "")
    return clean(told or _read(line.subtype, str, "") or "the turn failed", 200)


def _each(raw: msgspec.Raw, kind: type[T]) -> Iterator[T]:
    """The elements of a list that are of this kind."""
    for element in _read(raw, list[msgspec.Raw], []):
        found = _read(element, kind, None)
        if found is not None:
            yield found


def _read(raw: msgspec.Raw, kind: type[T], otherwise: D) -> T | D:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return otherwise
