"""How is a workspace looked after once, by a process of its own, when no supervisor is there?"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# Visits at once; each is a Python process of 30 MB.
AT_ONCE = 4
# A visit ends by itself in a minute; one that hangs goes on without us (seconds).
PATIENCE = 120.0
LOOKED = "looked"


def visit(places: Mapping[str, Path]) -> dict[str, str]:
    """What became of each workspace, by its name: `looked`, or what it said when it failed."""
    waiting = list(places.items())
    said: dict[str, str] = {}
    while waiting:
        batch = [(name, _begin(place)) for name, place in waiting[:AT_ONCE]]
        waiting = waiting[AT_ONCE:]
        said |= {name: _end(process) for name, process in batch}
    return said


def _begin(place: Path) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "team_supervisor", "orchestrate", "--visit", "-w", str(place)]
    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=place.parent,
    )


def _end(process: "subprocess.Popen[bytes]") -> str:
    try:
        _, errors = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return f"still at work after {PATIENCE:.0f} s"
    if process.returncode == 0:
        return LOOKED
    return errors.decode(errors="replace").strip()[:400] or f"ended with {process.returncode}"
