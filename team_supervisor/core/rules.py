"""Which settings do decisions need?"""

from dataclasses import dataclass

from team_supervisor.core.budgets import Budgets
from team_supervisor.core.completion import CompletionRules
from team_supervisor.core.logs import LogRules
from team_supervisor.core.restarts import RestartPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The settings that decisions need; durations in seconds."""

    completion: CompletionRules = CompletionRules()
    restarts: RestartPolicy = RestartPolicy()
    settle: float = 0.3
    request_timeout: float = 300.0
    stop_grace: float = 10.0
    nudge_after: float = 5.0
    max_nudges: int = 3
    logs: LogRules = LogRules()
    verify_attempts: int = 3
    park_after: float = 120.0
    stall_after: float = 900.0
    stagger: float = 2.0
    share_rate_limits: bool = True
    budgets: Budgets = Budgets()
    process_usd: float | None = None
    task_retries: int = 1
    task_persona: str = ""
