"""Does a timer of systemd run the tick now?"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from team_supervisor.adapters import service
from team_supervisor.adapters.service import Answer, Systemd, Timer
from team_supervisor.core import timer
from team_supervisor.core.progress import clean
from team_supervisor.errors import TeamError


def here() -> Timer:
    return Timer(timer.NAME, os.environ)


def there_is() -> bool:
    """Whether systemd answers this user."""
    return Systemd(os.environ).answers()


def turn_on(every: float, environment: Mapping[str, str], argv: Sequence[str]) -> list[Path]:
    """Write both units and start the timer; where changed ones are kept that stood there."""
    wanted = timer.service(environment, argv), timer.timer(timer.interval(every))
    if not there_is():
        raise TeamError(
            "systemd does not answer this user: log in (not by `su`), or use cron "
            "with `schedule on --with cron`"
        )
    found = here()
    kept = [service.write(found.service, wanted[0]), service.write(found.path, wanted[1])]
    _require(found.start())
    return [path for path in kept if path]


def rest() -> None:
    """The units stay, and nothing starts them."""
    _require(here().stop())


def turn_off() -> list[Path]:
    """Take both units away, if they are there; where changed ones are kept."""
    found = here()
    there = [path for path in (found.path, found.service) if service.installed(path) is not None]
    answers = bool(there) and there_is()
    if answers and found.path in there:
        _require(found.stop())
    kept = [service.remove(path) for path in there]
    if answers:
        _require(found.forget())
    return [path for path in kept if path]


def installed() -> str | None:
    """Our timer, in words, where it is there and counts."""
    found = here()
    if service.installed(found.path) is None:
        return None
    state = found.state()
    return str(found.path) if state == "running" else None


def _require(answers: Iterable[Answer]) -> None:
    for answer in answers:
        if answer.code != 0:
            raise TeamError(f"`{answer}` failed ({clean(answer.text, 300) or answer.code})")
