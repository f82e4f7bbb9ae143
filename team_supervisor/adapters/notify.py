"""How does a service manager hear how the supervisor is?

The protocol of sd_notify(3), which is one datagram; a library for it would be longer.
"""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notifier:
    """Tells the manager that started this process; nobody, when none did."""

    address: str | None
    watched: bool = False

    def ready(self) -> None:
        self._send("READY=1")

    def alive(self) -> None:
        """To be called more often than WatchdogSec."""
        if self.watched:
            self._send("WATCHDOG=1")

    def status(self, words: str) -> None:
        """One line, as `systemctl status` shows it."""
        self._send("STATUS=" + words.replace("\n", " "))

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if self.address is None:
            return
        import socket

        # The manager's own troubles must not become ours.
        with (
            contextlib.suppress(OSError, ValueError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out,
        ):
            out.setblocking(False)
            out.sendto(state.encode("utf-8", "replace"), self.address)


def notifier(environ: Mapping[str, str]) -> Notifier:
    """From NOTIFY_SOCKET, a path or an abstract name ("@…"), and WATCHDOG_USEC, WATCHDOG_PID."""
    given = environ.get("NOTIFY_SOCKET", "")
    if given[:1] not in ("/", "@") or len(given) < 2:
        return Notifier(None)
    ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    address = "\0" + given[1:] if given[0] == "@" else given
    return Notifier(address, watched=ours and environ.get("WATCHDOG_USEC", "0") != "0")
