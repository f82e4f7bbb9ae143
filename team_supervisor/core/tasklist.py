"""What does tasks.md say?"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from string import punctuation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

DONE_WORDS = frozenset({"completed", "complete", "done", "cancelled", "canceled", "skipped"})
LONGEST_TITLE = 200

# A title is looked for in so many characters of the instructions.
_BEGINNING = 1 << 14
# One sign between the brackets: `[API]` is a label, `[1]` a reference, `[x](url)` a link.
# `[ ]*` is how Kiro marks an optional task.
BOX = re.compile(r"\[(\s{0,3}[^\W\d]\s{0,3}|[^\w\[\]]{0,6})\](?![(\[:])(?:\*(?=\s|\Z))?\s*")
_NUMBER = r"(?:\s+(?:#?[a-z]{0,4}-?\d[\w.-]{0,12}|[a-z]))?"
_TASK = re.compile(rf"\W{{0,16}}task{_NUMBER}\s*[:：]\s*(.*)", re.IGNORECASE)
_STATUS = re.compile(r"\W{0,16}status[\s*_]{0,8}[:：](.*)", re.IGNORECASE)
_DEPENDS = re.compile(r"\W{0,16}depends[\s_-]+on[\s*_]{0,8}[:：](.*)", re.IGNORECASE)
_EMPTY_BOX = re.compile(r"[^\w\[]*\[\s*\]")
_WORDS = re.compile(r"(?::\w+:|\[[xX]\]|[\W_])*+([^\W_][\w'’-]*(?: [^\W_][\w'’-]*){0,3})")
_ANY_MARKUP = re.compile(r"[\\`*_~<]|\]\(")
_VERBATIM = re.compile(r"\\([!-/:-@\[-`{-~])|(?<!`)(`+)(?!`)([^`]+)\2(?!`)")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_TAG = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>")
_STARS = re.compile(r"(\*{1,3})(?!\s)([^*]+)(?<!\s)\1")
_LINES = re.compile(r"(?<!\w)(_{1,3})(?!\s)([^_]+)(?<!\s)\1(?!\w)")
_STRUCK = re.compile(r"~~([^~]+)~~")
_SHIELD = {ord(sign): 0xE000 + ord(sign) for sign in punctuation}
_UNSHIELD = {shield: sign for sign, shield in _SHIELD.items()}

_HOW_TO = """\
<!-- Each task is a heading "Task: title" with an item "Status: pending", "in progress" or
     "completed"; or a check box. When all are done the session ends, so commit first. -->

# Tasks
"""


@dataclass(frozen=True, slots=True)
class Task:
    """`status` is the status word, or the marker of an unknown check box (`[~]`)."""

    title: str
    status: str
    done: bool
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskList:
    """The tasks in the order of the file."""

    tasks: tuple[Task, ...]

    @property
    def total(self) -> int:
        return len(self.tasks)

    @property
    def done(self) -> int:
        return sum(task.done for task in self.tasks)

    @property
    def complete(self) -> bool:
        return bool(self.tasks) and all(task.done for task in self.tasks)

    @property
    def open_titles(self) -> tuple[str, ...]:
        return tuple(task.title for task in self.tasks if not task.done)


@dataclass(slots=True)
class _Section:
    """A `Task:` heading and what the items below it say, down to the next heading of its level."""

    title: str
    level: int
    statuses: list[str] = field(default_factory=list)
    depends_on: list[str] = field(default_factory=list)
    boxes: int = 0

    @property
    def is_task(self) -> bool:
        """A heading without a Status over check boxes only names them."""
        return bool(self.statuses) or self.boxes == 0

    def task(self) -> Task:
        """Of several statuses the first that is not done counts; without one it is pending."""
        statuses = self.statuses or ["pending"]
        status = next((word for word in statuses if word not in DONE_WORDS), statuses[0])
        return Task(self.title, status, status in DONE_WORDS, tuple(self.depends_on))


@dataclass(slots=True)
class _Reader:
    found: list[Task | _Section] = field(default_factory=list)
    section: _Section | None = None
    box_level: int | None = None

    def heading(self, level: int, text: str) -> None:
        self.box_level = None
        if task := _TASK.match(text):
            self.section = _Section(short(task[1]) or short(text), level)
            self.found.append(self.section)
        elif self.section and level <= self.section.level:
            self.section = None

    def box(self, level: int, mark: str, text: str) -> None:
        if self.box_level is None or level <= self.box_level:
            self.box_level = level
        if self.section:
            self.section.boxes += 1
        done = mark in ("x", "X")
        unknown = f"[{_clean(mark)}]" if mark.strip() else "pending"
        self.found.append(Task(short(plain(text)), "completed" if done else unknown, done))

    def item(self, section: _Section, level: int, raw: str) -> None:
        """A status below a check box speaks of that box, and a box says itself if it is done."""
        if self.box_level is not None and level > self.box_level:
            return
        self.box_level = None
        # `~~pending~~ completed` says completed.
        text = plain("".join(raw.split("~~")[::2]))
        if status := _STATUS.match(text):
            section.statuses.append(_status(status[1]))
        elif depends := _DEPENDS.match(text):
            section.depends_on.extend(_titles(depends[1]))

    def tasks(self) -> tuple[Task, ...]:
        return tuple(
            each.task() if isinstance(each, _Section) else each
            for each in self.found
            if not isinstance(each, _Section) or each.is_task
        )


def parse(text: str) -> TaskList:
    """The tasks of both dialects, which may mix: `Task:` headings and GFM check boxes.

    A heading with both a Status and check boxes is one task, done by its Status alone; each of
    its boxes is one more. A heading with check boxes and no Status is only their title.
    """
    if "[" not in text and "task" not in text.lower():
        return TaskList(())
    from team_supervisor.core.markdown import NESTING, tokens

    reader = _Reader()
    found = tokens(text)
    for index, token in enumerate(found):
        if token.type == "inline":
            _read(reader, found[index - 2], found[index - 1], token.content)
        elif token.type == "list_item_open" and token.level == NESTING - 1:
            reader.found.append(Task("Items nested too deeply to be read", "unread", False))
    return TaskList(reader.tasks())


def _read(reader: _Reader, before: "Token", opening: "Token", content: str) -> None:
    first_in_item = before.type == "list_item_open"
    box = BOX.match(content) if first_in_item else None
    if box:
        reader.box(before.level, box[1], content[box.end() :])
    elif opening.type == "heading_open":
        reader.heading(int(opening.tag[1:]), plain(content))
    elif first_in_item and reader.section:
        reader.item(reader.section, before.level, content)


def _status(value: str) -> str:
    """The first word when it means done, else the first four, in small letters."""
    if _EMPTY_BOX.match(value):
        return "pending"
    found = _WORDS.match(value[:LONGEST_TITLE])
    words = found[1].lower() if found else "pending"
    first = words.split()[0].rstrip("-'’")
    return first if first in DONE_WORDS else words


def _titles(value: str) -> Iterator[str]:
    for each in value.split(","):
        title = short(each)
        if any(map(str.isalnum, title)) and title.lower() not in ("none", "n/a", "nothing"):
            yield title


def plain(raw: str) -> str:
    """Markdown inside a line as plain text on one line; every step is linear in its length."""
    text = _clean(raw)
    if not _ANY_MARKUP.search(text):
        return " ".join(text.split())
    text = _VERBATIM.sub(lambda found: (found[1] or found[3]).translate(_SHIELD), text)
    text = _TAG.sub("", _LINK.sub(r"\1", _without_comments(text)))
    for _ in range(2):
        text = _STRUCK.sub(r"\1", _LINES.sub(r"\2", _STARS.sub(r"\2", text)))
    return " ".join(text.translate(_UNSHIELD).split())


def _clean(text: str) -> str:
    """Without control characters, surrogates and characters that turn the line around."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else "" for sign in text)


