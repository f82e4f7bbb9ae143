"""What did the person set, and what holds where nothing was set?"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from team_supervisor.adapters import files, userfiles
from team_supervisor.core import telling, terms
from team_supervisor.core.admission import Limits
from team_supervisor.core.budgets import Budget, Budgets
from team_supervisor.core.completion import CompletionRules
from team_supervisor.core.health import HealthRules
from team_supervisor.core.logs import LogRules
from team_supervisor.core.persona import PermissionMode
from team_supervisor.core.projects import ProjectSettings
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.core.telling import Notify
from team_supervisor.errors import UsageError

# msgspec and not pydantic: 8 ms of start-up instead of 14, and its sentences name the place
# ("Expected `int`, got `str` - at `$.limits.sessions`").


class Environment(msgspec.Struct, frozen=True):
    """Which variables of the supervisor's environment an agent gets; names or globs."""

    pass_: tuple[str, ...] | None = msgspec.field(default=None, name="pass")
    drop: tuple[str, ...] = ()


class CommandRunner(msgspec.Struct, frozen=True):
    """The program that the `command` runner starts."""

    argv: tuple[str, ...] = ()


class RunnerSettings(msgspec.Struct, frozen=True):
    command: CommandRunner = CommandRunner()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """team.yaml; durations are seconds."""

    limits: Limits = Limits()
    restarts: RestartPolicy = RestartPolicy()
    env: Environment = Environment()
    runners: RunnerSettings = RunnerSettings()
    runner: Literal["claude", "command"] | None = None
    claude: str | None = None
    claude_arguments: tuple[str, ...] = ()
    model: str | None = None
    permission_mode: PermissionMode | None = None
    max_budget_usd: float | None = None
    settle: float = 0.3
    request_timeout: float = 300.0
    quiet: float = 2.0
    completion_grace: float = 15.0
    stop_grace: float = 10.0
    nudge_after: float = 5.0
    max_nudges: int = 3
    log_limit_mb: float = 64.0
    log_total_mb: float = 2048.0
    log_keep: int = 5
    verify: tuple[str | tuple[str, ...], ...] = ()
    verify_timeout: float = 600.0
    verify_attempts: int = 3
    stall_after: float = 900.0
    timeout: float | None = None
    park_after: float = 120.0
    rate_limit_stagger: float = 2.0
    share_rate_limits: bool = True
    budgets: Budgets = Budgets()
    task_persona: str = "software-engineer"
    task_timeout: float = 3600.0
    task_retries: int = 1
    file_events: bool = True
    health: HealthRules = HealthRules()
    project: ProjectSettings = ProjectSettings()
    notify: Notify = Notify()

    @property
    def worker_limit(self) -> float:
        """Seconds that the worker of a task may run which sets no limit itself."""
        own = self.project.worker_timeout
        return self.task_timeout if own is None else own

    @property
    def completion(self) -> CompletionRules:
        return CompletionRules(quiet=self.quiet, grace=self.completion_grace)

    @property
    def told(self) -> Notify:
        """`project.channel` counts where `notify.channel` is not set, if it is a URL."""
        other = self.project.channel or ""
        if self.notify.channel or not ("://" in other or other.startswith("${")):
            return self.notify
        return msgspec.structs.replace(self.notify, channel=other)

    @property
    def logs(self) -> LogRules:
        mebibyte = files.MEBIBYTE
        return LogRules(int(self.log_limit_mb * mebibyte), int(self.log_total_mb * mebibyte))


