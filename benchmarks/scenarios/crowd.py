"""What changes with hundreds of sessions at work, and how soon is a restart back in charge?"""

import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import processes
from benchmarks.peers.ours import TeamSupervisor
from benchmarks.peers.supervisord import Supervisord
from benchmarks.scenarios import latency
from benchmarks.scenarios.base import Run
from benchmarks.stage import Stage, since, stage

ADOPT = Path(__file__).parents[1] / "loops" / "adopt.py"
# The kernel keeps so much of a program's name.
COMM = 15
FLOOR = "a look at each"


def run(run: Run) -> None:
    """The same with no session, few and many; then with a peer."""
    for count in run.plan.crowds:
        with stage(run.ground) as here:
            _supervised(run, here, count)
    if why := Supervisord().missing():
        run.say(f"no restart of supervisord: {why}")
        return
    with stage(run.ground) as here:
        _supervisord(run, here, run.plan.crowd)


def _supervised(run: Run, here: Stage, count: int) -> None:
    ours = TeamSupervisor()
    ours.open(here, count)
    try:
        ours.start()
        here.arrivals.wait(count)
        time.sleep(latency.REST)
        if count:
            run.say(f"latency with {count} sessions at work")
            for _ in range(run.plan.samples_beside):
                latency.sample(run.figures, here, ours, (ours.name, count))
        _restarts(run, ours, count)
        run.figures.add("alive", ours.name, count, _alive(here))
    finally:
        ours.close()


def _restarts(run: Run, ours: TeamSupervisor, count: int) -> None:
    run.say(f"restart with {count} sessions at work, {run.plan.restarts} times")
    for _ in range(run.plan.restarts):
        run.figures.add("restart", FLOOR, count, _floor(ours.root, count))
        run.figures.add("restart", ours.name, count, _restart(ours, count))


def _floor(root: Path, count: int) -> float:
    begun = time.monotonic_ns()
    argv = [sys.executable, "-I", "-S", str(ADOPT), str(root)]
    found = subprocess.run(argv, check=True, stdout=subprocess.PIPE)
    assert int(found.stdout) == count
    return since(begun, time.monotonic_ns())


def _restart(ours: TeamSupervisor, count: int) -> float:
    """Killed as by power loss; milliseconds from the start of the next to its last adoption."""
    ours.supervisor.kill()
    ours.supervisor.communicate()
    begun = time.monotonic_ns()
    ours.supervisor = ours.orchestrate(subprocess.PIPE)
    assert ours.supervisor.stdout is not None
    said = "session_adopted" if count else "supervisor_started"
    missing = count or 1
    for line in ours.supervisor.stdout:
        missing -= json.loads(line)["event"] == said
        if not missing:
            break
    return since(begun, time.monotonic_ns())


def _supervisord(run: Run, here: Stage, count: int) -> None:
    """Until all run again. It adopts none, so those of before run beside the new ones."""
    run.say(f"restart of supervisord with {count} programs")
    peer = Supervisord()
    peer.open(here, count)
    try:
        peer.start()
        here.arrivals.wait(count)
        peer.settle()
        begun = time.monotonic_ns()
        peer.restart()
        last = max(arrival.at for arrival in here.arrivals.wait(count))
        run.figures.add("restart", peer.name, count, since(begun, last))
        peer.settle()
        run.figures.add("alive", peer.name, count, _alive(here))
    finally:
        peer.close()


def _alive(here: Stage) -> int:
    """How many agents there are now."""
    name = Path(here.argv[0]).name[:COMM]
    return sum(processes.command_of(pid) == name for pid in here.processes())
