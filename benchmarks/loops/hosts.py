"""How fast do N of our hosts start their agents when a loop does nothing but start them?"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from team_supervisor.adapters import processes


def prepare(directory: Path, argv: Sequence[str], number: int) -> tuple[Path, processes.Launch]:
    """A control directory as the supervisor makes it, and what to start in it."""
    control = directory / "control" / "sessions" / str(number)
    control.mkdir(parents=True, mode=0o700)
    launch = processes.Launch(
        session=str(number),
        attempt=1,
        argv=tuple(argv),
        cwd=str(control),
        transcript=str(control / "transcript.jsonl"),
        stderr=str(control / "stderr.log"),
        stop_grace=10.0,
    )
    return control, launch


def main(count: int, directory: Path, argv: Sequence[str]) -> None:
    prepared = [prepare(directory, argv, number) for number in range(count)]
    print("ready", flush=True)
    pids: list[int] = []
    for line in sys.stdin:
        if line == "start\n":
            pids = [processes.start_host(at, launch, os.environ) for at, launch in prepared]
        else:
            for pid in pids:
                os.kill(pid, signal.SIGTERM)
            for pid in pids:
                os.waitpid(pid, 0)
        print("done", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
