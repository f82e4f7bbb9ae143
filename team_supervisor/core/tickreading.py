"""What does a scheduler's text say: which sessions run, and what was decided?"""

from typing import Any

import msgspec

from team_supervisor.core.ticking import RUNNING, Decision, Idle, Session, Spawning


class _Said(msgspec.Struct, rename="camel"):
    """One element of --session-labels; the age under any of the names that are in use."""

    label: str
    status: str | None = None
    age_seconds: float | None = None
    age: float | None = None
    old_age: float | None = msgspec.field(default=None, name="age_seconds")


def session_labels(text: str) -> list[Session]:
    """`[{"label", "status"?, "ageSeconds"?}]`, or a list of labels; ValueError says what is wrong.

    `age_seconds` and `age` are read as well. What is not said of a session counts as running.
    """
    try:
        found = msgspec.json.decode(text, type=list[str | _Said])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return [Session(each) if isinstance(each, str) else _session(each) for each in found]


def _session(said: _Said) -> Session:
    ages = (age for age in (said.age_seconds, said.old_age, said.age) if age is not None)
    return Session(said.label, said.status or RUNNING, next(ages, None))


def decision(text: str) -> Decision:
    """What `tick` printed; ValueError when it is something else.

    The reason `no-ready-beads` of older writers is `no-ready-tasks`.
    """
    try:
        found: Any = msgspec.json.decode(text)
        spawning = isinstance(found, dict) and found.get("action") == "spawn"
        if spawning:
            return msgspec.convert(found, Spawning)
        idle = msgspec.convert(found, Idle)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"this is no decision of `tick`: {error}") from None
    if idle["reason"] == "no-ready-beads":
        idle["reason"] = "no-ready-tasks"
    return idle
