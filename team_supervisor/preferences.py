"""What did the person set for everything on this machine, in config.yaml?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from team_supervisor.adapters import files, userfiles
from team_supervisor.core import telling
from team_supervisor.core.telling import Notify
from team_supervisor.errors import UsageError

# How often the file is looked at (seconds).
EACH = 2.0


class Preferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """config.yaml."""

    verbose: bool = False
    notify: Notify = Notify()


def path(environ: Mapping[str, str]) -> Path:
    return userfiles.place(environ, userfiles.CONFIG)


def load(environ: Mapping[str, str]) -> Preferences:
    """What holds now; UsageError, which shows no value, when the file is broken."""
    return checked(userfiles.load(path(environ)), path(environ))


def checked(values: Mapping[str, object], where: Path) -> Preferences:
    try:
        found = msgspec.convert(values, Preferences)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {error}: correct it there") from None
    if names := telling.unknown(found.notify):
        raise UsageError(
            f"{where}: notify.events has no event {names[0]!r}: there are "
            f"{', '.join(telling.EVENTS)}"
        )
    return found


@dataclass(slots=True)
class PreferencesFile:
    """config.yaml while a program runs; while it is broken, what it said before holds."""

    environ: Mapping[str, str]
    _held: Preferences = field(default_factory=Preferences)
    _seen: files.Signature | None = None
    _looked_at: float = float("-inf")

    def current(self, monotonic: float) -> Preferences:
        if monotonic - self._looked_at >= EACH:
            self._looked_at = monotonic
            found = files.signature(path(self.environ))
            if found != self._seen:
                self._seen = found
                try:
                    self._held = load(self.environ)
                except UsageError:
                    pass  # `config list` and `doctor` say what is wrong with it
        return self._held
