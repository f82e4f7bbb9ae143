"""Does a real cron run what `schedule on` writes? Takes a minute: set SLOW_TESTS=1."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.teams import Team

# A spool and a mount namespace of its own; cron runs what is due at the next full minute.
SCRIPT = """set -e
mount -t tmpfs none /var/spool; mkdir -p /var/spool/cron/crontabs; mount -t tmpfs none /run
printf '# mine\\n*/7 * * * * /bin/true # x\\n' | crontab -
crontab -l > before
team-supervisor schedule on --every 1m
timeout 65 cron -f || true
team-supervisor schedule off
crontab -l | cmp - before
"""


def missing() -> str | None:
    if not os.environ.get("SLOW_TESTS"):
        return "takes a minute: set SLOW_TESTS=1"
    there = all(map(shutil.which, ("cron", "crontab", "unshare")))
    return None if there and os.geteuid() == 0 else "needs root, cron and unshare"


@pytest.mark.skipif(missing() is not None, reason=missing() or "")
def test_cron_runs_the_tick_and_the_rest_of_the_crontab_stays(
    live_team: Team, tmp_path: Path
) -> None:
    place = tmp_path / "a 100% odd place"
    program = Path(shutil.which("team-supervisor", path=str(Path(sys.executable).parent)) or "")
    environ = live_team.environ | {
        "TEAM_SUPERVISOR_CONFIG": str(place),
        "XDG_CONFIG_HOME": str(tmp_path / "units"),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
    }
    argv = ["unshare", "-m", "--propagation", "private", "sh", "-c", SCRIPT]
    done = subprocess.run(argv, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "ended with " in (place / "schedule.log").read_text()