def _without_comments(text: str) -> str:
    head, *rest = text.split("<!--")
    return head + "".join(part.partition("-->")[2] for part in rest)


def short(text: str) -> str:
    return text.strip()[:LONGEST_TITLE].rstrip()


def first_tasks(name: str, instructions: str) -> str:
    """The first tasks.md of a session, at least one task open.

    Tasks in the instructions are carried over, as check boxes or, when one depends on another,
    as headings; else the one task is the title of the instructions, or `name`.
    """
    tasks = list(parse(instructions).tasks)
    if not tasks:
        title = next(_title_candidates(name, instructions))
        return _as_headings([Task(title, "pending", False)])
    if all(task.done for task in tasks):
        tasks.append(Task("Check the result against the instructions", "pending", False))
    return _as_headings(tasks) if any(task.depends_on for task in tasks) else _as_boxes(tasks)


def _title_candidates(name: str, instructions: str) -> Iterator[str]:
    """The first heading of level 1, else the first line, whatever it is."""
    from team_supervisor.core.markdown import tokens

    beginning = instructions[:_BEGINNING]
    pairs = pairwise(tokens(beginning))
    inline = [(before.tag != "h1", each.content) for before, each in pairs if each.type == "inline"]
    lines = [content for _, content in sorted(inline, key=itemgetter(0))]
    for raw in (*lines, *beginning.splitlines(), name):
        text = short(plain(raw.strip().partition("\n")[0]))
        # The heading that names the requester says nothing of the work.
        if any(map(str.isalnum, text)) and not text.startswith("Instructions from "):
            yield text
    yield "Do what the instructions say"


def _as_boxes(tasks: Sequence[Task]) -> str:
    lines = [f"- [{'x' if task.done else ' '}] {_escaped(task.title)}" for task in tasks]
    return "\n".join([_HOW_TO, *lines, ""])


def _as_headings(tasks: Sequence[Task]) -> str:
    return "\n".join([_HOW_TO, *map(_as_heading, tasks)])


def _as_heading(task: Task) -> str:
    status = task.status if task.status in DONE_WORDS else "pending"
    lines = [f"## Task: {_escaped(task.title)}", f"- **Status**: {status}"]
    if task.depends_on:
        lines.append(f"- **Depends on**: {_escaped(', '.join(task.depends_on))}")
    return "\n".join(lines) + "\n"


def _escaped(title: str) -> str:
    """Markdown that reads as `title`; most titles are that as they stand."""
    as_it_is = plain(title) == title and not title.endswith("#")
    return title if as_it_is else re.sub(r"[!#()*<>\[\\\]_`~]", r"\\\g<0>", title)
