"""How does the agent tick off a task in tasks.md?"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

DONE = ("completed", "complete", "done", "cancelled", "skipped")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<title>.*)")
_TASK = re.compile(r"[*_]*task\b[^:]{0,20}:[*_]*\s*(?P<title>.*)", re.IGNORECASE)
_STATUS = re.compile(
    r"(?P<before>\s*[-*+]\s+[*_]*status[*_]*\s*:[*_]*\s*)(?P<value>.*)", re.IGNORECASE
)
_BOX = re.compile(
    r"(?P<before>\s*(?:[-*+]|\d+[.)])\s+\[)(?P<mark>[ xX])(?P<after>\]\s+(?P<title>.*))"
)


class UnknownTask(LookupError):
    """No task of tasks.md has this title or number."""


class Task(NamedTuple):
    """A task and the line (from 0) that says whether it is done."""

    title: str
    done: bool
    line: int


def tasks_of(text: str) -> list[Task]:
    """The tasks in the order of the file, of both dialects: `Task:` headings and check boxes."""
    found: list[Task] = []
    heading: str | None = None
    for number, line in _prose(text):
        if title := _HEADING.match(line):
            named = _TASK.match(title["title"])
            heading = named["title"].strip() if named else None
        elif heading is not None and (status := _STATUS.match(line)):
            found.append(Task(heading, _is_done(status["value"]), number))
            heading = None
        elif box := _BOX.match(line):
            found.append(Task(box["title"].strip(), box["mark"] != " ", number))
    return found


def _is_done(value: str) -> bool:
    word = re.search(r"[a-z]+", value.lower())
    return word is not None and word[0] in DONE


def _prose(text: str) -> Iterator[tuple[int, str]]:
    fence, comment = "", False
    for number, line in enumerate(text.split("\n")):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif mark and not comment:
            fence = mark[1]
        elif comment or "<!--" in line:
            comment = "-->" not in line.rpartition("<!--")[2]
        else:
            yield number, line.rstrip("\r")


def mark_done(text: str, which: str) -> str:
    """The list with one task done, named by its title, its number from 1, or `all`."""
    chosen = _chosen(tasks_of(text), which)
    lines = text.split("\n")
    for task in chosen:
        lines[task.line] = _marked(lines[task.line])
    return "\n".join(lines)


def mark_next(text: str) -> str:
    """The list with its first open task done."""
    lines = text.split("\n")
    for task in [task for task in tasks_of(text) if not task.done][:1]:
        lines[task.line] = _marked(lines[task.line])
    return "\n".join(lines)


def with_done_task(text: str, title: str) -> str:
    """The list with one more task, which is done already."""
    return mark_done(with_task(text, title), title)


def _chosen(tasks: Sequence[Task], which: str) -> Sequence[Task]:
    if which == "all":
        return tasks
    if which.isdecimal() and 1 <= int(which[:9]) <= len(tasks):
        return [tasks[int(which[:9]) - 1]]
    wanted = which.casefold()
    same = [task for task in tasks if task.title.casefold() == wanted]
    like = same or [task for task in tasks if wanted in task.title.casefold()]
    if not like:
        raise UnknownTask(f"tasks.md has no task `{which}`; it has {len(tasks)} tasks.")
    return like[:1]


def _marked(line: str) -> str:
    end = "\r" if line.endswith("\r") else ""
    if status := _STATUS.match(line):
        return f"{status['before'].rstrip()} completed{end}"
    return _BOX.sub(r"\g<before>x\g<after>", line, count=1)


def with_task(text: str, title: str) -> str:
    """The list with one more open task, in the dialect that it is written in."""
    body = text.rstrip()
    boxes = any(_BOX.match(line) for _, line in _prose(text))
    if boxes and not re.search(r"(?im)^#+\s+task\b.*:", text):
        return f"{body}\n- [ ] {title}\n"
    return f"{body}\n\n{_section(title)}" if body else f"# Tasks\n\n{_section(title)}"


def new_list(titles: Sequence[str]) -> str:
    """A whole tasks.md with these tasks, all of them open."""
    return "\n".join(["# Tasks\n", *map(_section, titles)])


def _section(title: str) -> str:
    return f"## Task: {title}\n\n- **Status**: pending\n"
