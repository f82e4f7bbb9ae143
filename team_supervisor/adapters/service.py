"""Does this user's service manager run the supervisor?

The only module that knows systemctl, loginctl and launchctl. `Systemd` and `Launchd` answer the
same questions.
"""

import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from team_supervisor.adapters import files
from team_supervisor.core import unit as units
from team_supervisor.core.unit import Unit
from team_supervisor.errors import TeamError

State = Literal["running", "starting", "failed", "stopped", "unknown"]
PATIENCE = 120.0  # seconds; longer than systemd waits for a start (90)
_STATES: Mapping[str, State] = {
    "active": "running",
    "activating": "starting",
    "failed": "failed",
    "inactive": "stopped",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said; `code` 127 when it could not be started."""

    argv: tuple[str, ...]
    code: int
    text: str

    def __str__(self) -> str:
        """As a person would type it."""
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True)
class Systemd:
    """systemd's instance for one user (systemctl(1))."""

    environ: Mapping[str, str]

    def path(self, unit: Unit) -> Path:
        return _units(self.environ) / f"{unit.name}.service"

    def text(self, unit: Unit) -> str:
        return units.systemd(unit)

    def answers(self) -> bool:
        """False where this user has no instance: in a container, or logged in by `su`."""
        return _ask(self._call("show", "--property=Version"), self.environ).code == 0

    def start(self, unit: Unit) -> Iterator[Answer]:
        """Make it known, start it now and at each login; ends at the first that fails."""
        yield from self._each(
            self._call("daemon-reload"),
            self._call("enable", f"{unit.name}.service"),
            self._call("restart", f"{unit.name}.service"),
        )

    def stop(self, unit: Unit) -> Iterator[Answer]:
        yield from self._each(self._call("disable", "--now", f"{unit.name}.service"))

    def forget(self, unit: Unit) -> Iterator[Answer]:
        """Once the file is gone."""
        yield from self._each(self._call("daemon-reload"))

    def state(self, unit: Unit) -> State:
        argv = self._call("show", "--property=ActiveState", "--value", f"{unit.name}.service")
        return _STATES.get(_ask(argv, self.environ).text.strip(), "unknown")

    def lingers(self) -> bool | None:
        """Whether it, and the agents, go on after the last logout; None when nobody can tell."""
        argv = ("loginctl", "show-user", str(os.getuid()), "--property=Linger", "--value")
        return {"yes": True, "no": False}.get(_ask(argv, self.environ).text.strip())

    def by_hand(self, unit: Unit) -> str:
        return f"systemctl --user daemon-reload && systemctl --user enable --now {unit.name}"

    def _call(self, *arguments: str) -> tuple[str, ...]:
        return ("systemctl", "--user", *arguments)

    def _each(self, *calls: tuple[str, ...]) -> Iterator[Answer]:
        return _until_one_fails(calls, self.environ)


@dataclass(frozen=True, slots=True)
class Timer:
    """One of systemd's for one user, and the service of the same name that it starts."""

    name: str
    environ: Mapping[str, str]

    @property
    def service(self) -> Path:
        return _units(self.environ) / f"{self.name}.service"

    @property
    def path(self) -> Path:
        return _units(self.environ) / f"{self.name}.timer"

    def start(self) -> Iterator[Answer]:
        """Make it known, start it now and at each login; ends at the first that fails."""
        calls = (["daemon-reload"], ["enable", self.path.name], ["restart", self.path.name])
        yield from self._each(*calls)

    def stop(self) -> Iterator[Answer]:
        """Not the service: a tick that runs goes on."""
        yield from self._each(["disable", "--now", self.path.name])

    def forget(self) -> Iterator[Answer]:
        yield from self._each(["daemon-reload"])

    def state(self) -> State:
        argv = ("show", "--property=ActiveState", "--value", self.path.name)
        answer = _ask(("systemctl", "--user", *argv), self.environ)
        return _STATES.get(answer.text.strip(), "unknown")

    def _each(self, *calls: list[str]) -> Iterator[Answer]:
        return _until_one_fails([("systemctl", "--user", *call) for call in calls], self.environ)


@dataclass(frozen=True, slots=True)
class Launchd:
    """macOS's (launchctl(1)); a login session's, so there is no lingering."""

    environ: Mapping[str, str]

    def path(self, unit: Unit) -> Path:
        return home(self.environ) / "Library" / "LaunchAgents" / f"{unit.name}.plist"

    def text(self, unit: Unit) -> str:
        return units.launchd(unit, str(Path(unit.workspace, ".supervisor", "service.log")))

    def answers(self) -> bool:
        return _ask(("launchctl", "print", self._domain), self.environ).code == 0

    def start(self, unit: Unit) -> Iterator[Answer]:
        # One that is loaded already has to be unloaded, or the new file is not read.
        _ask(("launchctl", "bootout", f"{self._domain}/{unit.name}"), self.environ)
        calls = [
            ("launchctl", "enable", f"{self._domain}/{unit.name}"),
            ("launchctl", "bootstrap", self._domain, str(self.path(unit))),
        ]
        yield from _until_one_fails(calls, self.environ)

    def stop(self, unit: Unit) -> Iterator[Answer]:
        calls = [("launchctl", "bootout", f"{self._domain}/{unit.name}")]
        yield from _until_one_fails(calls, self.environ)

    def forget(self, unit: Unit) -> Iterator[Answer]:
        yield from ()

    def state(self, unit: Unit) -> State:
        answer = _ask(("launchctl", "print", f"{self._domain}/{unit.name}"), self.environ)
        if answer.code != 0:
            return "stopped"
        return "running" if "state = running" in answer.text else "starting"

    def lingers(self) -> bool | None:
        return None

    def by_hand(self, unit: Unit) -> str:
        return shlex.join(("launchctl", "bootstrap", self._domain, str(self.path(unit))))

    @property
    def _domain(self) -> str:
        return f"gui/{os.getuid()}"


def here(environ: Mapping[str, str]) -> Systemd | Launchd:
    return Launchd(environ) if sys.platform == "darwin" else Systemd(environ)


def _units(environ: Mapping[str, str]) -> Path:
    """Where systemd looks for a user's units (systemd.unit(5))."""
    given = environ.get("XDG_CONFIG_HOME", "")
    config = Path(given) if given.startswith("/") else home(environ) / ".config"
    return config / "systemd" / "user"


def home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or os.path.expanduser("~"))


