"""Which team does a test have, and who ends its agents?"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .agents import Team


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    team = Team(tmp_path)
    yield team
    for agent in team.agents:
        agent.process.kill()
        agent.process.communicate()
