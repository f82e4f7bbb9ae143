"""What stands in this user's crontab? The only module that knows crontab(1)."""

import re
import shutil
import subprocess
from collections.abc import Mapping

from team_supervisor.errors import TeamError

PATIENCE = 30.0
# Said by Debian's, cronie's and BSD's; by busybox's.
_EMPTY = re.compile(rb"no crontab for|can't open '[^']*': No such file")


def there_is(environ: Mapping[str, str]) -> bool:
    """Whether this machine has the program; without it nobody runs what may stand in a crontab."""
    return shutil.which("crontab", path=environ.get("PATH")) is not None


def read(environ: Mapping[str, str]) -> bytes:
    """b"" when there is none; TeamError when that is not certain, as it would then be replaced."""
    done = _run(("-l",), environ)
    if done.returncode == 0:
        return done.stdout
    if _EMPTY.search(done.stderr):
        return b""
    raise TeamError(f"`crontab -l` failed ({_words(done.stderr)}): nothing was changed")


def write(text: bytes, environ: Mapping[str, str]) -> None:
    """Replace it, and see that it is so."""
    done = _run(("-",), environ, text)
    if done.returncode != 0:
        raise TeamError(f"`crontab -` failed ({_words(done.stderr)}): nothing was changed")
    if read(environ) != text:
        raise TeamError("the crontab is not what was written: see `crontab -l`")


def _run(
    arguments: tuple[str, ...], environ: Mapping[str, str], text: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(
            ("crontab", *arguments),
            input=text,
            env={**environ, "LC_ALL": "C"},
            capture_output=True,
            timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TeamError(
            f"`crontab` cannot be run ({type(error).__name__}): install cron, "
            "log in where systemd answers, or have the team supervised with "
            "`team-supervisor service install`"
        ) from None


def _words(said: bytes) -> str:
    return " ".join(said.decode("utf-8", "replace").split())[:200] or "it said nothing"
