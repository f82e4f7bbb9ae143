"""How do a session's conversation and cost read, for whoever has only its files?"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from team_supervisor.core.conversation import Entry
from team_supervisor.core.model import Session
from team_supervisor.core.progress import TurnEnded, clean
from team_supervisor.core.words import dollars, tokens

HEAD = """\
# Conversation

What was said is quoted, so that nothing in it can pass for another's words. Long results of tools
are cut here; files/transcript.jsonl has everything.
"""
_SPEAKERS = {
    "user": "To the agent",
    "assistant": "Agent",
    "tool": "Tool",
    "result": "Result",
    "output": "Output of the program",
}


def passage(entry: Entry) -> str:
    """One entry as Markdown, ended by an empty line."""
    match entry.kind:
        case "turn" | "system":
            return f"*{_inline(entry.text)}*\n\n"
        case "tool" | "result" | "output":
            return f"**{_SPEAKERS[entry.kind]}**\n\n{_fenced(entry.text)}\n\n"
    return f"**{_SPEAKERS[entry.kind]}**\n\n{_quoted(entry.text)}\n\n"


def _quoted(text: str) -> str:
    """Every line of it, for a paragraph that begins a line runs on into what it quotes."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _inline(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", clean(text, 1000))


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn cost by itself; dollars and tokens."""

    cost_usd: float
    input_tokens: int
    output_tokens: int
    failed: bool


def turns(ended: Iterable[TurnEnded]) -> list[Turn]:
    """Claude Code tells the dollars of a process so far: each process begins at nothing again."""
    found: list[Turn] = []
    before = 0.0
    for turn in ended:
        cost = turn.cost_usd - before if turn.cost_usd >= before else turn.cost_usd
        before = turn.cost_usd
        found.append(Turn(round(cost, 6), turn.input_tokens, turn.output_tokens, turn.is_error))
    return found


def cost(session: Session, attempts: Iterable[Mapping[str, Any]], each: list[Turn]) -> str:
    """Total, each process and each turn, as Markdown tables."""
    lines = [
        "# Cost",
        "",
        f"{dollars(session.cost_usd)} over all processes, "
        f"{tokens(session.input_tokens)} tokens in and {tokens(session.output_tokens)} out.",
        "",
        "| process | ended with | cost |",
        "|---|---|---|",
        *(_process(row, session) for row in attempts),
        "",
        "| turn | cost | tokens in | tokens out |",
        "|---|---|---|---|",
        *(_turn(number, turn) for number, turn in enumerate(each, 1)),
    ]
    return "\n".join([*lines, ""])


def _process(row: Mapping[str, Any], session: Session) -> str:
    """The row of a process that still runs has no cost yet: the session's has it."""
    running = row["ended_at"] is None
    spent = session.cost_attempt if running else row["cost_usd"]
    how = "it runs" if running else _inline(str(row["reason"] or "unknown"))
    return f"| {row['number']} | {how} | {dollars(spent)} |"


def _turn(number: int, turn: Turn) -> str:
    failed = " (failed)" if turn.failed else ""
    used = f"{turn.input_tokens:,} | {turn.output_tokens:,}"
    return f"| {number}{failed} | {dollars(turn.cost_usd)} | {used} |"


def summary(
    session: Session, taken: str, notes: Iterable[str], missing: Collection[str] = ()
) -> str:
    """README.md of the folder: which session it is, what is in it, and what is not and why.

    `missing`: `files/` or `changes.diff`, where it is not in the folder.
    """
    facts = {
        "session": session.id,
        "name": session.name,
        "persona": session.persona,
        "requester": session.requester or "a person",
        "state when this was written": session.state,
        "reason": session.reason or "none",
        "tasks": f"{session.tasks_done} of {session.tasks_total} done",
        "cost": dollars(session.cost_usd),
        "conversation": session.conversation,
        "start commit": session.start_commit or "none recorded",
        "written": taken,
    }
    rows = [f"| {key} | {_inline(value)} |" for key, value in facts.items()]
    contents = [line for first, line in _CONTENTS.items() if first not in missing]
    listed = list(notes) + ([] if session.start_commit else [_NO_COMMIT])
    said = [f"- {_inline(note)}" for note in listed] or ["Nothing was left out."]
    lines = [f"# {_inline(session.name)}", "", "| | |", "|---|---|", *rows, "", *contents]
    return "\n".join([*lines, "", "## Notes", "", *said, ""])


_CONTENTS = {
    "files/": "- `files/`: the session's directory as it was",
    "conversation.md": "- `conversation.md`: its transcript, to read",
    "changes.diff": "- `changes.diff`: the project against the commit at which the session started",
    "cost.md": "- `cost.md`, `cost.json`: by process and by turn",
    "timeline.md": "- `timeline.md`, `timeline.json`: what happened when",
}
_NO_COMMIT = "There is no changes.diff: no commit was recorded when the session started."
