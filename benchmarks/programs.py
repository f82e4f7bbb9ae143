"""Where are the programs that this one is measured beside?"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

BENCH = Path(__file__).parents[1] / ".bench"
PLACES = (BENCH / "venv" / "bin", BENCH / "node_modules" / ".bin")

# Seconds.
PATIENCE = 20.0


def located(name: str) -> str | None:
    """In what `make bench` installed, else on PATH."""
    own = (shutil.which(name, path=str(place)) for place in PLACES)
    return next((found for found in own if found), None) or shutil.which(name)


def missing(*names: str) -> str | None:
    """A sentence when one of them is not here."""
    absent = [name for name in names if located(name) is None]
    return f"{absent[0]} is not installed" if absent else None


def start(argv: Sequence[str], environ: dict[str, str]) -> "subprocess.Popen[bytes]":
    """The first word is a program's name; what it says is nobody's concern."""
    null = subprocess.DEVNULL
    program = located(argv[0]) or argv[0]
    return subprocess.Popen([program, *argv[1:]], env=environ, stdin=null, stdout=null, stderr=null)


def end(daemon: "subprocess.Popen[bytes]") -> None:
    """Asked, then killed: one that does not listen must not hold up the others."""
    daemon.terminate()
    try:
        daemon.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
