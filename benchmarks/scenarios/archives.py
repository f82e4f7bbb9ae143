"""Does a workspace get slower with what was done in it?"""

from benchmarks import processes
from benchmarks.peers.ours import TeamSupervisor
from benchmarks.population import populate
from benchmarks.scenarios import growth, latency
from benchmarks.scenarios.base import Run
from benchmarks.stage import stage
from team_supervisor.core.model import State

NAME = "team-supervisor, archives"


def run(run: Run) -> None:
    """Latency, memory and processor time with thousands of archives and nothing at work."""
    run.say(f"a workspace with {run.plan.archives} archived sessions")
    with stage(run.ground) as here:
        ours = TeamSupervisor()
        populate(here.directory / "project" / ".database", run.plan.archives, State.COMPLETED)
        ours.open(here)
        try:
            for _ in range(run.plan.samples_beside):
                latency.sample(run.figures, here, ours, (NAME, run.plan.archives))
            alone = {ours.supervisor.pid}
            share = growth.idle([alone], run.plan.idle)[0]
            run.figures.add("idle cpu", NAME, run.plan.archives, share)
            run.figures.add("memory", NAME, run.plan.archives, processes.pss(alone))
        finally:
            ours.close()
