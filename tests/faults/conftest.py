"""What do the fault tests need besides the program?"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .ground import Ground


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "soak: takes long; runs only with TEAM_SOAK=1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("TEAM_SOAK") == "1":
        return
    for item in items:
        if "soak" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="takes long: set TEAM_SOAK=1"))


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    """A workspace, its agents, and the oracle, which is asked once more at the end."""
    made = Ground(tmp_path / "ground")
    yield made
    made.end()
    made.oracle(finished=False)
