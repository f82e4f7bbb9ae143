"""What is measured?"""

from collections.abc import Mapping

from benchmarks.scenarios import (
    archives,
    commands,
    crowd,
    growth,
    latency,
    plans,
    tasklists,
    ticks,
    worked,
)
from benchmarks.scenarios.base import Scenario

SCENARIOS: Mapping[str, Scenario] = {
    "latency": latency.run,
    "crowd": crowd.run,
    "commands": commands.run,
    "tasklists": tasklists.run,
    "archives": archives.run,
    "plans": plans.run,
    "worked": worked.run,
    "ticks": ticks.run,
    "growth": growth.run,
}
