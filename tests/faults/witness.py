"""Did two agents of one session ever live at once, and how did each end?

An agent for the fault tests: the scripted agent, and a lock that the kernel frees when it dies,
however it dies. Whoever finds the lock of its session held writes `overlap` into the audit.
"""

import fcntl
import os
import signal
import stat
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
BOOT = f"""#!{sys.executable} -IS
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.faults.witness import run
run()
"""

# In front of a verify command: the same for two verifications of one session.
CHECK = (
    'exec 9>>"$TEAM_AUDIT.$TEAM_SESSION_ID.check"; '
    'flock -n 9 || echo "overlap $TEAM_SESSION_ID $$" >> "$TEAM_AUDIT.witness"; '
    'echo "checks $TEAM_SESSION_ID $$" >> "$TEAM_AUDIT.witness"; sleep 0.1; '
)


def make(path: Path) -> Path:
    """The agent as a program; without `site`, which would take half of its start."""
    path.write_text(BOOT)
    path.chmod(stat.S_IRWXU)
    return path


def run() -> NoReturn:
    """As the scripted agent, between a line `began` and a line `exit`."""
    from team_supervisor.scripted_agent import run as act

    audit, session = os.environ.get("TEAM_AUDIT"), os.environ.get("TEAM_SESSION_ID", "nobody")
    held = os.open(f"{audit}.{session}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _append(audit, f"overlap {session} {os.getpid()}")
    _append(audit, f"began {session} {os.getpid()}")
    code: object = 1
    try:
        code = act()
    except SystemExit as end:
        code = end.code
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.stdout.flush()
        _append(audit, f"exit {session} {os.getpid()} {code}")
        # Nothing after its last line, in which it could be killed with another exit.
        os._exit(code if isinstance(code, int) else 1)


def _append(audit: str | None, line: str) -> None:
    with open(f"{audit}.witness", "ab", buffering=0) as file:
        file.write(f"{line}\n".encode())
