"""Does cron or a timer of systemd run the tick now, and should it?"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from team_supervisor.adapters import crontab, userfiles
from team_supervisor.core import schedule
from team_supervisor.errors import TeamError

FILE = "schedule.yaml"
LOG = "schedule.log"
EVERY = 300.0
# Handed on besides PATH, which cron does not know.
HANDED_ON = ("TEAM_SUPERVISOR_CLAUDE", "CLAUDE_CONFIG_DIR")
ARGV = (sys.executable, "-P", "-m", "team_supervisor", "schedule", "run")
AGAIN = "run `team-supervisor schedule on`"


Way = Literal["cron", "systemd"]


@dataclass(frozen=True, slots=True)
class State:
    """`wanted` by the person; `asleep` while there is nothing to do; `every` in seconds.

    `way`: who runs the tick; None when nobody was to so far.
    """

    wanted: bool = False
    asleep: bool = False
    every: float = EVERY
    way: Way | None = None


def path() -> Path:
    return userfiles.place(os.environ, FILE)


def log() -> Path:
    return userfiles.directory(os.environ) / LOG


def state() -> State:
    found = userfiles.load(path())
    every, way = found.get("every"), found.get("with")
    wanted = found.get("wanted") is True
    return State(
        wanted=wanted,
        asleep=found.get("asleep") is True,
        every=float(every) if isinstance(every, (int, float)) else EVERY,
        # Before there was a choice it was cron.
        way="systemd" if way == "systemd" else "cron" if wanted or way == "cron" else None,
    )


def on() -> float | None:
    """Every how many seconds a tick runs now; None when it does not, or nobody can tell."""
    try:
        found = state() if path().exists() else State()
        return found.every if found.wanted and not found.asleep and installed() else None
    except TeamError:
        return None


def way_for(given: Way | None) -> Way:
    """What the person says, else what it is on with, else cron where it is, else systemd."""
    from team_supervisor.cli import timing

    before = state()
    if given or (before.wanted and before.way):
        return given or before.way or "cron"
    if crontab.there_is(os.environ) or not timing.there_is():
        return "cron"
    return "systemd"


def turn_on(every: float, given: Way | None = None) -> list[Path]:
    """Where units are kept that somebody had changed."""
    way, before = way_for(given), state()
    _note(wanted=True, asleep=False, every=every, way=way)
    try:
        kept = _start(way, every)
    except TeamError:
        # What could not be turned on is not wanted by anybody who looks later.
        _note(wanted=before.wanted, asleep=before.asleep, every=before.every, way=before.way)
        raise
    other = before.way if before.way != way else None
    return kept + (_take_away(other) if other else [])


def turn_off() -> list[Path]:
    """Both ways: whichever it was on with, nothing of ours stays."""
    _note(wanted=False, asleep=False)
    return [*_take_away("cron"), *_take_away("systemd")]


def sleep() -> None:
    """There is nothing to do: nobody runs anything until `again`."""
    from team_supervisor.cli import timing

    found = state()
    if not found.wanted:
        return
    _note(asleep=True)
    if found.way == "systemd":
        timing.rest()
    else:
        _write(None)


def again() -> bool:
    """Something may be ready: on, if a person wanted it on. Whether that changed anything."""
    if not path().exists():
        return False
    found = state()
    if not (found.wanted and found.asleep):
        return False
    turn_on(found.every, found.way)
    return True


def rouse() -> None:
    """The same after a change that is done, which no trouble with either may undo or hide."""
    try:
        again()
    except TeamError as error:
        import click

        click.echo(f"the schedule stays off: {error}", err=True)


def installed() -> str | None:
    """Our entry in the crontab, or our timer; None also where neither can be."""
    if state().way == "systemd":
        from team_supervisor.cli import timing

        return timing.installed()
    if not crontab.there_is(os.environ):
        return None
    found = schedule.ours(crontab.read(os.environ))
    return None if found is None else found.decode("utf-8", "replace").strip()


def examined() -> "tuple[Literal['ok', 'warn'], str, str]":
    """For `doctor`: whether the tick is run, and what to do about it."""
    from team_supervisor.adapters import service

    try:
        found = state()
        entry = installed() if found.wanted else None
    except TeamError as error:
        return "warn", str(error), "correct that first"
    if not found.wanted:
        return "ok", "off", ""
    if found.asleep:
        return "ok", f"at rest ({found.way})", ""
    if entry is None:
        return "warn", f"it is to be on, and {found.way} has it not", AGAIN
    if found.way == "systemd" and service.here(os.environ).lingers() is False:
        return "warn", "its timer ends with your last logout", "run `loginctl enable-linger`"
    return "ok", f"on ({found.way})", ""


def _start(way: Way, every: float) -> list[Path]:
    from team_supervisor.cli import timing

    if way == "systemd":
        return timing.turn_on(every, _environment(), ARGV)
    _write(schedule.line(schedule.expression(every), _environment(), ARGV))
    return []


def _take_away(way: Way) -> list[Path]:
    from team_supervisor.cli import timing

    if way == "systemd":
        return timing.turn_off()
    if crontab.there_is(os.environ):
        _write(None)
    return []


def _environment() -> dict[str, str]:
    from team_supervisor.cli.service import search_path

    found = {"PATH": search_path(os.environ.get("PATH", ""))}
    found[userfiles.VARIABLE] = str(userfiles.directory(os.environ))
    return found | {name: os.environ[name] for name in HANDED_ON if os.environ.get(name)}


def _write(entry: bytes | None) -> None:
    found = crontab.read(os.environ)
    wanted = schedule.without(found) if entry is None else schedule.placed(found, entry)
    if wanted != found:
        crontab.write(wanted, os.environ)


def _note(**values: Any) -> None:
    if "way" in values:
        values["with"] = values.pop("way")
    userfiles.make_directory(os.environ)
    where = path()
    userfiles.change(where, where.with_name(f"{where.name}.lock"), lambda all_: all_.update(values))
