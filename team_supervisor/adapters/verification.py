"""How is a verification started, and what came of it?"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from team_supervisor.adapters import files, processes
from team_supervisor.adapters.process_table import holders
from team_supervisor.core.completion import Verdict
from team_supervisor.core.progress import plain
from team_supervisor.core.terms import Command

VERIFIER = str(Path(__file__).resolve().parents[1] / "verifier.py")
TAIL = 2_000


class _Result(msgspec.Struct):
    number: int
    passed: bool
    what: str = ""


def log_of(directory: Path, number: int) -> Path:
    return directory / f"verify-{number}.log"


def start(
    control: Path,
    launch: processes.Launch,
    commands: tuple[Command, ...],
    limit: float,
    environ: Mapping[str, str],
) -> None:
    """Under a host of its own; starting the same number again is safe, as with every host."""
    control.mkdir(mode=0o700, parents=True, exist_ok=True)
    spec = control / f"spec-{launch.attempt}.json"
    value = {
        "number": launch.attempt,
        "cwd": launch.cwd,
        "result": str(control / "result.json"),
        "commands": [
            {"argv": c.argv, "words": c.words, "timeout": c.timeout or limit} for c in commands
        ],
    }
    files.write(spec, msgspec.json.encode(value), durable=False)
    argv = (sys.executable, "-I", "-S", VERIFIER, str(spec))
    processes.start_host(control, replace(launch, argv=argv), environ)


def verdict(control: Path, directory: Path, number: int) -> Verdict | None:
    """None when the verification of this number has no result."""
    try:
        found = msgspec.json.decode(files.read(control / "result.json"), type=_Result)
    except (files.Unreadable, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if found.number != number:
        return None
    said = "" if found.passed else files.tail(log_of(directory, number)).decode("utf-8", "replace")
    return Verdict(found.passed, found.what, plain(said)[-TAIL:])


def end(control: Path, number: int) -> bool:
    """Ask its host to end it at once, or end what a dead host left; True when nothing runs."""
    if not processes.lock_held(control / "lock"):
        return True
    processes.ask_to_stop(control, number, 0.0)
    if processes.look(control, number).orphaned:
        for ref in holders(control / "lock"):
            processes.send_signal(ref, 9)
    return False
