"""Whose hosts are started together, once it is recorded that they begin?"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from team_supervisor.adapters import forking, processes
from team_supervisor.core.world import Action, Launch

Failed = Callable[[Action, Exception], None]


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt whose row is written, and what its host is to be started with."""

    action: Launch
    control: Path
    launch: processes.Launch
    environ: Mapping[str, str]

    def start(self) -> None:
        """Starting it twice is safe, so it is what follows when it is unknown whether it began."""
        processes.start_host(self.control, self.launch, self.environ)


@dataclass(slots=True)
class Batch:
    """Several of one plan: the launcher comes up while the first of them are recorded."""

    _recorded: list[Begun] = field(default_factory=list)
    _ordered: list[Begun] = field(default_factory=list)
    _common: Mapping[str, str] = field(default_factory=dict)
    _launcher: forking.Launcher | None = None

    def add(self, begun: Begun) -> None:
        """Within the transaction that records it."""
        self._recorded.append(begun)
        if self._launcher is None and forking.possible():
            own = "TEAM_SESSION_ID"
            self._common = {name: v for name, v in begun.environ.items() if name != own}
            with suppress(OSError):  # then each is started by itself, or fails by itself
                self._launcher = forking.Launcher(begun.control.parent, self._common)

    def forget(self) -> None:
        """The transaction failed: none of it begins."""
        self._recorded.clear()

    def start(self, failed: Failed) -> None:
        """After the transaction."""
        recorded, self._recorded = self._recorded, []
        for begun in recorded:
            _try(self._order, begun, failed)

    def _order(self, begun: Begun) -> None:
        if self._launcher is None:
            begun.start()
            return
        common = self._common
        own = {name: v for name, v in begun.environ.items() if common.get(name) != v}
        self._launcher.order(begun.control, begun.launch, own)
        self._ordered.append(begun)

    def finish(self, failed: Failed) -> None:
        """After the plan: what the launcher did not answer for is started without it."""
        launcher, ordered = self._launcher, self._ordered
        self._launcher, self._ordered = None, []
        answered = launcher.collect() if launcher else {}
        for begun in ordered:
            if begun.control not in answered:
                _try(Begun.start, begun, failed)


def _try(start: Callable[[Begun], None], begun: Begun, failed: Failed) -> None:
    try:
        start(begun)
    except Exception as error:
        failed(begun.action, error)
