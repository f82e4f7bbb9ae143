import json
import os
from pathlib import Path

import pytest

from team_supervisor.adapters import beads
from team_supervisor.core.taskgraph import TaskState
from team_supervisor.core.tasksources import SourceError
from tests.teams import Team, script

# Answers as bd does, and keeps what it was told.
STAND_IN = """\
#!/bin/sh
case "$1" in
list) cat "$BEADS/list.json";;
ready) cat "$BEADS/ready.json";;
*) echo "$@" >> "$BEADS/told"; test "$2" != bd-9;;
esac
"""


@pytest.fixture
def bd(tmp_path: Path) -> dict[str, str]:
    """An environment in which bd is installed; BEADS is its store."""
    program = tmp_path / "bin" / "bd"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}", "BEADS": str(tmp_path)}


def keep(bd: dict[str, str], found: object, ready: object) -> None:
    store = Path(bd["BEADS"])
    (store / "list.json").write_text(json.dumps(found))
    (store / "ready.json").write_text(json.dumps(ready))


def bead(name: str, *needs: str, **facts: object) -> dict[str, object]:
    links = [{"depends_on_id": need, "type": "blocks"} for need in needs]
    plain = {"id": name, "title": name, "status": "open", "dependencies": links}
    return {**plain, **facts}


def test_beads_are_read_and_one_that_bd_holds_back_is_not_queued(
    bd: dict[str, str], tmp_path: Path
) -> None:
    keep(bd, [bead("bd-1"), bead("bd-2", "bd-1"), bead("bd-3")], [bead("bd-1")])
    found = beads.drafts(tmp_path, bd)
    assert [(d.id, d.depends_on, d.optional) for d in found] == [
        ("bd-1", (), False),
        ("bd-2", ("bd-1",), False),
        ("bd-3", (), True),
    ]


def test_without_bd_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="bd is not installed"):
        beads.drafts(tmp_path, {"PATH": str(tmp_path)})


def test_what_bd_says_is_not_json_or_an_error_is_said(bd: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"`bd list --json` failed in .*: cat: "):
        beads.drafts(tmp_path, bd)
    (tmp_path / "list.json").write_text("no database")
    with pytest.raises(SourceError, match="printed no JSON"):
        beads.drafts(tmp_path, bd)


def test_bd_is_told_and_what_it_refuses_is_a_problem(bd: dict[str, str], tmp_path: Path) -> None:
    told = beads.Beads()
    for name, state in (("bd-1", "in_progress"), ("bd-1", "completed"), ("bd-9", "failed")):
        while not told.tell(name, state, (tmp_path, bd)):
            pass
    assert (tmp_path / "told").read_text().splitlines() == [
        "update bd-1 --status in_progress",
        "close bd-1",
        "update bd-9 --status blocked",
    ]
    assert told.problems == ["bd did not take that bd-9 is failed"]


def test_a_bead_is_done_by_a_worker_and_closed_in_bd(bd: dict[str, str], team: Team) -> None:
    keep(bd, [bead("bd-7", description=script("work"))], [bead("bd-7")])
    team.environ.update(bd)
    team.set(task_persona="intern")
    assert "1 added" in team.call("tasks", "import", "beads").stdout
    team.run(lambda w: w.work.counts.get(TaskState.COMPLETED) and not w.work.untold)
    assert (Path(bd["BEADS"]) / "told").read_text().splitlines()[-1] == "close bd-7"
