"""Can a team work on this machine, and what should be mended first?"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from team_supervisor.cli import options
from team_supervisor.core.progress import clean
from team_supervisor.errors import TeamError

if TYPE_CHECKING:
    from team_supervisor.adapters.locks import Holder
    from team_supervisor.adapters.workspace import Workspace
    from team_supervisor.cli.service import Found
    from team_supervisor.settings import Settings

Status = Literal["ok", "warn", "fail"]

LEAST_PYTHON, LEAST_INODES = (3, 11), 1_000
MEGABYTE = 1_000_000
DISK_FAILS, DISK_WARNS = 256 * MEGABYTE, 1000 * MEGABYTE
LEAST_INOTIFY = {"max_user_watches": 8_192, "max_user_instances": 64}
# Settings of a unit, systemd's and launchd's, and what others than ours do.
FATAL = {
    frozenset({"KillMode", "Delegate", "AbandonProcessGroup"}): "ends agents with the supervisor",
    frozenset({"ExecStart", "ProgramArguments"}): "runs another program or workspace",
}
STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `advice` says what to do about it."""

    name: str
    status: Status
    detail: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the workspace is or would be; `nearest` is what exists of its path."""

    path: Path
    nearest: Path
    is_directory: bool
    is_writable: bool


@click.command("doctor")
@options.workspace_path
@click.option("--claude", metavar="BIN", help="The Claude Code program to look at.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(workspace: Path, claude: str | None, as_json: bool) -> None:
    """Check that a team can work here. Nothing is started and nothing is spent.

    Ends with 1 if something must be mended first.

    \b
    Example:
      team-supervisor doctor
    """
    with _progress():
        checks = [_safe(check) for check in _examine(workspace, claude, os.environ)]
    if as_json:
        click.echo(json.dumps({"checks": [asdict(check) for check in checks]}, indent=2))
    elif sys.stdout.isatty():
        _print_table(checks)
    else:
        _print_lines(checks)
    if any(check.status == "fail" for check in checks):
        click.get_current_context().exit(1)


@contextlib.contextmanager
def _progress() -> Iterator[None]:
    """Claude Code may take seconds to answer; what is shown meanwhile goes to standard error."""
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status("Looking at this machine"):
        yield


def _examine(workspace: Path, claude: str | None, environ: Mapping[str, str]) -> Iterator[Check]:
    from team_supervisor.adapters import locks, machine
    from team_supervisor.adapters import workspace as places
    from team_supervisor.cli import notify

    where = places.locate(workspace)
    found, said = _load_settings(where.settings, environ)
    configured = claude or (found.claude if found else environ.get("TEAM_SUPERVISOR_CLAUDE"))
    yield judge_python(sys.version_info[:3])
    yield said
    yield from _examine_claude(configured, environ)
    yield judge_workspace(_place(where.root))
    yield judge_filesystem(machine.filesystem_type(where.root))
    yield judge_disk(machine.free_bytes(where.root), machine.free_inodes(where.root))
    yield judge_leases(machine.leases_work(where.project))
    yield judge_inotify(machine.inotify_limits())
    yield judge_git(machine.which("git"))
    yield judge_tmux(machine.which("tmux"))
    yield judge_supervisor(locks.held_by(where.lock))
    yield _examine_service(where, environ)
    yield Check("notify", *notify.examined(where))


def _examine_service(where: "Workspace", environ: Mapping[str, str]) -> Check:
    from team_supervisor.adapters import service as managers
    from team_supervisor.cli import service

    try:
        return judge_service(service.examine(managers.here(environ), where, environ))
    except TeamError as error:
        return Check("service", "warn", str(error))


def _load_settings(path: Path, environ: Mapping[str, str]) -> "tuple[Settings | None, Check]":
    from team_supervisor import settings

    try:
        found, warnings = settings.load(path, environ)
    except TeamError as error:
        return None, Check("settings", "fail", str(error))
    return found, judge_settings(path, os.access(path, os.F_OK), warnings)


def _examine_claude(configured: str | None, environ: Mapping[str, str]) -> Iterator[Check]:
    from team_supervisor.adapters import machine
    from team_supervisor.runners import claude

    try:
        binary = claude.find(configured, environ)
    except TeamError as error:
        yield Check("claude", "fail", str(error))
        return
    version = machine.claude_version(binary)
    yield judge_claude(binary, version)
    if version:
        yield judge_sign_in(machine.claude_sign_in(binary, environ))


def _place(path: Path) -> Place:
    from team_supervisor.adapters import machine

    nearest = machine.existing(path)
    return Place(path, nearest, nearest.is_dir(), os.access(nearest, os.W_OK | os.X_OK))


def judge_python(version: tuple[int, ...]) -> Check:
    shown = ".".join(map(str, version))
    if version[:2] >= LEAST_PYTHON:
        return Check("python", "ok", shown)
    least = ".".join(map(str, LEAST_PYTHON))
    return Check("python", "fail", shown, f"install Python {least} or newer")


def judge_settings(path: Path, exists: bool, warnings: Sequence[str]) -> Check:
    if warnings:
        return Check("settings", "warn", "; ".join(warnings), "correct or remove it there")
    return Check("settings", "ok", str(path) if exists else "the defaults (no team.yaml)")


def judge_claude(binary: str, version: str | None) -> Check:
    if version:
        return Check("claude", "ok", f"{version} at {binary}")
    detail = f"{binary} does not say its version as Claude Code does"
    return Check("claude", "fail", detail, f"see what `{binary} --version` prints")


def judge_sign_in(state: str) -> Check:
    match state:
        case "not signed in":
            advice = "run `claude auth login`, or set ANTHROPIC_API_KEY"
            return Check("sign-in", "fail", state, advice)
        case "unknown":
            detail = "cannot tell whether Claude Code is signed in"
            return Check("sign-in", "warn", detail, "run `claude auth status`")
    return Check("sign-in", "ok", state)


def judge_workspace(place: Place) -> Check:
    exists = place.nearest == place.path
    if not place.is_directory:
        detail = f"{place.nearest} is not a directory"
        return Check("workspace", "fail", detail, "move it, or name another with --workspace")
    if not place.is_writable:
        detail = f"{place.nearest} is not writable"
        advice = "make it writable, or name another with --workspace"
        return Check("workspace", "fail", detail, advice)
    return Check("workspace", "ok", f"{place.path} {'exists' if exists else 'can be made'}")


def judge_filesystem(kind: str) -> Check:
    from team_supervisor.adapters import machine

    if not machine.is_network_filesystem(kind):
        return Check("file system", "ok", kind)
    detail = f"{kind} is a network file system: locks and file events may not hold there"
    return Check("file system", "warn", detail, "keep the workspace on a local disk")


def judge_disk(free: int, inodes: int | None) -> Check:
    room = f"{free / MEGABYTE:,.0f} MB free"
    if inodes is not None and inodes < LEAST_INODES:
        return Check("disk", "fail", f"{room}, but only {inodes:,} more files fit", "remove files")
    if free >= DISK_WARNS:
        return Check("disk", "ok", room)
    return Check("disk", "fail" if free < DISK_FAILS else "warn", room, "make room on this disk")


def judge_leases(work: bool) -> Check:
    if work:
        return Check("leases", "ok", "a file that is still being written is known exactly")
    detail = "no file leases here: a request counts once it is unchanged for 2 s"
    return Check("leases", "warn", detail, "make requests with `team-supervisor request`")


def judge_inotify(limits: Mapping[str, int] | None) -> Check:
    if limits is None:
        detail = "no inotify here: requests are found by looking every 2 s"
        return Check("inotify", "warn", detail, "nothing needs to be done")
    low = {key: least for key, least in LEAST_INOTIFY.items() if limits.get(key, least) < least}
    shown = ", ".join(f"{key} {limits[key]:,}" for key in LEAST_INOTIFY if key in limits)
    if not low:
        return Check("inotify", "ok", shown)
    raise_them = " ".join(f"fs.inotify.{key}={least}" for key, least in low.items())
    return Check("inotify", "warn", shown, f"run `sudo sysctl {raise_them}`")


def judge_git(path: str | None) -> Check:
    if path:
        return Check("git", "ok", path)
    return Check("git", "warn", "not found", "install git: agents keep their work with it")


def judge_tmux(path: str | None) -> Check:
    if path:
        return Check("tmux", "ok", path)
    advice = "optional: it keeps a terminal, and a supervisor in it, when you log out"
    return Check("tmux", "warn", "not found", advice)


def judge_supervisor(holder: "Holder | None") -> Check:
    return Check("supervisor", "ok", f"running: {holder}" if holder else "none runs here")


def judge_service(found: "Found") -> Check:
    again = "run `team-supervisor service install`"
    if not found.installed:
        return Check("service", "ok", f"none; to have the team supervised for good, {again}")
    different = ", ".join(found.different)
    for settings, does in FATAL.items():
        if settings & {*found.different}:
            return Check("service", "fail", f"{found.path} {does} ({different})", again)
    if found.state == "failed":
        return Check("service", "fail", "has failed", f"see `journalctl --user -u {found.name}`")
    if different or found.state != "running":
        words = f"has other settings ({different})" if different else f"is {found.state}"
        return Check("service", "warn", f"{found.path} {words}", again)
    if found.lingers is False:
        detail = "it, and the agents with it, ends with your last logout"
        return Check("service", "warn", detail, "run `loginctl enable-linger`")
    return Check("service", "ok", f"running: {found.path}")


def _safe(check: Check) -> Check:
    """Paths and what programs print must not command the terminal."""
    return replace(check, detail=clean(check.detail, 400), advice=clean(check.advice, 400))


def _print_lines(checks: Sequence[Check]) -> None:
    width = max(len(check.name) for check in checks)
    for check in checks:
        told = "; ".join(filter(None, (check.detail, check.advice)))
        click.echo(f"{check.status:<4}  {check.name:<{width}}  {told}")


def _print_table(checks: Sequence[Check]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for check in checks:
        told = Text(check.detail)
        if check.advice:
            told.append(f"\n{check.advice}", style="dim" if check.status == "ok" else "cyan")
        table.add_row(Text(check.status, style=STYLES[check.status]), check.name, told)
    Console().print(table)
