"""What does a script say, step by step?"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Optional

LANGUAGE = "scripted-agent"

# What follows each verb; `rest` may be empty, `block` is the indented lines below it.
SHAPES: dict[str, tuple[str, ...]] = {
    "say": ("text",),
    "bash": ("text",),
    "write": ("word", "rest"),
    "write-block": ("word", "block"),
    "request": ("name", "name", "text"),
    "request-block": ("name", "name", "block"),
    "sleep": ("seconds",),
    "wait": (),
    "wait-for": ("text",),
    "await": ("word",),
    "done": ("text",),
    "tasks": ("text",),
    "add-task": ("text",),
    "work": (),
    "cost": ("amount",),
    "tokens": ("count", "count"),
    "exit": ("code",),
    "crash": (),
    "hang": (),
    "ignore-term": (),
    "stderr": ("text",),
    "error": ("count", "text"),
    "rate-limit": ("seconds",),
    "deny": ("text",),
    "raw": ("text",),
    "once": ("name", "step"),
}


class ScriptError(ValueError):
    """A script that cannot be read: one sentence with the line of instructions.md."""


class Line(NamedTuple):
    """A line of a file, counted from 1."""

    number: int
    text: str


class Step(NamedTuple):
    """One thing to do; `inner` is the step that a `once` guards."""

    line: int
    verb: str
    args: tuple[str, ...] = ()
    block: str = ""
    inner: Optional["Step"] = None


class Kind(NamedTuple):
    """What an argument must be, in words and as a check."""

    words: str
    fits: Callable[[str], bool]


KINDS = {
    "text": Kind("a text", bool),
    "rest": Kind("a text", lambda _: True),
    "step": Kind("a step", bool),
    "word": Kind("a word", bool),
    "name": Kind("a name without a slash", lambda w: w not in ("", ".", "..") and "/" not in w),
    "seconds": Kind("seconds from 0 to 1000000", lambda w: 0 <= float(w) <= 1_000_000),
    "amount": Kind("an amount from 0 to 1000000", lambda w: 0 <= float(w) <= 1_000_000),
    "count": Kind("a whole number", lambda w: 0 <= int(w) <= 10**12),
    "code": Kind("an exit code from 0 to 255", lambda w: 0 <= int(w) <= 255),
}
_OPENING = re.compile(r" {0,3}(?:(?P<ticks>`{3,})(?P<info>[^`]*)|(?P<waves>~{3,})(?P<other>.*))\Z")
_CLOSING = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*\Z")
_INDENT = re.compile(r" {4}|\t")


def script_of(markdown: str) -> tuple[Step, ...]:
    """The steps of all scripted-agent blocks of a document, as one script."""
    return parse(script_lines(markdown))


def script_lines(markdown: str) -> list[Line]:
    """The lines inside the blocks fenced as scripted-agent, without the fences.

    As CommonMark has it, a fence indented by four spaces opens and closes nothing: this is
    what lets the indented lines of a `request-block` hold a script of their own.
    """
    found: list[Line] = []
    fence = info = ""
    for number, raw in enumerate(markdown.split("\n"), 1):
        text = raw.rstrip("\r")
        if not fence:
            fence, info = _opening(text)
        elif _closes(text, fence):
            fence = ""
        elif info == LANGUAGE:
            found.append(Line(number, text))
    return found


def _opening(text: str) -> tuple[str, str]:
    match = _OPENING.match(text)
    if match is None:
        return "", ""
    words = (match["info"] or match["other"] or "").split()
    return match["ticks"] or match["waves"], words[0] if words else ""


def _closes(text: str, fence: str) -> bool:
    match = _CLOSING.match(text)
    return match is not None and match[1].startswith(fence)


def parse(lines: Sequence[Line]) -> tuple[Step, ...]:
    """One step for each line at the margin; raises ScriptError and nothing else."""
    steps: list[tuple[Line, list[str]]] = []
    for line in lines:
        if not line.text.strip() or _INDENT.match(line.text):
            _keep_indented(line, steps)
        elif not line.text.lstrip().startswith("#"):
            steps.append((line, []))
    return tuple(_step(line, _dedented(block)) for line, block in steps)


def _keep_indented(line: Line, steps: list[tuple[Line, list[str]]]) -> None:
    if steps:
        steps[-1][1].append(line.text)
    elif line.text.strip():
        raise _error(line, "is indented, but no step stands above it that it could belong to")


def _dedented(block: list[str]) -> str:
    text = "\n".join(_INDENT.sub("", line, count=1) for line in block).strip("\n")
    return f"{text}\n" if text.strip() else ""


def _step(line: Line, block: str) -> Step:
    verb, _, rest = line.text.strip().replace("\t", " ", 1).partition(" ")
    if verb not in SHAPES:
        raise _error(line, f"has no known step `{verb}`; known are {', '.join(SHAPES)}")
    args = _arguments(line, verb, rest.strip())
    if verb == "once":
        return _once(line, args, block)
    if bool(block) != ("block" in SHAPES[verb]):
        wrong = "has indented lines below it" if block else "needs lines indented by 4 spaces"
        raise _error(line, f"is wrong: `{verb}` {wrong}")
    return Step(line.number, verb, args, block)


def _once(line: Line, args: tuple[str, ...], block: str) -> Step:
    inner = Line(line.number, args[1])
    if args[1].split(None, 1)[0] == "once":
        raise _error(line, "has a `once` in a `once`; use one of them")
    return Step(line.number, "once", args[:1], inner=_step(inner, block))


def _arguments(line: Line, verb: str, rest: str) -> tuple[str, ...]:
    kinds = [kind for kind in SHAPES[verb] if kind != "block"]
    words = rest.split(None, len(kinds) - 1) if len(kinds) > 1 else [rest] if rest else []
    words += [""] * (len(kinds) - len(words))
    if len(words) > len(kinds):
        raise _error(line, f"has more than `{verb}` takes")
    for kind, word in zip(kinds, words, strict=True):
        if not _fits(kind, word):
            raise _error(line, f"is wrong: `{verb}` needs {KINDS[kind].words}, not `{word[:40]}`")
    return tuple(words)


def _fits(kind: str, word: str) -> bool:
    try:
        return KINDS[kind].fits(word)
    except ValueError:
        return False


def _error(line: Line, what: str) -> ScriptError:
    return ScriptError(f"The script's line {line.number} of instructions.md {what}.")
