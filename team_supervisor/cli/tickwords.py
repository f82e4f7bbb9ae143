"""What led to a tick's decision, in words, for standard error and for a channel?"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from team_supervisor.core import ticking
from team_supervisor.core.progress import clean
from team_supervisor.core.ticking import Decision, Session
from team_supervisor.ticklook import Seen

MOST_LINES, MOST_LETTERS = 40, 1800
# What the process that posts is given to end by itself; nobody waits for it (seconds).
PATIENCE = 30


def explained(decision: Decision, seen: Seen, running: Sequence[Session]) -> list[str]:
    """Sessions, projects, and what was decided; one line each, safe to show."""
    lines = [f"session {s.label}: {s.status}, {s.age or 0:.0f} s old" for s in running]
    for each in ticking.by_priority(seen.outlooks):
        why = each.waits or f"{len(each.ready)} ready"
        turn = each.iteration or "none"
        lines.append(f"project {each.slug}: iteration {turn}, {why}, room for {each.max_workers}")
    lines += [f"project {slug}: {problem}" for slug, problem in seen.problems.items()]
    skipped = decision.get("skipped", [])
    lines += [f"{each['label']} is skipped: {each['reason']}" for each in skipped]
    return [clean(line, 400) for line in [*lines, *_decided(decision)]]


def _decided(decision: Decision) -> list[str]:
    lines = [f"{each['label']} is to end: {each['reason']}" for each in decision["zombies"]]
    if decision["action"] == "spawn":
        return lines + [f"{each['label']} is to start" for each in decision["spawns"]]
    rest = "; a scheduler may pause" if decision["disable_cron"] else ""
    return [*lines, f"idle: {decision['reason']}{rest}"]


def message(lines: Sequence[str], output: str) -> str:
    """The words and the JSON, as much of both as a chat takes; the end says what was decided."""
    from team_supervisor.core.telling import tame, tame_json

    left = len(lines) - MOST_LINES
    kept = [f"{left} more before", *lines[-MOST_LINES:]] if left > 0 else lines
    words = "\n".join(["team-supervisor: tick", *map(tame, kept)])[-MOST_LETTERS:]
    return f"{words}\n{tame_json(output, MOST_LETTERS)}"


def post(text: str, environ: Mapping[str, str]) -> None:
    """By a process of its own, which nobody waits for: a channel can delay no tick."""
    argv = [sys.executable, "-P", "-m", "team_supervisor", "notify", "post"]
    try:
        process = subprocess.Popen(
            argv,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert process.stdin is not None
        with process.stdin as into:
            into.write(text.encode("utf-8", "replace"))
    except OSError as error:
        print(f"the tick was not posted: {os.strerror(error.errno or 0)}", file=sys.stderr)
