"""What does a test need in place of a user's service manager, and what for a real one?"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SYSTEMD = Path("/lib/systemd/systemd")
HIERARCHIES = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd")
PATIENCE = 60.0


def stand_in(directory: Path, **programs: str) -> dict[str, str]:
    """An environment in which these programs note what they are asked, then do as they are told."""
    place = directory / "programs"
    place.mkdir()
    for name, text in programs.items():
        program = place / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {directory}/said\n{text}\n')
        program.chmod(0o755)
    return {"PATH": f"{place}:/usr/bin:/bin", "HOME": str(directory)}


def said_to(directory: Path) -> list[str]:
    return (directory / "said").read_text().splitlines()


def why_no_systemd() -> str | None:
    """Why no instance of systemd can be run by a test here; None when one can."""
    if os.geteuid() != 0 or not SYSTEMD.exists() or not shutil.which("unshare"):
        return "needs root, systemd and unshare"
    return None if _hierarchies() else "needs a writable cgroup file system"


def _hierarchies() -> list[Path]:
    return [
        Path(place)
        for place in HIERARCHIES
        if os.access(f"{place}/cgroup.procs", os.W_OK) and not _is_controller(place)
    ]


def _is_controller(place: str) -> bool:
    return place == HIERARCHIES[0] and os.path.isdir(HIERARCHIES[1])


@contextlib.contextmanager
def systemd(program_path: str) -> Iterator[dict[str, str]]:
    """A user's systemd for this test alone; the environment in which it is reached.

    It refuses to run where the machine was not booted by systemd: it is shown, in a mount
    namespace of its own, that it was.
    """
    home = Path(tempfile.mkdtemp(prefix="team-systemd-"))  # short: sockets are made in it
    cgroups = [place / home.name for place in _hierarchies()]
    environ = {
        "PATH": program_path,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
    }
    (home / "run").mkdir(mode=0o700)
    for place in cgroups:
        place.mkdir()
    enter = [f"echo $$ > {place}/cgroup.procs" for place in cgroups]
    booted = ["mount -t tmpfs none /run/systemd", "mkdir -p /run/systemd/system"]
    start = f"exec {SYSTEMD} --user --log-target=console --unit=basic.target"
    with (home / "log").open("wb") as log:
        manager = subprocess.Popen(
            ["unshare", "-m", "sh", "-ec", "\n".join([*booted, *enter, start])],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_it_answers(environ)
        yield environ
    finally:
        manager.kill()
        manager.wait()
        for place in cgroups:
            _clear(place)
        shutil.rmtree(home)


def _wait_until_it_answers(environ: dict[str, str]) -> None:
    deadline = time.monotonic() + PATIENCE
    asked = ["systemctl", "--user", "show", "--property=Version"]
    while subprocess.run(asked, env=environ, capture_output=True).returncode != 0:
        assert time.monotonic() < deadline, "systemd does not answer"
        select.select([], [], [], 0.05)


def _clear(cgroup: Path) -> None:
    """Kill what is in it until nothing is, and remove it; a process that dies holds it a moment."""
    deadline = time.monotonic() + PATIENCE
    while cgroup.exists():
        for place, _, _ in os.walk(cgroup, topdown=False):
            with contextlib.suppress(OSError):
                for pid in map(int, Path(place, "cgroup.procs").read_text().split()):
                    os.kill(pid, signal.SIGKILL)
                os.rmdir(place)
        assert time.monotonic() < deadline, f"{cgroup} is not empty"
        select.select([], [], [], 0.02)
