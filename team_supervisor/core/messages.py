"""What is an agent told while it works, so that it fits into one message?"""

import json
from collections.abc import Sequence

from team_supervisor.core.words import file_name

MAX_INLINE = 2_000
# A message is one JSON line of under PIPE_BUF (4,096) bytes; the rest is for its envelope.
MAX_MESSAGE = 3_900
MAX_NAMED_TASKS = 10


def first_message(session_id: str, instructions_path: str, instructions: str) -> str:
    """What starts a session: its instructions, or where to read them when they are long."""
    text = instructions.strip()
    whole = (
        f"You are session {session_id}. These are your instructions, "
        f"also in {instructions_path}:\n\n{text}"
    )
    if len(text) < MAX_INLINE and _size(whole) <= MAX_MESSAGE:
        return whole
    return (
        f"You are session {session_id}. Your instructions are in {instructions_path} "
        f"({len(text)} characters). Read that whole file, then begin."
    )


def new_instructions(text: str, instructions_path: str) -> str:
    """What a running session hears when something was appended to its instructions.md."""
    added = text.strip()
    whole = (
        f"New instructions, appended to {instructions_path}:\n\n{added}\n\n"
        "Add what they ask to tasks.md before you go on."
    )
    if len(added) < MAX_INLINE and _size(whole) <= MAX_MESSAGE:
        return whole
    return (
        f"New instructions of {len(added)} characters were appended to {instructions_path}. "
        "Read them at its end, and add what they ask to tasks.md before you go on."
    )


def nudge(open_tasks: Sequence[str], tasks_path: str) -> str:
    """What a session hears whose turn ended with tasks open and nobody to wait for."""
    named = [f"- {short(task, 200)}" for task in open_tasks[:MAX_NAMED_TASKS]]
    more = len(open_tasks) - len(named)
    tasks = "\n".join([*named, f"- and {more} more"] if more > 0 else named)
    return (
        f"Your turn ended, and {tasks_path} has open tasks:\n{tasks}\n"
        "Go on with them. Mark as completed what is done, as cancelled what need not be done. "
        "If you cannot go on, mark the task blocked with the reason and ask your requester."
    )


def stalled() -> str:
    """For an agent that gives no sign of life in the middle of a turn."""
    return (
        "Nothing has been heard of you for a long time. If you wait for something that does not "
        "come, stop waiting for it, say what it was, and go on with what can be done."
    )


def disputed(what: str, tail: str, number: int, limit: int) -> str:
    """What a session hears whose work does not pass."""
    shown = f"\n\nThe end of its output:\n\n{tail[-1_200:]}" if tail else ""
    return (
        f"Your task list says that all is done, but your work does not pass ({number} of {limit}): "
        f"{short(what, 400)}. Mend it, then end your turn: it is looked into again.{shown}"
    )


def request_queued(request: str, place: int, reason: str) -> str:
    """For a requester: nothing is refused because the team is busy."""
    return (
        f"Your request {request} is queued at place {place}: {reason}. It starts by itself as soon "
        "as it can; you need do nothing. Go on with what does not depend on it."
    )


def resumed(tasks_path: str, restored: bool = False) -> str:
    """What a session hears first after it was started again, or taken back from its archive."""
    look = f"files, at `git status` if this is a repository, and at {tasks_path}."
    if restored:
        return (
            "You had completed your tasks and were put away. Now you were taken back to work. What "
            f"you left running is gone, files may have changed: look at the {look} Add there what "
            "new instructions ask. If there is nothing to do, end your turn: then it is over again."
        )
    return (
        "You were interrupted and have been started again. Your last step may be done, half done "
        f"or not done, and what you left running is gone: before you go on, look at the {look}"
    )


def teammate_ended(session_id: str, name: str, how: str, directory: str) -> str:
    """What a requester hears when a session that it asked for has ended."""
    return (
        f"Your teammate {session_id} ({short(name, 200)}) has ended: {_sentence(how, 600)} "
        f"Its directory, with its tasks.md and what it wrote there, is {directory}. "
        "Check the result, then go on with your own tasks."
    )


def request_rejected(request: str, reason: str, directory: str) -> str:
    """What a requester hears whose request will not become a session."""
    return (
        f"Your request {short(file_name(request), 300)} was rejected: {_sentence(reason, 1_200)} "
        f"Everything is kept in {file_name(directory)}. Correct it and request again "
        "under a new name, or go on without it."
    )


def _sentence(text: str, limit: int) -> str:
    line = short(text, limit)
    return line if line.endswith((".", "…")) else f"{line}."


def short(text: str, limit: int) -> str:
    """One line whose JSON is at most `limit` bytes."""
    line = " ".join(text.split())
    if _size(line) <= limit:
        return line
    while _size(line) > limit - len("\\u2026"):
        line = line[: min(len(line) - 1, len(line) * limit // _size(line))]
    return f"{line.rstrip()}…"


def _size(text: str) -> int:
    """Bytes as a JSON string, where one character can take twelve."""
    return len(json.dumps(text))
