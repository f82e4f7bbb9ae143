"""How does a person run the team's supervisor?"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import click

from team_supervisor.adapters import clock
from team_supervisor.adapters.notify import Notifier, notifier
from team_supervisor.adapters.workspace import create, locate, require
from team_supervisor.cli import announce, founding, options
from team_supervisor.cli.options import usd
from team_supervisor.cli.outlet import outlet
from team_supervisor.core.events import Event, ProjectChanged, SessionFailed, Warned
from team_supervisor.core.world import World
from team_supervisor.errors import TeamError, UsageError
from team_supervisor.money import take_options
from team_supervisor.reload import SettingsFile
from team_supervisor.runners import RUNNERS
from team_supervisor.settings import Settings
from team_supervisor.supervisor import (
    Supervisor,
    orchestrate,
    settled,
    supervise,
    take_up_stopped_team,
)

Sink = Callable[[float, Event], None]
Until = Literal["stopped", "settled", "forever", "done", "visit"]


@click.command(epilog="Example: team-supervisor orchestrate --workspace .database")
@options.workspace
@click.option("--once", is_flag=True, help="Start what should run, then end; the team goes on.")
@click.option("--until-done", is_flag=True, help="End when the plan is done; 1 if not all is.")
@click.option("--timeout", metavar="TIME", help="With --until-done: end after 90, 45m, 4h.")
@click.option("--service", is_flag=True, help="As `service install` runs it: also a stopped team.")
@click.option("--visit", is_flag=True, hidden=True)
@click.option("--log", type=click.Path(path_type=Path), hidden=True)
@options.as_json
@click.option("--claude", metavar="FILE", help="The claude program ($TEAM_SUPERVISOR_CLAUDE).")
@click.option("--model", metavar="NAME", help="The model of every session that names none.")
@click.option("--max-budget-usd", type=usd, metavar="USD", help="Of each process of Claude Code.")
@click.option("--budget-session", type=usd, metavar="USD", help="What each session may spend.")
@click.option("--budget-team", type=usd, metavar="USD", help="What the team may spend in all.")
@click.option("--budget-day", type=usd, metavar="USD", help="What the team may spend in a day.")
@click.pass_context
def command(
    ctx: click.Context, /, workspace: str, as_json: bool, log: Path | None, **chosen: Any
) -> None:
    """Run the team: start, watch, restart, complete and archive its sessions.

    Ctrl-C ends the supervisor and leaves the team running; `team stop` ends the team.
    """
    found = require(locate(workspace))
    until, timeout = _until(chosen)
    goal = None
    if until == "done":
        from team_supervisor.cli import untildone

        goal = untildone.Goal(timeout)
    with sink(as_json) as show:
        told = show if log is None else bounded(show, log)
        run(SettingsFile(found, chosen), told, until=until, goal=goal)
    if goal:
        ctx.exit(goal.report(found, as_json))


def _until(chosen: dict[str, Any]) -> tuple[Until, float | None]:
    """What the options say of the end; they are taken out of `chosen`."""
    ways: dict[str, Until] = {
        "once": "settled",
        "until_done": "done",
        "service": "forever",
        "visit": "visit",
    }
    found = [until for name, until in ways.items() if chosen.pop(name)]
    timeout = chosen.pop("timeout")
    if len(found) > 1 or (timeout and found != ["done"]):
        raise UsageError(
            "--once, --until-done and --service exclude one another, and --timeout "
            "goes with --until-done alone"
        )
    if timeout is None:
        return (found or ["stopped"])[0], None
    return found[0], options.seconds("--timeout", timeout)


def run(
    file: SettingsFile,
    show: Sink,
    *,
    until: Until = "stopped",
    goal: "Callable[[World], bool] | None" = None,
) -> None:
    """Supervise until Ctrl-C, or until the team was stopped; raises what a person can mend.

    A service (`forever`) starts by itself, as at each login: what a person stopped it leaves so.
    `goal` decides in place of `until`, if it is given.
    """
    settings, warnings = file.read()
    create(file.workspace)
    failed: list[str] = []

    def watched(at: float, event: Event) -> None:
        if isinstance(event, SessionFailed):
            failed.append(event.name)
        show(at, event)

    name = "service" if until == "forever" else "orchestrate"
    with supervise(file.workspace, settings, os.environ, watched, name) as supervisor:
        supervisor.settings_file = file
        take_options(supervisor.store, file.told)
        check_runner(settings, supervisor)
        warn_at_first(supervisor, settings, warnings)
        if until != "visit" and settings.project.status != "active":
            supervisor.record(ProjectChanged(status=settings.project.status))
        if until not in ("forever", "visit"):
            take_up_stopped_team(supervisor.store)
        founding.complete(supervisor.tools)
        handle_signals(supervisor)
        report = Report(notifier(os.environ))
        supervisor.after_look = report.looked
        orchestrate(supervisor, goal or _done(supervisor, until))
        report.over()
    if until == "settled" and failed:
        raise TeamError(f"given up: {', '.join(failed)}; see `team-supervisor attach --list`")


def warn_at_first(supervisor: Supervisor, settings: Settings, warnings: Iterable[str]) -> None:
    """Of all that was set and is odd."""
    odd = unknown_limits(settings, supervisor)
    for warning in (*warnings, *supervisor.observer.persona_problems(), *odd):
        supervisor.warn(warning)


def check_runner(settings: Settings, supervisor: Supervisor) -> None:
    """Before anything starts: is there a program for the agents?"""
    personas = supervisor.observer.personas()
    names = {settings.runner} if settings.runner else {p.runner for p in personas.values()}
    if "claude" in names:
        RUNNERS["claude"].find(settings.claude, os.environ)


def unknown_limits(settings: Settings, supervisor: Supervisor) -> list[str]:
    """A limit for a persona that nobody can request is a typing mistake."""
    known = supervisor.observer.personas()
    path = supervisor.workspace.settings
    return [
        f"{path}: limits.per_persona limits {name!r}, and there is no such persona"
        for name in settings.limits.per_persona
        if name not in known
    ]


def handle_signals(supervisor: Supervisor) -> None:
    """Ctrl-C, TERM and a closed terminal end the supervisor, never the team."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: supervisor.stop())


