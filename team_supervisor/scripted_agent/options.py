"""How was the agent started?"""

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

SHORT = {"-r": "--resume", "-v": "--version", "-h": "--help"}
TOOLS = ("Bash", "Edit", "Read", "Write")


class StartError(Exception):
    """The agent refuses to start; the message is what Claude Code prints."""


class Options(NamedTuple):
    """The part of the command line that has an effect here."""

    session_id: str
    resume: bool
    permission_mode: str
    tools: tuple[str, ...]


def words_of(argv: Sequence[str]) -> dict[str, list[str]]:
    """Every option with the words up to the next one, known or not."""
    found: dict[str, list[str]] = {"": []}
    last = ""
    for word in argv:
        if word.startswith("-") and word != "-":
            last, equals, value = word.partition("=")
            last = SHORT.get(last, last)
            found.setdefault(last, []).extend([value] if equals else [])
        else:
            found[last].append(word)
    return found


def options_of(words: Mapping[str, Sequence[str]]) -> Options:
    """The options, refused in Claude Code's words where it would refuse them."""
    resume = "--resume" in words
    if resume and "--session-id" in words:
        raise StartError(
            "Error: --session-id can only be used with --continue or --resume"
            " if --fork-session is also specified."
        )
    _check_prompt_file(words)
    mode = words.get("--permission-mode") or ["default"]
    listed = ",".join(words.get("--allowedTools", ())).split(",")
    return Options(
        session_id=_resumed(words) if resume else _chosen(words),
        resume=resume,
        permission_mode=mode[-1],
        tools=tuple(tool for tool in listed if tool) or TOOLS,
    )


def _resumed(words: Mapping[str, Sequence[str]]) -> str:
    return "".join(words["--resume"][:1])


def _chosen(words: Mapping[str, Sequence[str]]) -> str:
    if "--session-id" not in words:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID("".join(words["--session-id"][:1])))
    except ValueError:
        raise StartError("Error: Invalid session ID. Must be a valid UUID.") from None


def _check_prompt_file(words: Mapping[str, Sequence[str]]) -> None:
    for name in words.get("--append-system-prompt-file", ())[:1]:
        if not Path(name).is_file():
            raise StartError(f"Error: Append system prompt file not found: {name}")
