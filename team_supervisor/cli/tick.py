"""What is to be started and ended over all projects, and, if asked to, is it done?"""

import json
import os
from typing import Any

import click

from team_supervisor.adapters.registry import Registry
from team_supervisor.core import ticking
from team_supervisor.core.ticking import Decision, Session
from team_supervisor.errors import UsageError
from team_supervisor.ticklook import Seen, look_at_all

EPILOG = """\b
Examples:
  team-supervisor tick
  team-supervisor tick --run
  team-supervisor tick --sessions 'project:api:T1 project:web:T7'
"""


@click.command(epilog=EPILOG)
@click.option("--run", "run_", is_flag=True, help="Do it: end what is to be ended, start the rest.")
@click.option("--sessions", metavar="LABELS", help="What runs, said by an outside scheduler.")
@click.option("--session-labels", metavar="JSON", help='[{"label", "status", "ageSeconds"}, ...]')
@click.option("-v", "--verbose", is_flag=True, help="Say on standard error what led to it.")
def command(run_: bool, sessions: str | None, session_labels: str | None, verbose: bool) -> None:
    """Decide once for all registered projects, and print the decision as JSON.

    Nothing is changed without --run. Who runs is known from the supervisor's own records, unless
    --sessions or --session-labels say it. With --run one call from cron is a whole supervisor.
    """
    said = _said(sessions, session_labels)
    told = _tasks_by_project(said or [])
    known, seen = look_at_all(os.environ, told)
    seen.problems |= {each.slug: each.problem for each in known.unusable}
    running = seen.sessions if said is None else said
    decision = ticking.decide(seen.outlooks, running, blind=bool(seen.problems))
    _say_beside(seen, said or [], known)
    ran = None
    if run_:
        from team_supervisor.cli.tickrun import carry_out

        decision, ran = carry_out(decision, seen, outside=said is not None)
    output = json.dumps(_answer(decision, seen, ran))
    if seen.posts or verbose:
        from team_supervisor.cli import tickwords

        lines = tickwords.explained(decision, seen, running)
        if verbose:
            click.echo("\n".join(lines), err=True)
        if seen.posts:
            tickwords.post(tickwords.message(lines, output), os.environ)
    click.echo(output)


def _answer(decision: Decision, seen: Seen, ran: list[dict[str, Any]] | None) -> dict[str, Any]:
    answer: dict[str, Any] = dict(decision)
    if seen.problems:
        answer["problems"] = [{"project": s, "problem": p} for s, p in seen.problems.items()]
    if seen.warnings:
        answer["warnings"] = [w for each in seen.warnings.values() for w in each]
    if ran is not None:
        answer["ran"] = ran
    return answer


def _say_beside(seen: Seen, said: list[Session], known: Registry) -> None:
    """What is wrong with projects, and with labels that an outside scheduler gave."""
    words = [f"{slug} is left out: {problem}" for slug, problem in seen.problems.items()]
    words += [f"Warning: {each}" for found in seen.warnings.values() for each in found]
    slugs = {p.slug for p in known.projects} | {each.slug for each in known.unusable}
    for session in said:
        whose = ticking.named(session.label)
        if whose is None:
            words.append(f"Warning: {session.label!r} is no label of a task: project:SLUG:TASK")
        elif whose[0] not in slugs:
            words.append(f"Warning: {session.label!r}: no project {whose[0]!r} is registered")
    if words:
        # What cleans is most of what a tick that has nothing to complain about would load.
        from team_supervisor.core.progress import clean

        click.echo("\n".join(clean(line, 400) for line in words), err=True)


def _said(sessions: str | None, labels: str | None) -> list[Session] | None:
    """What the options say that runs; None when they say nothing."""
    if sessions is None and labels is None:
        return None
    found = [Session(each) for each in (sessions or "").split()]
    if labels is not None:
        from team_supervisor.core.tickreading import session_labels

        try:
            found += session_labels(labels)
        except ValueError as error:
            raise UsageError(
                f"--session-labels is no list of sessions ({error}): write "
                '[{"label": "project:SLUG:TASK", "status": "running", "ageSeconds": 60}]'
            ) from None
    return found


def _tasks_by_project(sessions: list[Session]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for session in sessions:
        if whose := ticking.named(session.label):
            found.setdefault(whose[0], []).append(whose[1])
    return found
