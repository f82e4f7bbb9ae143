"""Does cron run the tick now, and should it?"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from team_supervisor.adapters import crontab, userfiles
from team_supervisor.core import schedule
from team_supervisor.errors import TeamError

FILE = "schedule.yaml"
LOG = "schedule.log"
EVERY = 300.0
# Handed on besides PATH, which cron does not know.
HANDED_ON = ("TEAM_SUPERVISOR_CLAUDE", "CLAUDE_CONFIG_DIR")


@dataclass(frozen=True, slots=True)
class State:
    """`wanted` by the person; `asleep` while there is nothing to do; `every` in seconds."""

    wanted: bool = False
    asleep: bool = False
    every: float = EVERY


def path() -> Path:
    return userfiles.place(os.environ, FILE)


def log() -> Path:
    return userfiles.directory(os.environ) / LOG


def state() -> State:
    found = userfiles.load(path())
    every = found.get("every")
    return State(
        wanted=found.get("wanted") is True,
        asleep=found.get("asleep") is True,
        every=float(every) if isinstance(every, (int, float)) else EVERY,
    )


def on() -> float | None:
    """Every how many seconds cron runs a tick now; None when it does not, or nobody can tell."""
    try:
        found = state() if path().exists() else State()
        return found.every if found.wanted and not found.asleep and installed() else None
    except TeamError:
        return None


def turn_on(every: float) -> None:
    entry, before = _entry(every), state()
    _note(wanted=True, asleep=False, every=every)
    try:
        _write(entry)
    except TeamError:
        # What could not be turned on is not wanted by anybody who looks later.
        _note(wanted=before.wanted, asleep=before.asleep, every=before.every)
        raise


def turn_off() -> None:
    _note(wanted=False, asleep=False)
    if crontab.there_is(os.environ):
        _write(None)


def sleep() -> None:
    """There is nothing to do: cron runs nothing until `again`."""
    if state().wanted:
        _note(asleep=True)
        _write(None)


def again() -> bool:
    """Something may be ready: on, if a person wanted it on. Whether that changed anything."""
    if not path().exists():
        return False
    found = state()
    if not (found.wanted and found.asleep):
        return False
    turn_on(found.every)
    return True


def rouse() -> None:
    """The same after a change that is done, which no trouble with cron may undo or hide."""
    try:
        again()
    except TeamError as error:
        import click

        click.echo(f"the schedule stays off: {error}", err=True)


def installed() -> str | None:
    """Our entry in the crontab; None also where there is no cron."""
    if not crontab.there_is(os.environ):
        return None
    found = schedule.ours(crontab.read(os.environ))
    return None if found is None else found.decode("utf-8", "replace").strip()


def _entry(every: float) -> bytes:
    from team_supervisor.cli.service import search_path

    environment = {"PATH": search_path(os.environ.get("PATH", ""))}
    environment[userfiles.VARIABLE] = str(userfiles.directory(os.environ))
    environment |= {name: os.environ[name] for name in HANDED_ON if os.environ.get(name)}
    argv = (sys.executable, "-P", "-m", "team_supervisor", "schedule", "run")
    return schedule.line(schedule.expression(every), environment, argv)


def _write(entry: bytes | None) -> None:
    found = crontab.read(os.environ)
    wanted = schedule.without(found) if entry is None else schedule.placed(found, entry)
    if wanted != found:
        crontab.write(wanted, os.environ)


def _note(**values: Any) -> None:
    userfiles.make_directory(os.environ)
    where = path()
    userfiles.change(where, where.with_name(f"{where.name}.lock"), lambda all_: all_.update(values))
