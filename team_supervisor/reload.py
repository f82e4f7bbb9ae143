"""Did the person change team.yaml, and what holds since then?"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from team_supervisor.adapters import files
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core.budgets import Budgets
from team_supervisor.core.events import Event, ProjectChanged, SettingsReloaded
from team_supervisor.errors import UsageError
from team_supervisor.settings import Settings, load

# An editor may write in steps: unchanged for so long (seconds) is whole.
SETTLE = 0.5
BUDGETS = {"budget_session": "session", "budget_team": "team", "budget_day": "day"}


def chosen(settings: Settings, options: Mapping[str, Any]) -> Settings:
    """The settings with what the command line says in their place; None says nothing."""
    said = {name: value for name, value in options.items() if value is not None}
    budgets: dict[str, Any] = {
        scope: replace(getattr(settings.budgets, scope), usd=said.pop(option))
        for option, scope in BUDGETS.items()
        if option in said
    }
    together: Budgets = replace(settings.budgets, **budgets)
    return msgspec.structs.replace(settings, budgets=together, **said)


@dataclass(slots=True)
class SettingsFile:
    """team.yaml of a workspace, and what the command line puts above it."""

    workspace: Workspace
    options: Mapping[str, Any] = field(default_factory=dict)
    _held: files.Signature | None = None
    _seen: files.Signature | None = None
    _since: float = 0.0
    _standing: str = "active"

    @property
    def told(self) -> dict[str, float]:
        """Dollars by scope that the command line names."""
        named = {scope: self.options.get(option) for option, scope in BUDGETS.items()}
        return {scope: float(usd) for scope, usd in named.items() if usd is not None}

    def read(self) -> tuple[Settings, tuple[str, ...]]:
        """Settings and warnings; UsageError when the file is broken."""
        self._held = self._seen = files.signature(self.workspace.settings)
        settings, warnings = load(self.workspace.settings, os.environ)
        self._standing = settings.project.status
        return chosen(settings, self.options), warnings

    def again(
        self, monotonic: float, take: Callable[[Settings], None]
    ) -> tuple[tuple[Event, ...], tuple[str, ...]] | None:
        """What there is to tell when the file changed; a broken one leaves all as it was."""
        found = files.signature(self.workspace.settings)
        if found != self._seen:
            self._seen, self._since = found, monotonic
        if found == self._held or monotonic - self._since < SETTLE:
            return None
        before = self._standing
        try:
            settings, warnings = self.read()
        except UsageError as error:
            return (SettingsReloaded(problem=str(error)),), ()
        take(settings)
        if found is None:
            warnings = (*warnings, f"{self.workspace.settings} is gone: no budget holds any more")
        if self._standing == before:
            return (SettingsReloaded(),), warnings
        return (SettingsReloaded(), ProjectChanged(status=self._standing)), warnings
