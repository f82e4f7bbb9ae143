"""How long from a request to its process, and from the last task to the archive?"""

import os
import signal
import time
from pathlib import Path

from benchmarks.agents import Arrival
from benchmarks.figures import Figures
from benchmarks.loops.hosts import prepare
from benchmarks.peers.floors import BareHosts, PosixSpawn
from benchmarks.peers.ours import QUIET, TeamSupervisor
from benchmarks.processes import Ends
from benchmarks.renames import Renames
from benchmarks.scenarios.base import Run
from benchmarks.stage import Stage, since, stage
from team_supervisor.adapters import processes

COMPLETE = "## Task: Sleep\n- **Status**: completed\n"
# Between two samples, so that none meets what the one before left to do (seconds).
REST = 0.3


def run(run: Run) -> None:
    """With nothing else to supervise."""
    run.say(f"request to process, tasks to archive: {run.plan.samples} times, beside the floors")
    with stage(run.ground) as here:
        ours = TeamSupervisor()
        ours.open(here)
        try:
            for number in range(run.plan.samples):
                _floors(run.figures, here, number)
                sample(run.figures, here, ours, (ours.name, 0))
        finally:
            ours.close()


def _floors(figures: Figures, here: Stage, number: int) -> None:
    argv = list(here.argv)
    begun = time.monotonic_ns()
    pid = os.posix_spawn(argv[0], argv, here.environ, setsid=True)
    figures.add("running", PosixSpawn.name, 0, since(begun, here.arrivals.wait(1)[0].at))
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
    time.sleep(REST)
    control, launch = prepare(here.directory, argv, number)
    begun = time.monotonic_ns()
    host = processes.start_host(control, launch, here.environ)
    figures.add("running", BareHosts.name, 0, since(begun, here.arrivals.wait(1)[0].at))
    time.sleep(REST)
    ends = Ends({host})
    begun = time.monotonic_ns()
    os.kill(host, signal.SIGTERM)
    figures.add("archived", BareHosts.name, 0, since(begun, ends.wait()))
    processes.reap()


def sample(figures: Figures, here: Stage, ours: TeamSupervisor, label: tuple[str, int]) -> None:
    """One request that runs, completes and is archived; `label` is a figure's who and count."""
    time.sleep(REST)
    begun = ours.request(1)
    arrival = here.arrivals.wait(1)[0]
    figures.add("running", *label, since(begun, arrival.at))
    time.sleep(REST)
    figures.add("archived", *label, _complete(ours.root, arrival))


def _complete(root: Path, arrival: Arrival) -> float:
    """Milliseconds from the rename of a complete list to that of the directory; without quiet."""
    session = session_of(arrival.pid)
    directory = root / session
    (directory / "tasks.new").write_text(COMPLETE)
    renames = Renames(root)
    try:
        begun = time.monotonic_ns()
        (directory / "tasks.new").rename(directory / "tasks.md")
        return since(begun, renames.wait(f"{session}-completed")) - QUIET * 1000
    finally:
        renames.close()


def session_of(pid: int) -> str:
    """Which session an agent works for, as it was told itself."""
    name = b"TEAM_SESSION_ID="
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return next(os.fsdecode(v.removeprefix(name)) for v in variables if v.startswith(name))