def load(path: Path, environ: Mapping[str, str]) -> tuple[Settings, tuple[str, ...]]:
    """The settings of a workspace and warnings about unknown keys; UsageError when broken."""
    values = _read(path)
    try:
        settings = msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: {_sentence(str(error))}: correct it there") from None
    _check(path, settings)
    if chosen := environ.get("TEAM_SUPERVISOR_CLAUDE"):
        settings = msgspec.structs.replace(settings, claude=chosen)
    if environ.get("TEAM_SUPERVISOR_FILE_EVENTS") == "off":
        settings = msgspec.structs.replace(settings, file_events=False)
    odd = [f"`notify.events.{name}`" for name in telling.unknown(settings.notify)]
    unknown = (*_unknown(values, Settings), *odd)
    return settings, tuple(f"{path}: unknown setting {key}" for key in unknown)


def _read(path: Path) -> dict[str, Any]:
    """With dashes for underscores where other programs write the project's settings so."""
    values = userfiles.load(path)
    inner = values.get("project", {})
    if inner is None or isinstance(inner, Mapping):
        inner = inner or {}
        values["project"] = {str(key).replace("-", "_"): value for key, value in inner.items()}
    return values


def _sentence(message: str) -> str:
    """`Expected `int`, got `str` - at `$.limits.sessions`` with the place in front."""
    what, _, where = message.partition(" - at `$.")
    where = where.rstrip("`")
    return f"`{where}`: {what[0].lower()}{what[1:]}" if where else what


def _check(path: Path, settings: Settings) -> None:
    """Refuse numbers that make no sense."""
    numbers = {
        **{name: getattr(settings, name) for name in settings.__struct_fields__},
        **{f"limits.{f.name}": getattr(settings.limits, f.name) for f in fields(Limits)},
        **{f"limits.per_persona.{k}": n for k, n in settings.limits.per_persona.items()},
        **{f"restarts.{f.name}": getattr(settings.restarts, f.name) for f in fields(RestartPolicy)},
        **_amounts(settings.budgets),
        **{f"health.{f.name}": getattr(settings.health, f.name) for f in fields(HealthRules)},
        "project.worker_timeout": settings.project.worker_timeout,
    }
    if settings.project.max_workers is not None and settings.project.max_workers < 1:
        raise UsageError(
            f"{path}: `project.max_workers` is {settings.project.max_workers}, but it must be at "
            "least 1: `status: paused` starts nothing"
        )
    try:
        terms.commands(settings.verify)
    except terms.TermsError:
        raise UsageError(f"{path}: `verify` must be a list of commands") from None
    if settings.budgets.warn_at > 1:
        raise UsageError(
            f"{path}: `budgets.warn_at` is {settings.budgets.warn_at:g}, but it is a share: "
            "0.8 is 80 %"
        )
    if pair := settings.health.contradiction():
        raise UsageError(
            f"{path}: `health.{pair}` contradict each other: a warning comes before what is worse"
        )
    for name, value in numbers.items():
        if isinstance(value, (int, float)) and not value >= 0:
            why = "cannot be negative" if value < 0 else "must be a number"
            raise UsageError(f"{path}: `{name}` is {value}, but it {why}")


def _amounts(budgets: Budgets) -> dict[str, Any]:
    """A budget that is no number would never be spent."""
    inner = {f"budgets.{f.name}": getattr(budgets, f.name) for f in fields(Budgets)}
    each = ((name, found) for name, found in inner.items() if isinstance(found, Budget))
    return inner | {
        f"{name}.{f.name}": getattr(found, f.name) for name, found in each for f in fields(Budget)
    }


def _unknown(values: Mapping[str, Any], kind: Any, prefix: str = "") -> list[str]:
    known = _fields(kind)
    found = [f"`{prefix}{key}`" for key in values if key not in known]
    for key, value in values.items():
        inner = known.get(key)
        if isinstance(value, Mapping) and (
            is_dataclass(inner) or hasattr(inner, "__struct_fields__")
        ):
            found += _unknown(value, inner, f"{prefix}{key}.")
    return found


def _fields(kind: Any) -> dict[str, Any]:
    if is_dataclass(kind):
        return {f.name: f.type for f in fields(kind)}
    return {f.encode_name: f.type for f in msgspec.structs.fields(kind)}
