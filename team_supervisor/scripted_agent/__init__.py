"""How does an agent without an account speak Claude Code's side of the protocol?"""

from team_supervisor.scripted_agent.main import run

__all__ = ["run"]
