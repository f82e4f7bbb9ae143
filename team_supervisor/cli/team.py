"""How does a person start, see and stop a team?"""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from team_supervisor.adapters import clock, locks
from team_supervisor.adapters.store import open_store
from team_supervisor.adapters.workspace import Workspace, create, locate, require, scan, unrecorded
from team_supervisor.cli import options
from team_supervisor.cli.sessions import board, choose, opened
from team_supervisor.core.events import Event
from team_supervisor.core.model import Session, Wanted
from team_supervisor.core.roster import UNTIL_RESUMED, Board
from team_supervisor.core.words import dollars
from team_supervisor.errors import TeamError

if TYPE_CHECKING:
    from team_supervisor.adapters.store import Store
    from team_supervisor.cli.founding import Founding, Member
    from team_supervisor.settings import Settings

FOUNDS = "team start"
# Supervisors that are there to stay; the others hold a workspace for a moment.
LASTING = ("orchestrate", "service")
# A service stays stopped; whoever calls `orchestrate` wants the team to go on.
GOES_ON = "the next `orchestrate` or `team resume`"


@click.group(name="team", epilog="Example: team-supervisor team start 'Build a REST API' --run")
def command() -> None:
    """Start, stop and look at the team of a workspace."""


@command.command(epilog='Example: team-supervisor team start "Build REST API" --engineers 2 --run')
@click.argument("goal")
@options.workspace
@click.option(
    "--engineers", type=click.IntRange(0, 50), default=0, help="Engineers from the start."
)
@click.option("--interns", type=click.IntRange(0, 50), default=0, help="Interns from the start.")
@click.option("--run", "run_it", is_flag=True, help="Go on into `orchestrate`.")
def start(goal: str, workspace: str, engineers: int, interns: int, run_it: bool) -> None:
    """Make a workspace with a manager and an architect who are to reach GOAL."""
    from team_supervisor.cli.founding import Founding
    from team_supervisor.settings import load

    if not goal.strip():
        raise TeamError("the goal is empty: say what the team is to build")
    found = locate(workspace)
    create(found)
    load(found.settings, os.environ)
    made = _found_team(found, Founding(goal, engineers, interns))
    click.echo(f"Team for: {goal}")
    click.echo(f"   Workspace: {workspace}")
    for member in made:
        click.echo(f"   {member.persona}: {member.id}")
    if holder := locks.held_by(found.lock):
        click.echo(f"It begins:  supervised by {holder}")
    elif run_it:
        from team_supervisor.cli import orchestrate
        from team_supervisor.reload import SettingsFile

        with orchestrate.sink(False) as show:
            orchestrate.run(SettingsFile(found), show)
        return
    else:
        click.echo(f"Run it:  team-supervisor orchestrate -w {workspace}")
    click.echo(f"Watch:   team-supervisor track -w {workspace}")


def _found_team(found: Workspace, wanted: "Founding") -> "list[Member]":
    from team_supervisor.settings import load

    settings, _ = load(found.settings, os.environ)
    holder = locks.held_by(found.lock)
    if holder and holder.command in LASTING:
        return _found_beside(found, settings, wanted)
    from team_supervisor.cli.founding import complete, found_members
    from team_supervisor.supervisor import supervise

    with supervise(found, settings, os.environ, _silent, FOUNDS) as supervisor:
        if ids := complete(supervisor.tools):
            raise _cut_short(found, len(ids))
        _require_idle(found, supervisor.store)
        return found_members(supervisor.tools, wanted)


def _found_beside(found: Workspace, settings: "Settings", wanted: "Founding") -> "list[Member]":
    """Two at once would found two teams: one of them holds the lock, the other ends."""
    from team_supervisor.cli.joining import join, keep

    ours = locks.ourselves(FOUNDS, clock.stamp(clock.now().wall))
    lock = locks.hold(found.control / "founding", ours)
    store = open_store(found.database)
    try:
        if ids := keep(found, store):
            raise _cut_short(found, len(ids))
        _require_idle(found, store)
        return join(found, store, settings, wanted)
    finally:
        store.close()
        os.close(lock)


def _cut_short(found: Workspace, members: int) -> TeamError:
    return TeamError(
        f"an earlier `team start` in {found.root} was cut short; its team of {members} is whole "
        "now: run it with `orchestrate`, or end it with `team stop`"
    )


def _require_idle(found: Workspace, store: "Store") -> None:
    living = [s for s in store.live() if not s.ended]
    if living:
        raise TeamError(
            f"a team is at work in {found.root} already ({len(living)} sessions): "
            "run it with `orchestrate`, end it with `team stop`, or name another --workspace"
        )


def _silent(at: float, event: Event) -> None:
    """`team start` says what it made itself."""


@command.command(epilog="Example: team-supervisor team status --json")
@options.workspace
@options.as_json
def status(workspace: str, as_json: bool) -> None:
    """Say in a few lines how the team is."""
    found, store = opened(workspace)
    shown = board(found, store)
    if as_json:
        import json

        from team_supervisor.cli.show import board_json

        click.echo(json.dumps(board_json(shown), indent=2))
        return
    for line in _summary(shown):
        click.echo(line)


