"""What does a person see of the registered projects?"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from team_supervisor.adapters import clock, registry
from team_supervisor.cli.options import rich_output, shown
from team_supervisor.core.projects import Heartbeat, Limits, Liveness, Project, in_priority
from team_supervisor.core.words import age, dollars
from team_supervisor.overview import Seen, look

HEADINGS = ("PROJECT", "STATUS", "PRIORITY", "WORKERS", "WAVES", "DONE", "COST", "HEARTBEAT")
STYLES = {Liveness.RUNNING: "green", Liveness.STALE: "yellow", Liveness.STOPPED: "dim"}


def show_all(environ: Mapping[str, str], as_json: bool, limits: Limits) -> None:
    found = registry.load(environ)
    now = clock.now().wall
    seen = {project.slug: look(project, environ, now, limits) for project in found.projects}
    order = in_priority((s.project, s.settings) for s in seen.values())
    ordered = [seen[project.slug] for project, _ in order]
    if as_json:
        broken = [asdict(entry) for entry in found.unusable]
        value = {"projects": [as_dict(s) for s in ordered], "unusable": broken}
        click.echo(json.dumps(value, indent=2))
        return
    if not found.projects and not found.unusable:
        click.echo("No project is registered: `team-supervisor projects add DIRECTORY` does it")
    if ordered:
        _table(ordered)
    for each in ordered:
        warn(each.warnings)
    for each in ordered:
        if each.problem:
            click.echo(f"{each.project.slug}: {shown(each.problem)}")
    for entry in found.unusable:
        click.echo(shown(f"{entry.slug!r} in {found.path} cannot be used: {entry.problem}"))


def show_one(seen: Seen, as_json: bool) -> None:
    if as_json:
        beats = [_heartbeat(beat) for beat in seen.beats]
        click.echo(json.dumps({**as_dict(seen), "heartbeats": beats}, indent=2))
        return
    facts = {
        "Project": f"{seen.project.slug} ({seen.project.name})",
        "Path": seen.project.path,
        "Workspace": seen.project.workspace,
        "Registered": seen.project.added_at,
        "Status": said(seen),
        "Supervisor": str(seen.holder or "none is running"),
        "Problem": seen.problem,
        **dict(zip(HEADINGS[2:], cells(seen)[2:])),
    }
    warn(seen.warnings)
    settings = _settings(seen)
    lines = [(key.capitalize(), value) for key, value in facts.items()]
    lines += [(f"{key}", value) for key, value in settings.items() if key != "priority"]
    for key, value in lines:
        if isinstance(value, float):
            value = f"{value:g} s"
        if value is not None:
            click.echo(f"{key + ':':<16}{shown(str(value))}")


def warn(warnings: Sequence[str]) -> None:
    """Of a team.yaml, beside what was asked for."""
    for each in warnings:
        click.echo(f"Warning: {shown(each)}", err=True)


def warnings_of(project: Project, environ: Mapping[str, str]) -> list[str]:
    """About its team.yaml."""
    return list(look(project, environ, clock.now().wall, Limits()).warnings)


def said(seen: Seen) -> str:
    """`running`, `stopped, paused`, `broken`."""
    words = "broken" if seen.problem else str(seen.status)
    standing = seen.settings.status
    return words if standing == "active" else f"{words}, {standing}"


def cells(seen: Seen) -> tuple[str, ...]:
    have = seen.summary
    return (
        seen.project.slug,
        said(seen),
        str(seen.settings.priority),
        f"{have.workers if have else 0}/{seen.max_workers}",
        str(have.waves) if have and have.tasks else "-",
        f"{have.done}/{have.tasks}" if have and have.tasks else "-",
        dollars(have.cost_usd) if have else "-",
        "-" if seen.age is None else f"{age(seen.age)} ago",
    )


def _table(seen: Sequence[Seen]) -> None:
    if not rich_output():
        rows = [HEADINGS, *map(cells, seen)]
        widths = [max(len(row[n]) for row in rows) for n in range(len(HEADINGS))]
        for row in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths))
            click.echo(line.rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in HEADINGS[:3] else "right")
    for each in seen:
        style = "red" if each.problem else STYLES[each.status]
        texts = [Text(cell) for cell in cells(each)]
        texts[0].stylize("bold")
        texts[1].stylize(style)
        table.add_row(*texts)
    Console(highlight=False, no_color=bool(os.environ.get("NO_COLOR"))).print(table)


def _settings(seen: Seen) -> dict[str, Any]:
    held = {"max_workers": seen.max_workers, "worker_timeout": seen.settings.outside_timeout}
    return asdict(seen.settings) | held


def _heartbeat(beat: Heartbeat) -> dict[str, Any]:
    return {"session": beat.session, "at": clock.stamp(beat.at), "summary": asdict(beat.summary)}


def as_dict(seen: Seen) -> dict[str, Any]:
    return {
        **asdict(seen.project),
        "status": seen.status,
        "settings": _settings(seen),
        "supervisor": str(seen.holder) if seen.holder else None,
        "heartbeat": next(map(_heartbeat, seen.beats), None),
        "heartbeat_age": seen.age,
        "summary": asdict(seen.summary) if seen.summary else None,
        "problem": seen.problem,
        **({"warnings": list(seen.warnings)} if seen.warnings else {}),
    }
