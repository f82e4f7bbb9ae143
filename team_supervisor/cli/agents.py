"""agents: how well is each agent, and what was done?"""

import json
import select
import shutil
from typing import TYPE_CHECKING, Any

import click

from team_supervisor.cli import options, renewing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from team_supervisor.core.health import Health, Signal
    from team_supervisor.core.roster import SessionView

EPILOG = """\b
Examples:
  team-supervisor agents list
  team-supervisor agents health
"""
# A threshold, in the unit of what was measured.
SAY: "Mapping[str, Callable[[float], str]]" = {
    "cpu": lambda percent: f"{percent:.0f} %",
    "memory": lambda size: f"{size / (1 << 20):,.0f} MiB",
}
# Between two readings (seconds): long enough that the kernel's hundredths say something.
A_MOMENT = 0.5


@click.group("agents", epilog=EPILOG)
def command() -> None:
    """See how well each agent is: its last sign of life, its CPU, its memory; renew or end one."""


command.add_command(renewing.restart)
command.add_command(renewing.kill)


@command.command("list", epilog="Example: team-supervisor agents list --json")
@options.as_json
@options.workspace
def list_(workspace: str, as_json: bool) -> None:
    """List the sessions that have not ended, with their health."""
    from team_supervisor.cli.show import emit

    rows = [_row(view) for view, _ in measured(workspace)]
    if as_json:
        click.echo(json.dumps({"agents": rows}, indent=2))
        return
    width = shutil.get_terminal_size().columns if options.rich_output() else None
    emit(_table(rows, width) if rows else ["No session is alive"])


def measured(given: str) -> "list[tuple[SessionView, Health | None]]":
    """Two readings a moment apart, each one walk over all processes."""
    from team_supervisor.adapters import clock
    from team_supervisor.cli import sessions
    from team_supervisor.cli.meter import Meter

    place, store = sessions.opened_or_blank(given)
    meter = Meter(place, store)
    if meter.sample():
        select.select([], [], [], A_MOMENT)
    usage, rules = meter.sample(again=True), sessions.health_rules(place)
    rows = {session.id: session for session in store.sessions()}
    found = []
    for view in sessions.board(place, store, usage).sessions:
        if not view.ended and view.id in rows:
            judged = sessions.health_of(rows[view.id], usage.get(view.id), rules, clock.now().wall)
            found.append((view, judged))
    return found


def _row(view: "SessionView") -> dict[str, Any]:
    return {
        "session": view.id,
        "name": view.name,
        "persona": view.persona,
        "state": view.status,
        "health": view.health,
        "heartbeat": view.heartbeat,
        "cpu": view.cpu,
        "memory": view.memory,
        "task_id": view.task_id,
        "task": view.last_words,
        "why": view.unwell,
    }


HEADS = ("NAME", "SESSION", "PERSONA", "TASK", "STATE", "HEALTH", "BEAT", "CPU", "MEM", "DOES")
# What a narrow terminal goes without, and what it gets less of.
SPARE = ("PERSONA", "SESSION", "TASK")
NAME, WORDS = 20, 10
FACTS = ("name", "session", "persona", "task_id", "state")


def _table(rows: list[dict[str, Any]], width: int | None) -> list[str]:
    """`width` is that of the terminal; a pipe gets everything."""
    from team_supervisor.cli.show import cells, fitted

    lines = [dict(zip(HEADS, HEADS, strict=True)), *map(_cells, rows)]
    widths = {head: max(cells(line[head]) for line in lines) for head in HEADS}
    planned = any(row["task_id"] for row in rows)
    heads = [head for head in HEADS if planned or head != "TASK"]
    if width is not None:
        for head in SPARE:
            if _taken(heads, widths) - widths["DOES"] + WORDS > width:
                heads = [each for each in heads if each != head]
        over = _taken(heads, widths) - widths["DOES"] + WORDS - width
        if over > 0:
            widths["NAME"] = max(NAME, widths["NAME"] - over)
        widths["DOES"] = max(WORDS, min(widths["DOES"], width - _taken(heads[:-1], widths) - 2))
    return [
        "  ".join(fitted(line[head], widths[head]) for head in heads).rstrip() for line in lines
    ]


