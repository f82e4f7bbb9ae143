"""Which kinds of agent are there?"""

from team_supervisor.runners import claude, command
from team_supervisor.runners.base import Runner, Start

RUNNERS: dict[str, Runner] = {"claude": claude, "command": command}

__all__ = ["RUNNERS", "Runner", "Start"]
