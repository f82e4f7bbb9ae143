"""Which tasks could start now, over all projects?"""

import json
import os
from typing import Any

import click

from team_supervisor.adapters.workspace import locate, require
from team_supervisor.cli import options
from team_supervisor.core import ticking
from team_supervisor.core.progress import clean
from team_supervisor.core.projects import Project
from team_supervisor.core.ticking import Judged
from team_supervisor.ticklook import Seen, look, look_at_all


@click.command(epilog="Example: team-supervisor ready --json")
@click.option("-w", "--workspace", metavar="DIR", help="Of this workspace alone.")
@click.option("--all", "all_", is_flag=True, help="Also what is ready and has to wait for room.")
@options.as_json
def command(workspace: str | None, all_: bool, as_json: bool) -> None:
    """List the tasks that could start now, in the order in which they would.

    Their iteration is active, what they need is completed, and their project has room.
    """
    if workspace:
        seen = look((_one(workspace),), {}, os.environ)
    else:
        known, seen = look_at_all(os.environ, {})
        seen.problems |= {each.slug: each.problem for each in known.unusable}
    running = ticking.by_slug(seen.sessions)
    found = [
        row
        for each in ticking.by_priority(seen.outlooks)
        for row in _rows(ticking.judge(each, running.get(each.slug, ())))
    ]
    shown = [row for row in found if all_ or row["waits_for"] is None]
    if as_json:
        problems = [{"project": s, "problem": p} for s, p in seen.problems.items()]
        warnings = [w for each in seen.warnings.values() for w in each]
        more = {"warnings": warnings} if warnings else {}
        click.echo(json.dumps({"ready": shown, "problems": problems, **more}, indent=2))
        return
    _warn(seen)
    for row in shown:
        waits = f" (waits: {row['waits_for']})" if row["waits_for"] else ""
        click.echo(clean(f"{row['project']} {row['task']} {row['title']}{waits}", 400))
    for each in ticking.by_priority(seen.outlooks):
        if each.waits and each.iteration is not None:
            click.echo(clean(f"{each.slug}: nothing starts, {each.waits}", 400))
    left = len(found) - len(shown)
    click.echo(f"{len(shown)} could start" + (f"; {left} more wait for room" if left else ""))


def _warn(seen: Seen) -> None:
    """What is wrong with projects, beside what was asked for."""
    for slug, problem in seen.problems.items():
        click.echo(clean(f"{slug}: {problem}", 400), err=True)
    for warning in (w for each in seen.warnings.values() for w in each):
        click.echo(clean(f"Warning: {warning}", 400), err=True)


def _one(workspace: str) -> Project:
    place = require(locate(workspace))
    name = place.project.name or "project"
    return Project(
        slug=name, name=name, path=str(place.project), workspace=str(place.root), added_at=""
    )


def _rows(judged: Judged) -> list[dict[str, Any]]:
    outlook = judged.outlook
    return [
        {
            "project": outlook.slug,
            "task": ready.task,
            "title": ready.title,
            "iteration": outlook.iteration,
            "label": ticking.label(outlook.slug, ready.task),
            "waits_for": None if place < judged.room else f"{outlook.max_workers} may work at once",
        }
        for place, ready in enumerate(judged.free)
    ]
