"""What does one look of the loop cost, in the workspace named on the command line?"""

import json
import os
import statistics
import sys
from pathlib import Path

from benchmarks.machine import timed
from benchmarks.rows import archive
from team_supervisor.adapters.workspace import locate
from team_supervisor.settings import load
from team_supervisor.supervisor import supervise

LOOKS = 30


def main(root: Path, archives: int) -> None:
    workspace = locate(root)
    archive(workspace, archives)
    settings, _ = load(workspace.settings, os.environ)
    looks: list[float] = []
    scans: list[float] = []
    with supervise(workspace, settings, os.environ, lambda *_: None, "a benchmark") as supervisor:
        with timed(first := []):
            supervisor.tick()
        while supervisor.tick()[1]:
            pass
        for _ in range(LOOKS):
            with timed(looks):
                supervisor.tick()
            with timed(scans):
                sum(1 for _ in os.scandir(root))
    values = {
        "first": first[0],
        "look": statistics.median(looks),
        "scandir": statistics.median(scans),
    }
    print(json.dumps(values))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