def stopped(supervisor: Supervisor) -> Callable[[World], bool]:
    """`team stop` ends the team; with nothing left there is nothing to supervise."""

    def done(world: World) -> bool:
        return not world.accepting and all(session.ended for session in world.live)

    return done


def _done(supervisor: Supervisor, until: Until) -> Callable[[World], bool]:
    match until:
        case "settled":
            return settled
        case "visit":
            from team_supervisor.cli.visiting import Visit

            visit = Visit()
            supervisor.after_look = visit.looked
            return visit
        case "forever":
            return lambda world: False
    return stopped(supervisor)


class Report:
    """What a service manager is told: ready with the first look, and whenever that changes."""

    def __init__(self, to: Notifier) -> None:
        self._to = to
        self._ready = False
        self._said = ""

    def looked(self, world: World | None) -> None:
        """After each look; None when the workspace could not be read."""
        self._to.alive()
        if world and not self._ready:
            self._ready = True
            self._to.ready()
        words = _in_short(world) if world else "the workspace cannot be read: waiting until it can"
        if words != self._said:
            self._said = words
            self._to.status(words)

    def over(self) -> None:
        self._to.stopping()


def _in_short(world: World) -> str:
    at_work = sum(not session.ended for session in world.live)
    words = f"sessions at work: {at_work}, requests waiting: {len(world.requests)}"
    return words if world.accepting else f"the team was stopped; {words}"


@contextlib.contextmanager
def sink(as_json: bool) -> Iterator[Sink]:
    """Prints events as they happen; a terminal gets colours unless NO_COLOR is set."""
    colour = options.rich_output() and not os.environ.get("NO_COLOR")

    def lines(at: float, event: Event) -> list[str]:
        return [announce.json_line(at, event)] if as_json else announce.announce(event, colour)

    def left_out(count: int) -> str:
        reason = f"{count} lines were left out, since nobody took them; `history` has them"
        return "\n".join(lines(clock.now().wall, Warned(reason=reason)))

    with outlet(left_out) as out:

        def show(at: float, event: Event) -> None:
            for line in lines(at, event):
                out.say(line)

        yield show


def bounded(show: Sink, log: Path) -> Sink:
    """For one that writes into a log: that stays small."""
    from team_supervisor.adapters import detached

    def shown(at: float, event: Event) -> None:
        show(at, event)
        with contextlib.suppress(OSError):
            detached.keep_small(log)

    return shown
