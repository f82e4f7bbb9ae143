"""What is put into a session's portable file, and from where?"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import msgspec

from team_supervisor.adapters import bundle, clock, git
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.cli.announce import json_line
from team_supervisor.cli.follow import Source, Transcript
from team_supervisor.core import record, timeline
from team_supervisor.core.conversation import readable
from team_supervisor.core.model import Session
from team_supervisor.core.progress import TurnEnded, clean
from team_supervisor.runners import RUNNERS

PATIENCE = 1.0
PAUSE = 0.2


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which session, and the file it goes to (absolute)."""

    workspace: Workspace
    store: Store
    session: Session
    target: Path
    force: bool


def write(wanted: Wanted) -> list[str]:
    """Answers what was left out and why, one sentence each."""
    now = clock.now().wall
    shown = _Progress()
    with bundle.create(wanted.target, wanted.session.id, wanted.force, shown.read) as made:
        try:
            directory = wanted.workspace.root / wanted.session.directory
            there = {"files/": made.tree(directory, "files")}
            turns = _conversation(made, wanted, now)
            there["changes.diff"] = _changes(made, wanted, now)
            _cost(made, wanted, turns, now)
            _timeline(made, wanted, now)
            notes = [clean(note, 400) for note in made.notes]
            missing = [name for name, is_in in there.items() if not is_in]
            text = record.summary(wanted.session, clock.stamp(now), notes, missing)
            made.text("README.md", text, now)
        finally:
            shown.end()
    return notes


def _spool(wanted: Wanted) -> IO[bytes]:
    """Has no name, so that nothing of it is left whatever happens."""
    return TemporaryFile(dir=wanted.target.parent)


def _add(made: bundle.Bundle, name: str, content: IO[bytes], now: float) -> None:
    size = content.seek(0, os.SEEK_END)
    content.seek(0)
    made.file(name, content, size, now)


def _conversation(made: bundle.Bundle, wanted: Wanted, now: float) -> list[record.Turn]:
    """Line by line: a transcript may be larger than memory."""
    ended: list[TurnEnded] = []
    with _spool(wanted) as text:
        text.write(record.HEAD.encode() + b"\n")
        for line in _lines(wanted):
            for entry in readable(line):
                text.write(record.passage(entry).encode("utf-8", "replace"))
            ended += _turns(line, wanted.session.runner)
        _add(made, "conversation.md", text, now)
    return record.turns(ended)


def _lines(wanted: Wanted) -> Iterator[bytes]:
    source = Source(workspace=wanted.workspace, store=wanted.store, session=wanted.session.id)
    yield from Transcript(source).lines(last=True)


def _turns(line: bytes, runner: str) -> list[TurnEnded]:
    known = RUNNERS.get(runner)
    return [fact for fact in known.parse(line) if isinstance(fact, TurnEnded)] if known else []


def _changes(made: bundle.Bundle, wanted: Wanted, now: float) -> bool:
    """Whether there is a diff; what is not in it is noted."""
    start = wanted.session.start_commit
    if start is None:
        return False
    project, root = wanted.workspace.project, wanted.workspace.root
    try:
        with _spool(wanted) as text:
            large = git.diff(project, start, [root, *made.paths], text)
            _add(made, "changes.diff", text, now)
    except git.NoAnswer as error:
        made.notes.append(f"changes.diff is left out: {error}")
        return False
    limit = git.LARGEST >> 20
    made.notes += [f"{name} is not in changes.diff: over {limit} MiB" for name in large]
    return True


def _cost(made: bundle.Bundle, wanted: Wanted, turns: list[record.Turn], now: float) -> None:
    session, attempts = wanted.session, wanted.store.attempts(wanted.session.id)
    made.text("cost.md", record.cost(session, attempts, turns), now)
    facts = {
        "cost_usd": round(session.cost_usd, 6),
        "input_tokens": session.input_tokens,
        "output_tokens": session.output_tokens,
        "processes": attempts,
        "turns": turns,
    }
    text = msgspec.json.format(msgspec.json.encode(facts), indent=2).decode()
    made.text("cost.json", f"{text}\n", now)


def _timeline(made: bundle.Bundle, wanted: Wanted, now: float) -> None:
    rows = wanted.store.events_of(wanted.session.id)
    told = timeline.markdown((clock.stamp(at), event) for _, at, event in rows)
    made.text("timeline.md", told, now)
    listed = ",\n".join(f"  {json_line(at, event)}" for _, at, event in rows)
    made.text("timeline.json", f"[\n{listed}\n]\n", now)


class _Progress:
    """On a terminal, how much was read; only for what takes longer than a moment."""

    def __init__(self) -> None:
        self._bytes = 0
        self._next = clock.now().monotonic + PATIENCE
        self._shown = False

    def read(self, count: int) -> None:
        self._bytes += count
        now = clock.now().monotonic
        if now >= self._next and sys.stderr.isatty():
            self._next, self._shown = now + PAUSE, True
            print(f"\r{self._bytes / 1e6:,.0f} MB read", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._shown:
            print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)
