"""Which line of a crontab runs the tick, and how is it put there and taken away?

Everything else in the crontab stays as it is, byte for byte (crontab(5)).
"""

import shlex
from collections.abc import Mapping, Sequence

from team_supervisor.errors import TeamError, UsageError

BEGIN = b"# BEGIN team-supervisor schedule (changed by `team-supervisor schedule`)\n"
END = b"# END team-supervisor schedule\n"
_HOUR, _DAY = 60, 1440
# Debian's cron refuses longer lines.
LONGEST = 990


def expression(seconds: float) -> str:
    """The five fields for an interval; UsageError, with the nearest ones, when cron has none."""
    minutes = seconds / 60
    if minutes in _MINUTES:
        return _fields(int(minutes))
    below = max((each for each in _MINUTES if each < minutes), default=None)
    above = min((each for each in _MINUTES if each > minutes), default=None)
    near = " or ".join(_said(each) for each in (below, above) if each)
    raise UsageError(f"cron cannot run something every {_plain(seconds)}: use {near}")


_MINUTES = (
    *(n for n in range(1, _HOUR) if _HOUR % n == 0),
    *(n * _HOUR for n in range(1, 24) if 24 % n == 0),
    _DAY,
)


def _fields(minutes: int) -> str:
    if minutes < _HOUR:
        return f"*/{minutes} * * * *" if minutes > 1 else "* * * * *"
    if minutes < _DAY:
        return f"0 */{minutes // _HOUR} * * *" if minutes > _HOUR else "0 * * * *"
    return "0 0 * * *"


def _said(minutes: int) -> str:
    if minutes < _HOUR:
        return f"{minutes}m"
    return f"{minutes // _HOUR}h"


def _plain(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds % 60 == 0 else f"{seconds:g} seconds"


def line(when: str, environment: Mapping[str, str], argv: Sequence[str]) -> bytes:
    """One entry; the shell that cron starts sees these words and nothing of them changed."""
    for text in (*environment.values(), *argv):
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
            raise UsageError("a path with control characters cannot stand in a crontab")
    words = [f"{name}={shlex.quote(value)}" for name, value in environment.items()]
    command = " ".join([*words, *map(shlex.quote, argv)])
    # An unescaped % would end the command, whatever quotes are around it.
    made = f"{when} {command}".replace("%", "\\%")
    entry = made.encode("utf-8", "surrogateescape")
    if len(entry) > LONGEST:
        raise UsageError("the line for cron would be too long: use a shorter PATH")
    return entry + b"\n"


def placed(crontab: bytes, entry: bytes) -> bytes:
    """The crontab with this entry alone as ours, at its end."""
    rest = without(crontab)
    gap = b"" if rest.endswith(b"\n") or not rest else b"\n"
    return rest + gap + BEGIN + entry + END


def without(crontab: bytes) -> bytes:
    """The crontab without ours; TeamError when its marks are not a pair."""
    if crontab.count(BEGIN) != crontab.count(END):
        raise TeamError(
            "the marks of team-supervisor in your crontab are damaged: "
            "remove what is left of them with `crontab -e`"
        )
    before, begun, rest = crontab.partition(BEGIN)
    if not begun:
        return crontab
    _, ended, after = rest.partition(END)
    if not ended:
        raise TeamError(
            "the marks of team-supervisor in your crontab are in the wrong order: "
            "remove them with `crontab -e`"
        )
    return before + without(after)


def ours(crontab: bytes) -> bytes | None:
    """Our entry, or None."""
    _, begun, rest = crontab.partition(BEGIN)
    return rest.partition(END)[0] if begun else None
