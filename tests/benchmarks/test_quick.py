"""Does the whole of it run?"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.documents import BEGIN, END, PLOTS
from benchmarks.tables import TABLES
from tests.teams import processes_under

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
def test_a_little_of_every_measurement_fills_the_document(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    argv = [sys.executable, "-m", "benchmarks", "--quick", "--write", str(tmp_path)]
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run(argv, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-3000:]
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert [title for title in TABLES if f"### {title}" not in text] == []
    drawn = set(re.findall(r"\]\((performance/.*)\)", text))
    assert len(drawn) == sum(map(len, PLOTS.values()))
    assert drawn == {f"performance/{path.name}" for path in (tmp_path / "performance").iterdir()}
    of_ours = next(line for line in text.splitlines() if line.startswith("| a session"))
    assert "–" not in of_ours
    assert processes_under(tmp_path) == {}
    assert {path.name for path in tmp_path.iterdir()} == {"performance.md", "performance"}
