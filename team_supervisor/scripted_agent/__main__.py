"""What does `python -m team_supervisor.scripted_agent` start?"""

import sys

from team_supervisor.scripted_agent.main import run

sys.exit(run())
