"""What does a person see of the registered projects?"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from team_supervisor.adapters import registry
from team_supervisor.overview import Seen, look


def show_all(environ: Mapping[str, str], as_json: bool) -> None:
    found = registry.load(environ)
    seen = [look(project, environ) for project in found.projects]
    if as_json:
        broken = [asdict(entry) for entry in found.unusable]
        click.echo(json.dumps({"projects": [as_dict(s) for s in seen], "unusable": broken}))
        return
    for each in seen:
        click.echo(each.project.slug)


def as_dict(seen: Seen) -> dict[str, Any]:
    return {**asdict(seen.project), "settings": asdict(seen.settings), "problem": seen.problem}
