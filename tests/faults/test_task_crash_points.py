"""Killed at each point of asking for a task's worker: is there one worker, and no more?"""

from pathlib import Path

import pytest

from .crashing import Search, run
from .points import killed_at

ASKING = ["AskForWorker", "MoveTask"]
# The row names the request; then it is made under another name, and renamed.
ALONG_THE_WAY = {
    "AskForWorker sqlite BEGIN #1",
    "AskForWorker sqlite COMMIT #1",
    "AskForWorker os.mkdir .intern-request-good #1",
    "AskForWorker os.rename .intern-request-good to intern-request-good #1",
    "MoveTask sqlite BEGIN #1",
    "MoveTask sqlite COMMIT #2",
}


@pytest.mark.timeout(600)
def test_a_supervisor_killed_while_it_asks_for_a_worker_gets_one_and_only_one(
    tmp_path: Path,
) -> None:
    """Each life is killed at the first point that nobody was killed at, until none is left."""
    known = tmp_path / "known"
    known.mkdir()
    for number in range(60):
        case = run(Search([f"*{known}"], only=ASKING, planned=True), tmp_path / str(number))
        assert not case["wrong"], f"killed at {case['killed']}: {case['wrong']}"
        if not case["killed"][0]:
            break
    assert killed_at(known) >= ALONG_THE_WAY
