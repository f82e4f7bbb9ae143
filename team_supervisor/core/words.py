"""How is a fact said to a person, in a few words?"""

from datetime import UTC, datetime

from team_supervisor.core.model import Exit, State

SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
    9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM",
}  # fmt: skip


def how_it_exited(end: Exit) -> str:
    """`code 1`, `SIGKILL`, `could not start: …`, `exit unknown`."""
    if end.reason == "spawn-error":
        return f"could not start: {end.error or 'unknown error'}"
    if end.code is not None:
        return f"code {end.code}"
    if end.signal is not None:
        return SIGNALS.get(end.signal, f"signal {end.signal}")
    return "exit unknown"


def how_it_ended(state: State, reason: str) -> str:
    """For the requester of a session."""
    return f"{state}, {reason}" if reason and state != State.COMPLETED else str(state)


def stamp(wall: float) -> str:
    """`2026-01-31T09:30:00Z`."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(seconds: float) -> str:
    """`12 s`, `3 min`, `2 h 5 min`, `4 d`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        minutes = whole % 3600 // 60
        return f"{whole // 3600} h {minutes} min" if minutes else f"{whole // 3600} h"
    return f"{whole // 86400} d"


def tokens(count: int) -> str:
    """`950`, `12.3k`, `1.2M`."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 999_950 else f"{count / 1_000_000:.1f}M"


def dollars(amount: float) -> str:
    """`$0.00`, `$1.23`, tenths of cents below a dime."""
    return f"${amount:.3f}" if 0 < amount < 0.1 else f"${amount:.2f}"


def file_name(name: str) -> str:
    r"""As it is, but for what nobody could see: `a\xff`, `a\n`; two names never read as one.

    A byte that is no UTF-8 is a lone surrogate in `name` (PEP 383).
    """
    if name.isprintable() and "\\" not in name:
        return name
    return "".join(map(_spelled, name))


def _spelled(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if char.isprintable() and char != "\\":
        return char
    if code < 0x80:
        return char.encode("unicode_escape").decode()
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def processes(count: int) -> str:
    """`1 process`, `2 processes`."""
    return f"{count} process{'' if count == 1 else 'es'}"
