"""What happens to a stranger who got the pid of an agent that is gone?

`unshare --pid --fork --mount-proc python -m tests.faults.reusing DIRECTORY`: in a pid namespace
of its own the next pid can be chosen.
"""

import ctypes
import subprocess
import sys
from pathlib import Path

from team_supervisor.core import events
from team_supervisor.core.model import State

from .ground import Ground, gate, kill, reap_all, wait_until

LAST = Path("/proc/sys/kernel/ns_last_pid")


def with_pid(pid: int) -> "subprocess.Popen[bytes]":
    """A program that has nothing to do with any team, under this pid."""
    for _ in range(100):
        LAST.write_text(str(pid - 1))
        stranger = subprocess.Popen(["sleep", "300"], env={})
        if stranger.pid == pid:
            return stranger
        stranger.kill()
        stranger.wait()
    raise AssertionError(f"nobody could be given pid {pid}")


def main(root: Path) -> None:
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # process 1 here waits for nobody
    ground = Ground(root)
    ground.request("api", f"once gone {gate()}", "done all")
    ground.team.run(lambda _: ground.reached())
    host, agent = ground.host("api"), ground.agent("api")
    kill(host)
    kill(agent)
    wait_until(lambda: _gone(host.pid) and _gone(agent.pid))
    strangers = [with_pid(host.pid), with_pid(agent.pid)]
    ground.team.run()
    assert [stranger.poll() for stranger in strangers] == [None, None], "a stranger was killed"
    for stranger in strangers:
        stranger.kill()
    assert not ground.team.heard(events.SessionAdopted)
    assert ground.team.session("api").state == State.COMPLETED
    assert ground.began("api") == 2
    ground.oracle()


def _gone(pid: int) -> bool:
    reap_all()
    return not Path(f"/proc/{pid}").exists()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
