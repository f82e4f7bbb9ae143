"""How does a line of a conversation look?"""

import os
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from team_supervisor.cli import options
from team_supervisor.core.conversation import Entry
from team_supervisor.core.progress import clean, plain

if TYPE_CHECKING:
    from rich.console import Console

Voice = Callable[[Entry], None]

MARKS = {
    "user": ("❯ ", "bold cyan"),
    "assistant": ("● ", ""),
    "tool": ("→ ", "blue"),
    "result": ("  │ ", "dim"),
    "turn": ("── ", "dim"),
    "system": ("· ", "dim"),
    "output": ("» ", ""),
}
SPACED = ("user", "assistant")
MAX_NOTE = 1000


def voice() -> Voice:
    """For people: colours on a terminal, the kind of each line in words elsewhere."""
    if not options.rich_output():
        return _plainly
    from rich.console import Console

    return partial(_richly, Console(highlight=False))


def _plainly(entry: Entry) -> None:
    indent = " " * (len(entry.kind) + 2)
    _write(f"{entry.kind}: {plain(entry.text)}".replace("\n", f"\n{indent}") + "\n")


def _richly(console: "Console", entry: Entry) -> None:
    """Long lines go on under their first word."""
    from rich.text import Text

    mark, style = MARKS[entry.kind]
    if entry.kind in SPACED:
        console.print()
    text = Text(plain(entry.text).expandtabs(4), style=style)
    first, later = Text(mark, style=style), Text(mark if "│" in mark else " " * len(mark), style)
    for number, line in enumerate(text.wrap(console, max(20, console.width - len(mark)))):
        console.print((later if number else first) + line, soft_wrap=True)


def raw() -> Callable[[bytes], None]:
    """The lines as they were written; on a terminal without what could command it."""
    if sys.stdout.isatty():
        return lambda line: _write(plain(line.decode("utf-8", "replace")) + "\n")
    return lambda line: _write_bytes(line + b"\n")


def note(words: str) -> None:
    """What is not part of the conversation: kept out of what is piped on."""
    shown = clean(words, MAX_NOTE)
    dim = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    click.echo(click.style(shown, dim=True) if dim else shown, err=True)


def flush() -> None:
    sys.stdout.flush()


def _write(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))


def _write_bytes(data: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
