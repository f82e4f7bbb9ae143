"""What does a program have to do to be measured?"""

from collections.abc import Collection
from typing import Protocol

from benchmarks.stage import Stage


class Peer(Protocol):
    """Something that starts and ends agents; one object for one stage.

    `open` makes it ready with `count` agents configured and none started. `start` and `stop` ask,
    as its users would, and may return before it is done: what is measured begins with the call,
    and ends when all agents run, or are gone.
    """

    name: str

    def missing(self) -> str | None:
        """Why it cannot be measured here."""

    def open(self, stage: Stage, count: int) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def settle(self) -> None:
        """Wait until its last command has returned."""

    def beside(self) -> Collection[int]:
        """The processes beside the agents that have to end with them."""

    def close(self) -> None: ...
