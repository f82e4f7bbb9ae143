"""How does a person have a team supervised for good?"""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from team_supervisor.cli import options
from team_supervisor.errors import TeamError

if TYPE_CHECKING:
    from team_supervisor.adapters.service import Answer, Launchd, State, Systemd
    from team_supervisor.adapters.workspace import Workspace
    from team_supervisor.core.unit import Unit

# Besides PATH: where Claude Code is and keeps its sign-in. No secret is ever written into a unit.
HANDED_ON = ("TEAM_SUPERVISOR_CLAUDE", "CLAUDE_CONFIG_DIR")
SECRETS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
NO_MANAGER = ": no service manager of this user answers here, only after a real login"
LINGER = "loginctl enable-linger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of a workspace's service; `different` names settings that are not as ours."""

    name: str
    path: str
    installed: bool
    different: tuple[str, ...]
    state: "State"
    lingers: bool | None
    supervisor: str | None


@click.group("service", epilog="Example: team-supervisor service install")
def command() -> None:
    """Have the team of a workspace supervised for good: after a crash, from each login on.

    Uses systemd's user instance, or launchd on macOS.
    """


@command.command(epilog="Example: team-supervisor service install -w .database")
@options.workspace
@click.option("--no-start", is_flag=True, help="Write the unit only; start nothing.")
def install(workspace: str, no_start: bool) -> None:
    """Write the unit of this workspace, and start it. Once more brings it up to date."""
    from team_supervisor.adapters import service
    from team_supervisor.adapters.workspace import locate, require

    found = require(locate(workspace))
    _install(service.here(os.environ), unit(found, os.environ), start=not no_start)


def _install(manager: "Systemd | Launchd", wanted: "Unit", *, start: bool) -> None:
    from team_supervisor.adapters import service

    path = manager.path(wanted)
    _tell_kept(service.write(path, manager.text(wanted)))
    click.echo(f"Wrote {path}")
    _tell_secrets(manager.environ)
    if not start:
        click.echo(f"Start it:  {manager.by_hand(wanted)}")
        return
    if not manager.answers():
        click.echo(
            "Nothing was started, as no service manager of this user answers here; where one "
            f"does (after a real login), run: {manager.by_hand(wanted)}"
        )
        return
    _require(manager.start(wanted))
    click.echo("It supervises from now on, and after each login")
    if manager.lingers() is False:
        click.echo(f"To go on when you log out, agents included:  {LINGER}")


@command.command(epilog="Example: team-supervisor service uninstall")
@options.workspace
def uninstall(workspace: str) -> None:
    """Stop the supervisor and take its unit away. The agents go on."""
    from team_supervisor.adapters import service
    from team_supervisor.adapters.workspace import locate

    _uninstall(service.here(os.environ), unit(locate(workspace), os.environ))


def _uninstall(manager: "Systemd | Launchd", wanted: "Unit") -> None:
    from team_supervisor.adapters import service

    path = manager.path(wanted)
    if service.installed(path) is None:
        click.echo(f"Nothing to uninstall: there is no {path}")
        return
    answers = manager.answers()
    if answers:
        _require(manager.stop(wanted))
    _tell_kept(service.remove(path))
    if answers:
        _require(manager.forget(wanted))
    click.echo(f"Removed {path}")
    click.echo("Agents that run go on, unsupervised; `team stop` ends them")


@command.command(epilog="Example: team-supervisor service status --json")
@options.workspace
@options.as_json
def status(workspace: str, as_json: bool) -> None:
    """Say whether this workspace has a service, and how it is."""
    from team_supervisor.adapters import service
    from team_supervisor.adapters.workspace import locate

    where = locate(workspace)
    found = examine(service.here(os.environ), where, os.environ)
    if as_json:
        import json

        click.echo(json.dumps(asdict(found), indent=2))
        return
    for line in _lines(found):
        click.echo(line)


def unit(where: "Workspace", environ: Mapping[str, str]) -> "Unit":
    """The unit of a workspace, as this installation of the program would write it now."""
    from team_supervisor.adapters import service
    from team_supervisor.core.unit import Unit

    handed_on = {name: environ[name] for name in HANDED_ON if environ.get(name)}
    return Unit(
        workspace=str(where.root),
        program=(sys.executable, "-P", "-m", "team_supervisor"),
        environment={"PATH": search_path(environ.get("PATH", "")), **handed_on},
        protected=service.may_be_protected(),
    )


def search_path(given: str) -> str:
    """Only absolute directories, each once: a service has no place that `.` could mean."""
    absolute = [place for place in given.split(os.pathsep) if place.startswith("/")]
    return os.pathsep.join(dict.fromkeys(absolute)) or os.defpath


def examine(manager: "Systemd | Launchd", where: "Workspace", environ: Mapping[str, str]) -> Found:
    from team_supervisor.adapters import locks, service
    from team_supervisor.core.unit import differences

    wanted = unit(where, environ)
    path = manager.path(wanted)
    text = service.installed(path)
    if text is not None:
        text += service.drop_ins(path)
    holder = locks.held_by(where.lock)
    return Found(
        name=wanted.name,
        path=str(path),
        installed=text is not None,
        different=differences(text, manager.text(wanted)) if text is not None else (),
        state=manager.state(wanted),
        lingers=manager.lingers(),
        supervisor=str(holder) if holder else None,
    )


def _lines(found: Found) -> Iterable[str]:
    from team_supervisor.core.progress import clean

    if not found.installed:
        yield "Not installed: install it with `team-supervisor service install`"
    else:
        yield f"Unit:       {clean(found.path, 400)}"
        yield f"State:      {found.state}{NO_MANAGER if found.state == 'unknown' else ''}"
    yield f"Supervisor: {found.supervisor or 'none is running'}"
    if found.different:
        yield (
            f"Different:  {', '.join(found.different)} (not as `service install` writes it here; "
            "run that to bring it up to date)"
        )
    if found.installed and found.lingers is False:
        yield f"Lingering:  no: it ends with your last logout, agents included ({LINGER})"


def _require(answers: "Iterable[Answer]") -> None:
    """Say what is done; TeamError with the manager's own words when it fails."""
    from team_supervisor.core.progress import clean

    for answer in answers:
        if answer.code != 0:
            raise TeamError(f"`{answer}` failed ({clean(answer.text, 300) or answer.code})")
        click.echo(f"Ran {answer}")


def _tell_kept(kept: Path | None) -> None:
    if kept is not None:
        click.echo(f"The unit there had been changed by somebody: it is kept as {kept}")


def _tell_secrets(environ: Mapping[str, str]) -> None:
    """A unit is readable by others, and `systemctl show` prints it."""
    for name in SECRETS:
        if environ.get(name):
            click.echo(
                f"{name} is not written into it: sign in with `claude auth login`, or name a file "
                "of yours with EnvironmentFile= by `systemctl --user edit`"
            )
