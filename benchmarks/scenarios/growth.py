"""How long does it take to start and stop N agents, and what do N sleeping ones cost?"""

import time
from collections.abc import Collection

from benchmarks import processes
from benchmarks.figures import Figures
from benchmarks.peers import PEERS
from benchmarks.peers.base import Peer
from benchmarks.peers.ours import TeamSupervisor
from benchmarks.scenarios.base import Run
from benchmarks.stage import Stage, since, stage

# After a start it may still be writing things down (seconds).
CALM = 3.0


def run(run: Run) -> None:
    """In turns, so that what else the machine does meets all of them."""
    peers = _present(run)
    for count in run.plan.counts:
        enough = time.monotonic() + run.plan.longest
        for number in range(run.plan.rounds_for(count)):
            if number == 0 or time.monotonic() < enough:
                _turn(run, peers, count, number)


def _turn(run: Run, peers: list[str], count: int, number: int) -> None:
    """One round of all; what they cost is measured in the first."""
    idle = run.plan.idle if number == 0 and count in run.plan.idle_counts else 0.0
    for name in list(peers):
        run.say(f"{name}: {count} agents, round {number + 1}")
        if problem := _attempt(run, PEERS[name](), (count, idle)):
            run.say(f"{name}: {problem}, not measured any further")
            run.figures.skipped[name] = problem
            peers.remove(name)


def _present(run: Run) -> list[str]:
    """The others are named in the tables as skipped, with the reason."""
    found = {name: make().missing() for name, make in PEERS.items()}
    run.figures.skipped |= {name: why for name, why in found.items() if why}
    return [name for name, why in found.items() if not why]


def _attempt(run: Run, peer: Peer, size: tuple[int, float]) -> str | None:
    """One round; why it came to nothing, which for ourselves is an error."""
    try:
        with stage(run.ground) as here:
            _round(run.figures, here, peer, size)
    except (OSError, RuntimeError) as error:
        if peer.name == TeamSupervisor.name:
            raise
        return f"{error} (with {size[0]})"
    return None


def _round(figures: Figures, here: Stage, peer: Peer, size: tuple[int, float]) -> None:
    """`size`: how many agents, and for how many seconds their cost is measured."""
    count, idle = size
    peer.open(here, count)
    try:
        begun = time.monotonic_ns()
        peer.start()
        arrived = here.arrivals.wait(count)
        if count:
            figures.add("start", peer.name, count, since(begun, max(a.at for a in arrived)))
        peer.settle()
        agents = {each.pid for each in arrived}
        if idle:
            _cost(figures, here, (peer.name, agents), idle)
        if count:
            figures.add("stop", peer.name, count, _stop(peer, agents))
        peer.settle()
    finally:
        peer.close()


def _stop(peer: Peer, agents: Collection[int]) -> float:
    """Milliseconds until no agent, and no process beside one, is left."""
    ends = processes.Ends({*agents, *peer.beside()})
    begun = time.monotonic_ns()
    peer.stop()
    return since(begun, ends.wait())


def _cost(figures: Figures, here: Stage, whose: tuple[str, set[int]], seconds: float) -> None:
    """Memory and processor time of everything but the agents themselves."""
    name, agents = whose
    time.sleep(min(CALM, seconds))
    others = here.processes() - agents
    hosts = {pid for pid in others if processes.command_of(pid) == "team-host"}
    groups = {name: others - hosts, f"{name}, with hosts": others} if hosts else {name: others}
    shares = idle(list(groups.values()), seconds)
    for (who, pids), share in zip(groups.items(), shares):
        figures.add("idle cpu", who, len(agents), share)
        figures.add("memory", who, len(agents), processes.pss(pids))


def idle(groups: Collection[Collection[int]], seconds: float) -> list[float]:
    """Percent of one processor that each group of processes takes for so long."""
    before = [processes.cpu(pids) for pids in groups]
    begun = time.monotonic_ns()
    time.sleep(seconds)
    spent = time.monotonic_ns() - begun
    return [100 * (processes.cpu(pids) - was) / spent for pids, was in zip(groups, before)]
