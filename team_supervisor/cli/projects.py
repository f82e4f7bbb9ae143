"""How does a person register projects, and see how each of them is?"""

import json
import os
from pathlib import Path
from typing import Any

import click

from team_supervisor.cli import options

EPILOG = """\b
Examples:
  team-supervisor projects add ~/src/api --max-workers 3
  team-supervisor projects list
"""


@click.group("projects", epilog=EPILOG)
def command() -> None:
    """Register projects, see how each is, start and stop them.

    A project is a directory with a workspace in it. Each has a supervisor of its own.
    """


@command.command("add", epilog="Example: team-supervisor projects add ~/src/api --priority high")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--slug", help="Its short name in commands; else made of the directory's name.")
@click.option("--name", help="What it is called; else as its directory.")
@click.option("-w", "--workspace", metavar="DIR", help="Its workspace, if not PATH/.database.")
@options.project_settings
@options.as_json
def add_(path: Path, as_json: bool, **given: Any) -> None:
    """Register the project in a directory; a workspace is made if there is none."""
    from team_supervisor.cli import registering

    added = registering.add(path, given, os.environ)
    if as_json:
        from dataclasses import asdict

        click.echo(json.dumps(asdict(added), indent=2))
        return
    click.echo(f"Registered {added.slug}: {options.shown(added.path)}")
    click.echo(f"Start it:  team-supervisor projects start {added.slug}")


@command.command("list", epilog="Example: team-supervisor projects list --json")
@options.as_json
def list_(as_json: bool) -> None:
    """Show every registered project and how it is."""
    from team_supervisor.cli import projectboard

    projectboard.show_all(os.environ, as_json)
