"""archive: how does everything about a session get into one file that can be carried away?"""

from pathlib import Path

import click

from team_supervisor.cli import options

EPILOG = """\b
Examples:
  team-supervisor archive api -o api.tar.zst
  tar --zstd -xf api.tar.zst
"""


@click.command("archive", epilog=EPILOG)
@click.argument("session")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Where to write it; the name ends in .tar.zst or .tar.gz.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@options.workspace
def command(session: str, output: Path, force: bool, workspace: str) -> None:
    """Write all there is of SESSION into one portable file; nothing of it is changed.

    Its files, its conversation to read, the project's changes since it started (where there is
    git), cost and timeline. A session at work is written as it is at this moment.
    """
    from team_supervisor.cli import bundling, sessions

    place, store = sessions.opened(workspace)
    meant = sessions.find(store, session)
    notes = bundling.write(bundling.Wanted(place, store, meant, output.absolute(), force))
    click.echo(f"Wrote {meant.name} ({meant.id}) to {output}")
    for note in notes:
        click.echo(f"Note: {note}", err=True)