def _taken(heads: list[str], widths: dict[str, int]) -> int:
    return sum(widths[head] for head in heads) + 2 * (len(heads) - 1)


def _cells(row: dict[str, Any]) -> dict[str, str]:
    from team_supervisor.cli.show import memory, percent, safe, short_age

    beat = "–" if row["heartbeat"] is None else short_age(row["heartbeat"])
    facts = [safe(row[key] or "–", 60) for key in FACTS]
    used = [row["health"] or "–", beat, percent(row["cpu"]), memory(row["memory"])]
    words = safe(row["why"] or row["task"], 60)
    return dict(zip(HEADS, [*facts, *used, words], strict=True))


@command.command("health", epilog="Example: team-supervisor agents health api")
@click.argument("session", required=False)
@options.as_json
@options.workspace
@click.pass_context
def health_(ctx: click.Context, session: str | None, workspace: str, as_json: bool) -> None:
    """Say how well SESSION is, or each that lives: every signal, and its thresholds.

    Ends with 1 when one is stalled or critical.
    """
    from team_supervisor.cli import sessions

    agents = measured(workspace)
    if session is not None:
        _, store = sessions.opened(workspace)
        wanted = sessions.find(store, session).id
        agents = [pair for pair in agents if pair[0].id == wanted]
    if as_json:
        shown = [{**_row(view), "signals": _signals(found)} for view, found in agents]
        click.echo(json.dumps({"agents": shown}, indent=2))
    else:
        _print(agents)
    if any(view.health in ("stalled", "critical") for view, _ in agents):
        ctx.exit(1)


def _signals(found: "Health | None") -> Any:
    import msgspec

    return msgspec.to_builtins(found.signals) if found else []


def _print(measured: "list[tuple[SessionView, Health | None]]") -> None:
    from team_supervisor.cli.show import emit, safe

    lines: list[str] = []
    for view, found in measured:
        why = "" if found else f": {view.unwell or view.status}"
        task = f", task {view.task_id}" if view.task_id else ""
        lines.append(safe(f"{view.name} ({view.id}){task}: {view.health or 'not measured'}{why}"))
        lines += [_signal(signal) for signal in found.signals] if found else []
    emit(lines or ["No session is alive"])


def _signal(signal: "Signal") -> str:
    from team_supervisor.cli.show import safe
    from team_supervisor.core.words import age

    say = SAY.get(signal.name, age)
    limits = f"warning over {say(signal.warning)}, worse over {say(signal.worse)}"
    return f"  {signal.name:<10} {signal.level:<9} {safe(signal.words)}; {limits}"


@command.command("report", epilog="Example: team-supervisor agents report --since 1h")
@click.option(
    "--since",
    type=options.duration,
    default="1h",
    show_default=True,
    metavar="TIME",
    help="How far back.",
)
@options.as_json
@options.workspace
def report_(since: float, workspace: str, as_json: bool) -> None:
    """Say in words what was done, what it cost, and what needs a person."""
    import msgspec

    from team_supervisor.adapters import clock
    from team_supervisor.adapters.tasktable import TaskTable
    from team_supervisor.cli import plans, sessions
    from team_supervisor.cli.show import emit, safe
    from team_supervisor.core import report

    place, store = sessions.opened_or_blank(workspace)
    now = clock.now().wall
    after, found = store.event_before(now - since), []
    while page := store.events_after(after):
        found += [event for _, _, event in page]
        after = page[-1][0]
    waiting = [v for v in sessions.board(place, store).sessions if v.needs_a_person]
    plan, held = TaskTable(store).all(), plans.held(store, place)
    told = report.sum_up(found, store.spent_since(now - since, now).usd, waiting, plan, held)
    if as_json:
        click.echo(json.dumps({"since": since, **msgspec.to_builtins(told)}, indent=2))
    else:
        emit(safe(line) for line in report.lines(told, since))
