"""Which agents ran, as a test can read it afterwards?"""

import fcntl
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from team_supervisor.scripted_agent import moments


@contextmanager
def audited(environ: Mapping[str, str], session_id: str) -> Iterator[None]:
    """Append `start` and `end` lines to the file TEAM_AUDIT names, if it names one."""
    path = environ.get("TEAM_AUDIT")
    name = environ.get("TEAM_SESSION_ID") or session_id
    _append(path, "start", name)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _append(path, "end", name)


def _append(path: str | None, what: str, name: str) -> None:
    if not path:
        return
    with open(path, "ab", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{what} {name} {os.getpid()} {moments.monotonic():.6f}\n".encode())
