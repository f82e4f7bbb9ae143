"""How does a supervisor get on when it may open hardly anything?

`python -m tests.faults.few_descriptors GROUND` supervises with too few descriptors until it has
complained, then with enough of them.
"""

import os
import resource
import sys
from pathlib import Path

from team_supervisor.core.events import Warned
from team_supervisor.core.model import State
from team_supervisor.supervisor import nothing_left
from tests.teams import run_until

from .ground import Ground


def main(root: Path) -> None:
    ground = Ground(root)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ground.team.supervised() as supervisor:
        supervisor.tick()
        ground.request("api", "done all")
        used = len(os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 1, most[1]))
        run_until(supervisor, lambda _: any("open files" in w.reason for w in warned(ground)))
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
        run_until(supervisor, nothing_left)
    assert ground.team.session("api").state == State.COMPLETED
    assert ground.began("api") == 1
    ground.oracle()
    print(*warned(ground), sep="\n")


def warned(ground: Ground) -> list[Warned]:
    return ground.team.heard(Warned)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
