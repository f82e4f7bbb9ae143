"""why: from which signals is a session's status known, and what would change it?"""

import json
import os
from typing import TYPE_CHECKING

import click

from team_supervisor.cli import options

if TYPE_CHECKING:
    from team_supervisor.adapters.processes import HostView
    from team_supervisor.adapters.store import Store
    from team_supervisor.adapters.workspace import Workspace
    from team_supervisor.core.completion import TasksReading
    from team_supervisor.core.health import Health
    from team_supervisor.core.model import Moment, Session
    from team_supervisor.core.why import Explanation, Finding, Signals
    from team_supervisor.core.world import World
    from team_supervisor.settings import Settings

EPILOG = "Example: team-supervisor why api-developer"
LAST = 5


@click.command("why", epilog=EPILOG)
@click.argument("session")
@options.as_json
@options.workspace
def command(session: str, workspace: str, as_json: bool) -> None:
    """Say why SESSION is in the state it is shown in.

    Each line names the signal behind it and how old that is, and what would change it. Where
    signals disagree, it says so.
    """
    import msgspec

    from team_supervisor.cli import sessions
    from team_supervisor.core.why import explain

    place, store = sessions.opened(workspace)
    found = sessions.find(store, session)
    told = explain(_signals(place, store, found))
    last = store.events_of(found.id)[-LAST:]
    if as_json:
        from team_supervisor.cli.history import row

        shown = {"session": found.id, **msgspec.to_builtins(told)}
        click.echo(
            json.dumps({**shown, "last": [row(at, event) for _, at, event in last]}, indent=2)
        )
        return
    _print(found, told)
    if last:
        from team_supervisor.cli.history import line

        click.echo("\nLast:")
        for _, at, event in last:
            click.echo(f"  {line(at, event)}")


def _signals(place: "Workspace", store: "Store", session: "Session") -> "Signals":
    from team_supervisor.adapters import clock, files, locks, processes
    from team_supervisor.core.budgets import account_of
    from team_supervisor.core.conduct import waits_for
    from team_supervisor.core.holding import limited_until
    from team_supervisor.core.projects import with_project
    from team_supervisor.core.taskqueue import Queue
    from team_supervisor.core.why import Signals
    from team_supervisor.money import with_options
    from team_supervisor.settings import load

    now = clock.now()
    settings, _ = load(place.settings, os.environ)
    if holder := locks.held_by(place.lock):
        settings = with_options(settings, store)
    world = _world(store, settings, now)
    process = processes.look(place.session_control(session.id), session.attempt)
    directory = place.root / session.directory
    transcript = files.signature(directory / "transcript.jsonl")
    reading, written = _tasks(directory)
    return Signals(
        session=session,
        now=now,
        supervisor=str(holder) if holder else None,
        locked=process.locked,
        host=process.host is not None,
        agent=process.agent is not None,
        exited=_exited(process),
        tasks=reading,
        tasks_age=None if written is None else max(0.0, now.wall - written),
        unread=max(0, transcript.size - session.transcript_offset) if transcript else 0,
        unseen=len(store.unseen().get(session.id, ())),
        waits_for=tuple(filter(None, waits_for(session, world).split(", "))),
        limit_until=limited_until(session, world),
        account=account_of(session, world.rules.budgets, now),
        rules=world.rules,
        held_up=with_project(Queue(), settings.project).held_up,
        health=None if session.ended else _health(place, session),
    )


def _health(place: "Workspace", session: "Session") -> "Health | None":
    from team_supervisor.cli.agents import measured

    found = (health for view, health in measured(str(place.root)) if view.id == session.id)
    return next(found, None)


def _world(store: "Store", settings: "Settings", now: "Moment") -> "World":
    """What decisions look at, without a look at anybody's process."""
    from dataclasses import replace

    from team_supervisor.core.admission import Team
    from team_supervisor.core.world import World
    from team_supervisor.money import in_force
    from team_supervisor.observe import rules

    return World(
        now=now,
        sessions=(),
        requests=(),
        vanished=(),
        strays=(),
        team=Team(personas={}, live={}, known={}, spawned=0, disk_free=0, limits=settings.limits),
        rules=replace(rules(settings), budgets=in_force(settings.budgets, store)),
        others=tuple(s for s in store.sessions() if not s.ended),
    )


def _exited(process: "HostView") -> str | None:
    from team_supervisor.core.model import Exit
    from team_supervisor.core.words import how_it_exited

    end = process.exit
    if end is None:
        return None
    return how_it_exited(Exit(code=end.code, signal=end.signal, reason=end.reason, error=end.error))


def _tasks(directory: "os.PathLike[str]") -> "tuple[TasksReading | None, float | None]":
    from pathlib import Path

    from team_supervisor.adapters import files
    from team_supervisor.core import tasklist
    from team_supervisor.core.completion import TasksReading

    path = Path(directory) / "tasks.md"
    found = files.signature(path)
    if found is None:
        return None, None
    try:
        tasks = tasklist.parse(files.read(path).decode("utf-8", "replace"))
    except files.Unreadable as error:
        return TasksReading("", problem=f"tasks.md {error}"), found.mtime_ns / 1e9
    reading = TasksReading("", tasks.total, tasks.done, tasks.open_titles)
    return reading, found.mtime_ns / 1e9


def _print(session: "Session", told: "Explanation") -> None:
    from team_supervisor.core.progress import clean
    from team_supervisor.core.words import age

    click.echo(f"{clean(session.name)} ({session.id})")
    for finding in told.findings:
        click.echo(f"  {finding.about:<10}  {clean(finding.says, 200)}")
        click.echo(click.style(f"  {'':<10}    {_behind(finding)}", dim=True), color=_colour())
    for words in told.disagreements:
        click.echo(
            click.style(f"  {'disagree':<10}  {clean(words, 200)}", fg="yellow"), color=_colour()
        )
    if told.deadlines:
        first = told.deadlines[0]
        click.echo(f"  {'next':<10}  {first.what} in {age(first.seconds)}")


def _behind(finding: "Finding") -> str:
    from team_supervisor.core.progress import clean
    from team_supervisor.core.words import age

    when = "" if finding.age is None else f", {age(finding.age)} old"
    changes = f"; changes when: {finding.changes}" if finding.changes else ""
    return clean(f"from {finding.signal}{when}{changes}", 300)


def _colour() -> bool:
    return options.rich_output() and not os.environ.get("NO_COLOR")
