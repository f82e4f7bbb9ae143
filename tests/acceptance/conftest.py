"""What does every acceptance test start from?"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .model import Model
from .team import PROGRAM, Team

CLAUDE = Path(__file__).parent / "node_modules" / ".bin" / "claude"
FAST = "quiet: 0.3\nsettle: 0.2\nstop_grace: 5\n"


@pytest.fixture(scope="session")
def claude() -> Path:
    """The real Claude Code CLI, as npm installed it."""
    if os.environ.get("TEAM_SKIP_ACCEPTANCE") == "1":
        pytest.skip("TEAM_SKIP_ACCEPTANCE=1 is set.")
    if not CLAUDE.exists():
        pytest.fail(
            "The Claude Code CLI is not installed: run `npm install --prefix tests/acceptance`, "
            "or set TEAM_SKIP_ACCEPTANCE=1 to do without these tests.",
            pytrace=False,
        )
    return CLAUDE


@pytest.fixture
def model() -> Iterator[Model]:
    with Model() as running:
        yield running


@pytest.fixture
def environ(tmp_path: Path, claude: Path, model: Model) -> dict[str, str]:
    """All that the CLI sees of this machine; nothing of an outer session gets in."""
    home = tmp_path / "home"
    home.mkdir()
    node = Path(shutil.which("node") or "/usr/bin/node").parent
    path = [Path(sys.executable).parent, node, *map(Path, ("/usr/local/bin", "/usr/bin", "/bin"))]
    return {
        "PATH": os.pathsep.join(map(os.fspath, path)),
        "HOME": os.fspath(home),
        "LANG": "C.UTF-8",
        "ANTHROPIC_BASE_URL": model.url,
        "ANTHROPIC_API_KEY": "anything",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CONFIG_DIR": os.fspath(home / ".claude"),
        "IS_SANDBOX": "1",
        "TEAM_SUPERVISOR_CLAUDE": os.fspath(claude),
    }


@pytest.fixture
def team(tmp_path: Path, environ: dict[str, str]) -> Iterator[Team]:
    """A project with an empty workspace, everything in it quick to settle."""
    if not PROGRAM.exists():
        pytest.fail(f"There is no {PROGRAM}: run `pip install -e .` with this Python.")
    project = tmp_path / "project"
    project.mkdir()
    started = Team(project, environ)
    started.settings(FAST)
    try:
        yield started
    finally:
        started.end()