NOBODY = "none is running (start one with `orchestrate`)"


def _summary(shown: Board) -> list[str]:
    from team_supervisor.cli import show
    from team_supervisor.core.progress import clean

    totals = shown.totals()
    lines = [
        f"Workspace:  {clean(shown.workspace, 400)}",
        f"Supervisor: {clean(shown.supervisor or NOBODY, 400)}",
        f"Sessions:   {totals['running']} running, {totals['completed']} completed, "
        f"{totals['failed']} failed, {totals['sessions']} in all",
        f"Tasks:      {totals['tasks_done']} of {totals['tasks_total']} done",
        f"Cost:       {dollars(totals['cost_usd'])}",
    ]
    if shown.stopped:
        lines.insert(2, f"Team:       {UNTIL_RESUMED.removeprefix('the team is ')}")
    if shown.requests:
        lines.append(f"Requests:   {len(shown.requests)} waiting")
    lines += [
        "   " + clean(f"{request.name}: {request.status}: {request.reason}", 200)
        for request in shown.requests
    ]
    for session in shown.sessions:
        if not session.archived:
            words = show.status(session, clock.now().wall)
            lines.append("   " + clean(f"{session.id} ({session.name}): {words}", 200))
    return lines


@command.command(epilog="Example: team-supervisor team stop --now")
@click.argument("sessions", nargs=-1, metavar="[SESSION]...")
@options.workspace
@click.option("--now", "at_once", is_flag=True, help="Skip the grace: end the processes at once.")
def stop(sessions: tuple[str, ...], workspace: str, at_once: bool) -> None:
    """End the team, or the named SESSIONs. Their directories are kept."""
    found = require(locate(workspace))
    if not found.database.exists():
        why = unrecorded(found)
        if sessions or scan(found).sessions:
            raise why
        click.echo(f"Nothing to stop: {why}")
        return
    wanted = Wanted.STOP_NOW if at_once else Wanted.STOP
    holder = locks.held_by(found.lock)
    stopping = _want_stopped(found, sessions, wanted)
    locks.ring(found.doorbell)
    if not stopping:
        click.echo(_nobody(found, holder))
        return
    from team_supervisor.cli.stopping import wait_until_stopped

    wait_until_stopped(found, stopping)


def want_team_stopped(found: Workspace) -> list[Session]:
    """Of everybody, as `team stop` does without names."""
    return _want_stopped(found, (), Wanted.STOP)


def _want_stopped(found: Workspace, names: tuple[str, ...], wanted: Wanted) -> list[Session]:
    """Write the want; the one writer of state acts on it."""
    store = open_store(found.database)
    try:
        everyone = store.sessions()
        living = [s for s in everyone if not s.ended]
        named = {s.id: s for s in (choose(everyone, name) for name in names)}
        chosen = list(named.values()) if names else living
        ended = [s for s in chosen if s.ended]
        if ended:
            raise TeamError(f"{ended[0].id} has ended already ({ended[0].state})")
        with store.transaction():
            if not names and (living or _goes_on(store, found)):
                store.set_team("wanted", "stop")
                store.set_team("stop_asked_at", str(clock.now().wall))
            for session in chosen:
                store.want(session.id, wanted)
        return [replace(s, wanted=wanted) for s in chosen]
    finally:
        store.close()


def _goes_on(store: "Store", found: Workspace) -> bool:
    """Does a supervisor wait for more, or would anything start by itself?"""
    from team_supervisor.adapters.tasktable import TaskTable
    from team_supervisor.core.taskgraph import TaskState
    from team_supervisor.ticklook import requests_in

    if store.team("wanted") == "stop":
        return False
    if (holder := locks.held_by(found.lock)) and holder.command in LASTING:
        return True
    queued = TaskTable(store).counts().get(TaskState.QUEUED, 0)
    return bool(queued or store.open_requests() or requests_in(str(found.root)))


def _nobody(found: Workspace, holder: locks.Holder | None) -> str:
    store = open_store(found.database)
    stopped = store.team("wanted") == "stop"
    store.close()
    ends = "; `orchestrate` ends" if holder and holder.command == "orchestrate" else ""
    goes_on = "`team resume`" if holder and holder.command == "service" else GOES_ON
    more = f"{ends}, and nothing more starts until {goes_on}" if stopped else ""
    return f"Nothing to stop: no session is at work{more}"


@command.command(epilog="Example: team-supervisor team resume")
@options.workspace
def resume(workspace: str) -> None:
    """Let a stopped team go on where it was; the supervisor acts on it."""
    from team_supervisor.supervisor import take_up_stopped_team

    found = require(locate(workspace))
    if not found.database.exists():
        raise unrecorded(found)
    store = open_store(found.database)
    try:
        if store.team("wanted") != "stop":
            click.echo("Nothing to resume: the team was not stopped")
            return
        take_up_stopped_team(store)
    finally:
        store.close()
    locks.ring(found.doorbell)
    holder = locks.held_by(found.lock)
    click.echo("The team goes on" if holder else "The team goes on once `orchestrate` runs")
