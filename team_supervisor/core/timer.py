"""Which two units have systemd run the tick?"""

from collections.abc import Mapping, Sequence

from team_supervisor.core import unit
from team_supervisor.errors import UsageError

NAME = "team-supervisor-schedule"
SHORTEST, LONGEST = 60.0, 86_400.0
_HEAD = f"# {unit.HEADS['schedule']}"


def interval(seconds: float) -> float:
    """Seconds, as they are; UsageError when they are no interval for a tick."""
    if not SHORTEST <= seconds <= LONGEST:
        raise UsageError("the tick runs every 1m at most, and every 24h at least: use one between")
    return seconds


def service(environment: Mapping[str, str], argv: Sequence[str]) -> str:
    """What one tick is (systemd.service(5)); UsageError for words that no unit can hold."""
    unit.refuse_control_characters((*environment.values(), *argv))
    text = f"""{_HEAD}
# Changed by `team-supervisor schedule`; what you change is kept aside.

[Unit]
Description=team_supervisor: one tick over all projects

[Service]
Type=oneshot
ExecStart={unit.words(tuple(argv))}
{unit.environment(environment)}# What a tick has started goes on when it ends.
KillMode=process
Delegate=yes
"""
    return unit.sealed(text)


def timer(seconds: float) -> str:
    """A moment after its start, then each so many seconds (systemd.timer(5))."""
    text = f"""{_HEAD}
# Changed by `team-supervisor schedule`; what you change is kept aside.

[Unit]
Description=team_supervisor: when the tick runs

[Timer]
OnActiveSec=1s
OnUnitActiveSec={seconds:g}s
AccuracySec=1s

[Install]
WantedBy=timers.target
"""
    return unit.sealed(text)
