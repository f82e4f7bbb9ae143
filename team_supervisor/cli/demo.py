"""How does a newcomer see a team at work without an account?"""

import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from team_supervisor.adapters.store import Store
from team_supervisor.adapters.workspace import Workspace, create, locate
from team_supervisor.apply.tools import program_directory
from team_supervisor.cli.founding import Founding, found_members
from team_supervisor.cli.orchestrate import handle_signals, sink
from team_supervisor.core.model import State
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.core.words import age, dollars
from team_supervisor.errors import TeamError
from team_supervisor.settings import Settings
from team_supervisor.supervisor import nothing_left, orchestrate, supervise

GOAL = "Build a small REST API"


@click.command(epilog="Example: team-supervisor demo --fast")
@click.option("--fast", is_flag=True, help="As fast as the machine allows.")
def command(fast: bool) -> None:
    """Run a team of scripted agents in a fresh temporary workspace, in view, to its end.

    No account is needed and nothing is spent: the agents speak Claude Code's protocol and follow
    a script. The costs shown are made up.
    """
    project = Path(tempfile.mkdtemp(prefix="team-supervisor-demo-"))
    workspace = locate(project / ".database")
    create(workspace)
    click.echo(f"A demonstration with scripted agents, in {project}")
    click.echo(f'The team is to: "{GOAL}". The costs shown are made up.\n')
    _run(workspace, fast)
    _summary(workspace, project)


def _run(workspace: Workspace, fast: bool) -> None:
    agent = str(program_directory(workspace) / "scripted-agent")
    settings = _settings(agent, fast)
    pace = "0" if fast else "0.7"
    environ = {**os.environ, "TEAM_SCRIPTED_PACE": pace}
    with (
        sink(False) as show,
        supervise(workspace, settings, environ, show, "demo") as supervisor,
    ):
        found_members(supervisor.tools, Founding(GOAL, 0, 0))
        handle_signals(supervisor)
        orchestrate(supervisor, nothing_left)


def _settings(agent: str, fast: bool) -> Settings:
    quick = {"quiet": 0.1, "settle": 0.05} if fast else {"quiet": 0.8}
    return msgspec.structs.replace(
        Settings(claude=agent, restarts=replace(RestartPolicy(), failures=3)), **quick
    )


def _summary(workspace: Workspace, project: Path) -> None:
    from team_supervisor.adapters.store import open_reader

    store = open_reader(workspace.database)
    sessions = store.sessions()
    took = max(s.ended_at or s.created_at for s in sessions) - min(s.created_at for s in sessions)
    done = [s for s in sessions if s.state == State.COMPLETED]
    click.echo(f"\nWhat happened, in {age(took)}:")
    for session in sessions:
        click.echo(_line(store, session.id))
    cost = dollars(sum(s.cost_usd for s in sessions))
    click.echo(f"   {len(done)} of {len(sessions)} sessions completed, cost {cost} (made up)")
    program = "team-supervisor" if shutil.which("team-supervisor") else sys.argv[0]
    flag = f"-w {workspace.root}"
    click.echo("\nWhere to look:")
    click.echo(f"   the team's files    {workspace.root}")
    click.echo(f"   what it made        {project / 'demo-output'}")
    click.echo(f"   {program} track --once {flag}")
    click.echo(f"   {program} logs api-developer {flag}")
    click.echo(f"   {program} attach --list --all {flag}")
    if len(done) < len(sessions):
        raise TeamError("the demonstration did not come to its end: see the workspace named above")


def _line(store: Store, session: str) -> str:
    row = store.session(session)
    if row is None:
        return ""
    asked = f", requested by {row.requester}" if row.requester else ""
    tasks = f"{row.tasks_done}/{row.tasks_total} tasks"
    return f"   {row.persona} {row.name}: {row.state}, {tasks}{asked}"
