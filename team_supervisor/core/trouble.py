"""What does the machine refuse, and how is that said to a person?"""

import errno
import re
from enum import StrEnum

from team_supervisor.core.taskfacts import AskForWorker
from team_supervisor.core.words import age
from team_supervisor.core.world import Action, ClaimRequest, ImportDirectory, Launch, Wake


class Trouble(StrEnum):
    """What troubles everything at once, for a while: an episode has a beginning and an end."""

    FULL = "full"
    READ_ONLY = "read-only"
    FAULTY = "faulty"
    LOCKED = "locked"
    GONE = "gone"


_NUMBERS = {
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.FULL,
    errno.EROFS: Trouble.READ_ONLY,
    errno.EIO: Trouble.FAULTY,
}
# What SQLite says instead of a number.
_WORDS = {
    "disk is full": Trouble.FULL,
    "readonly database": Trouble.READ_ONLY,
    "disk i/o error": Trouble.FAULTY,
    "database is locked": Trouble.LOCKED,
}
_BEGINS = {
    Trouble.FULL: "the disk of {where} is full: agents go on, nothing new is started until there "
    "is room",
    Trouble.READ_ONLY: "{where} is read-only now: agents go on, nothing new is started until it "
    "can be written",
    Trouble.FAULTY: "the disk of {where} reports errors: agents go on, nothing new is started "
    "until it works again",
    Trouble.LOCKED: "another program holds the database in {where}: waiting until it lets go; "
    "agents go on",
    Trouble.GONE: "{where} cannot be read: waiting until it can; agents go on",
}
_ENDS = {
    Trouble.FULL: "there is room on the disk again, after {time}: going on",
    Trouble.READ_ONLY: "{where} can be written again, after {time}: going on",
    Trouble.FAULTY: "the disk works again, after {time}: going on",
    Trouble.LOCKED: "the database is free again, after {time}: going on",
    Trouble.GONE: "{where} can be read again, after {time}: going on",
}
# As long as one of these lasts, nothing new is begun: it could not be finished either.
HOLDS_BACK = frozenset({Trouble.FULL, Trouble.READ_ONLY, Trouble.FAULTY})
_BEGINNINGS = (AskForWorker, ClaimRequest, ImportDirectory, Launch, Wake)
_DOING = {
    "SeeRequest": "take note of the request",
    "ForgetRequest": "forget the request",
    "QueueRequest": "queue the request",
    "RejectRequest": "put the refused request away:",
    "ClaimRequest": "claim the request",
    "ImportDirectory": "take up the directory",
    "Launch": "start",
    "Wake": "wake",
    "NudgeStalled": "nudge",
    "MarkActive": "note the start of",
    "NoteDeath": "note the end of the process of",
    "AskToStop": "stop",
    "AnnounceDeadlock": "announce a deadlock",
    "EndDeadlock": "note the end of a deadlock",
    "EndForRestart": "end the process for the restart of",
    "RefuseAgain": "refuse a second life of",
    "Sweep": "end what is left of",
    "Finish": "put away",
    "Reopen": "go on with",
    "Hear": "note what was said by",
    "NoteTasks": "note the tasks of",
    "NoteDoing": "note what is done by",
    "ReadInstructions": "read the new instructions of",
    "Deliver": "deliver a message to",
    "AskForWorker": "ask for a worker for task",
    "MoveTask": "note what became of task",
    "TellBeads": "tell bd of task",
    "StopWorker": "stop the worker of task",
}


def trouble_of(number: int | None, words: str) -> Trouble | None:
    """`number` is an errno, `words` are the error's; None for what concerns one thing alone."""
    if number is not None:
        return _NUMBERS.get(number)
    return next((kind for part, kind in _WORDS.items() if part in words.lower()), None)


def begins(trouble: Trouble, where: str) -> str:
    return _BEGINS[trouble].format(where=where)


def ends(trouble: Trouble, where: str, seconds: float) -> str:
    return _ENDS[trouble].format(where=where, time=age(seconds))


def held_back(action: Action) -> bool:
    """Does it begin something new?"""
    return isinstance(action, _BEGINNINGS)


def could_not(action: Action, problem: str) -> str:
    """`could not start intern-1706012345678: …; it is tried again`."""
    name = type(action).__name__
    doing = _DOING.get(name) or re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()
    return f"could not {doing} {_subject(action)}: {problem}; it is tried again"


def _subject(action: Action) -> str:
    for attribute in ("task", "session", "look", "request"):
        if (found := getattr(action, attribute, None)) is not None:
            return str(getattr(found, "id", None) or found.name)[:120]
    return str(getattr(action, "name", ""))