def installed(path: Path) -> str | None:
    """The text of an installed unit; None when there is none, TeamError when it can't be read."""
    try:
        return files.read(path, real=0).decode("utf-8", "replace")
    except files.Unreadable as error:
        if os.path.lexists(path):
            raise TeamError(f"{path} {error}: move it away, then install again") from None
        return None


def drop_ins(path: Path) -> str:
    """What a person added by `systemctl --user edit`; later settings win."""
    found = sorted(path.with_name(f"{path.name}.d").glob("*.conf"))
    return "".join(f"\n{installed(part) or ''}" for part in found)


def write(path: Path, text: str) -> Path | None:
    """Replace the unit; one that somebody changed is kept aside, at the path returned."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = keep_aside(path)
    files.write(path, text, real=0)  # people keep ~/.config elsewhere, behind a link
    return kept


def remove(path: Path) -> Path | None:
    """Take our unit away; one that somebody changed is kept aside, at the path returned."""
    kept = keep_aside(path)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    return kept


def keep_aside(path: Path) -> Path | None:
    text = installed(path)
    if text is None or units.is_ours(text):
        return None
    for number in range(1, 1000):
        aside = path.with_name(f"{path.name}.kept-{number}")
        if not os.path.lexists(aside):
            os.rename(path, aside)
            return aside
    raise OSError(f"a thousand files named {path.name}.kept stand in the way")


def may_be_protected() -> bool:
    """May processes of this user be spared when memory runs out? Tried on a child process.

    Only with CAP_SYS_RESOURCE, or below a parent that had it (proc(5), oom_score_adj).
    """
    trial = "import os; os.write(os.open('/proc/self/oom_score_adj', os.O_WRONLY), b'-100')"
    return _ask((sys.executable, "-I", "-S", "-c", trial), os.environ).code == 0


def _until_one_fails(
    calls: Sequence[tuple[str, ...]], environ: Mapping[str, str]
) -> Iterator[Answer]:
    for argv in calls:
        answer = _ask(argv, environ)
        yield answer
        if answer.code != 0:
            return


def _ask(argv: tuple[str, ...], environ: Mapping[str, str]) -> Answer:
    try:
        done = subprocess.run(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Answer(argv, 127, str(error))
    return Answer(argv, done.returncode, done.stdout.decode("utf-8", "replace"))
