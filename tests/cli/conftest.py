"""What do the tests of several verbs need?"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from . import terminals
from .example_team import ExampleTeam, everything


@pytest.fixture
def empty_team(tmp_path: Path) -> Iterator[ExampleTeam]:
    """A workspace without a session."""
    team = ExampleTeam(tmp_path / ".database")
    yield team
    team.close()


@pytest.fixture
def team(empty_team: ExampleTeam) -> ExampleTeam:
    """A session in each state there is."""
    empty_team.made = everything(empty_team)
    return empty_team


@pytest.fixture(autouse=True)
def _no_program_is_left() -> Iterator[None]:
    yield
    while terminals.OPEN:
        terminals.OPEN.pop().kill()
