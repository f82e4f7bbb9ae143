"""Can a team work on this machine, and what should be mended first?"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from team_supervisor.cli import diagnosis, options
from team_supervisor.cli.diagnosis import Check, Place
from team_supervisor.core.progress import clean
from team_supervisor.errors import TeamError

if TYPE_CHECKING:
    from team_supervisor.adapters.workspace import Workspace
    from team_supervisor.settings import Settings

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


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
    from team_supervisor.cli import notify, scheduling

    where = places.locate(workspace)
    found, said = _load_settings(where.settings, environ)
    configured = claude or (found.claude if found else environ.get("TEAM_SUPERVISOR_CLAUDE"))
    yield diagnosis.judge_python(sys.version_info[:3])
    yield said
    yield from _examine_claude(configured, environ)
    yield diagnosis.judge_workspace(_place(where.root))
    yield diagnosis.judge_filesystem(machine.filesystem_type(where.root))
    yield diagnosis.judge_disk(machine.free_bytes(where.root), machine.free_inodes(where.root))
    yield diagnosis.judge_leases(machine.leases_work(where.project))
    yield diagnosis.judge_inotify(machine.inotify_limits())
    yield diagnosis.judge_git(machine.which("git"))
    yield diagnosis.judge_tmux(machine.which("tmux"))
    yield diagnosis.judge_supervisor(locks.held_by(where.lock))
    yield _examine_team(where)
    yield _examine_service(where, environ)
    yield Check("notify", *notify.examined(where))
    yield Check("schedule", *scheduling.examined())


def _examine_team(where: "Workspace") -> Check:
    import sqlite3

    from team_supervisor.adapters import personas
    from team_supervisor.adapters.store import open_reader
    from team_supervisor.core.admission import doubles

    if not where.database.exists():
        return diagnosis.judge_team((), {})
    try:
        store = open_reader(where.database)
        live, stuck = [s for s in store.live() if not s.ended], store.deadlocks()
        store.close()
    except (TeamError, sqlite3.Error) as error:
        return Check("team", "warn", str(error))
    known = personas.load(personas.search_path(where.root, where.project)).by_name
    return diagnosis.judge_team(doubles(live, known), stuck)


def _examine_service(where: "Workspace", environ: Mapping[str, str]) -> Check:
    from team_supervisor.adapters import service as managers
    from team_supervisor.cli import service

    try:
        return diagnosis.judge_service(service.examine(managers.here(environ), where, environ))
    except TeamError as error:
        return Check("service", "warn", str(error))


def _load_settings(path: Path, environ: Mapping[str, str]) -> "tuple[Settings | None, Check]":
    from team_supervisor import settings

    try:
        found, warnings = settings.load(path, environ)
    except TeamError as error:
        return None, Check("settings", "fail", str(error))
    return found, diagnosis.judge_settings(path, os.access(path, os.F_OK), warnings)


def _examine_claude(configured: str | None, environ: Mapping[str, str]) -> Iterator[Check]:
    from team_supervisor.adapters import machine
    from team_supervisor.runners import claude

    try:
        binary = claude.find(configured, environ)
    except TeamError as error:
        yield Check("claude", "fail", str(error))
        return
    version = machine.claude_version(binary)
    yield diagnosis.judge_claude(binary, version)
    if version:
        yield diagnosis.judge_sign_in(machine.claude_sign_in(binary, environ))


def _place(path: Path) -> Place:
    from team_supervisor.adapters import machine

    nearest = machine.existing(path)
    writable = os.access(nearest, os.W_OK | os.X_OK)
    return Place(path, nearest, nearest.is_dir(), writable, _mode(nearest))


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return 0o700


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
