"""Which variables does an agent get?"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

BASICS = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_*",
    "TERM",
    "TMPDIR",
)
OF_AN_OUTER_SESSION = (
    "CLAUDECODE*",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SSE_PORT",
    "CLAUDE_CODE_SESSION*",
    "TEAM_SESSION_ID",
    "TEAM_ATTACHED",
    "TEAM_SUPERVISOR_*",
    "TEAM_NOTIFY_*",
)
# What a service manager tells the supervisor, and means for it alone (systemd.exec(5)).
OF_A_SERVICE = (
    "NOTIFY_SOCKET",
    "WATCHDOG_*",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "MANAGERPID",
    "SYSTEMD_EXEC_PID",
    "MEMORY_PRESSURE_*",
    "XPC_SERVICE_NAME",
)


def agent_environment(
    environ: Mapping[str, str], pass_: Sequence[str] | None, drop: Sequence[str]
) -> dict[str, str]:
    """What a person would have. `pass_` narrows it to those and the basics; both take globs."""
    wanted = ("*",) if pass_ is None else (*BASICS, *pass_)
    unwanted = (*OF_AN_OUTER_SESSION, *OF_A_SERVICE, *drop)
    return {
        name: value
        for name, value in environ.items()
        if _matches(name, wanted) and not _matches(name, unwanted)
    }


@lru_cache(maxsize=4096)
def _matches(name: str, globs: tuple[str, ...]) -> bool:
    """Every agent that is started asks the same of the same names."""
    return any(fnmatchcase(name, glob) for glob in globs)
