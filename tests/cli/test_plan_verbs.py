"""Do the verbs of the plan say what is, and refuse what cannot be?"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from team_supervisor.adapters.store import open_store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import create, locate
from team_supervisor.cli import queue, tasks
from team_supervisor.core.model import Session, State, Wanted
from team_supervisor.core.taskgraph import TaskState
from team_supervisor.errors import TeamError, UsageError
from tests.teams import Team

from .terminals import Terminal, shown

PLAN = """\
## Phase 1
- [x] T1 Set up
- [ ] T2 [P] Parse
- [ ] T3 [P] Print (depends on T1)
## Phase 2
- [ ] T4 Join
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a plan in it, which is imported."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.md").write_text(PLAN)
    assert run("import", "plan.md").exit_code == 0
    return tmp_path


def run(*words: object) -> Result:
    return CliRunner().invoke(tasks.command, [str(word) for word in words])


def of_queue(*words: object) -> Result:
    return CliRunner().invoke(queue.command, [str(word) for word in words])


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def states() -> dict[str, str]:
    return {t["id"]: t["state"] for t in printed(run("list", "--json"))["tasks"]}


def order() -> list[str]:
    return [t["id"] for t in printed(of_queue("list", "--json"))["queued"]]


def refused(result: Result) -> str:
    assert isinstance(result.exception, UsageError), result.output
    return str(result.exception)


def at_work(place: Path, name: str) -> None:
    """As the supervisor leaves a task whose request it has claimed."""
    store = open_store(locate(place / ".database").database)
    table = TaskTable(store)
    task = table.get(name)
    assert task is not None
    plain = {"persona": "qa", "name": name, "created_at": 1.0, "directory": "qa-1"}
    request = f"qa-request-{name}"
    store.insert(
        Session(id="qa-1", state=State.ACTIVE, attempt=1, request_name=request, **plain)  # type: ignore[arg-type]
    )
    task = table.shift(task, TaskState.ASSIGNED, 1.0, request=request, tries=1)
    assert task is not None
    assert table.shift(task, TaskState.IN_PROGRESS, 2.0, session="qa-1")
    store.close()


def test_an_import_says_which_task_is_named_and_not_there(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("- [ ] T1 One\n- [ ] T2 Two (depends on T404)\n")
    workspace = str(tmp_path / ".database")
    said = run("import", tmp_path / "p.md", "-w", workspace).output
    assert "T2 needs T404: not there yet" in said
    listed = run("list", "-w", workspace).output
    assert "needs T404, which is not there" in listed


def test_a_list_is_imported_with_what_is_done_and_what_waits(place: Path) -> None:
    assert run("list").output == (
        "[x] T1 Set up (completed)\n[.] T2 Parse (queued)\n[.] T3 Print (queued)\n"
        "[.] T4 Join (queued: needs T2, which is queued; T3, which is queued)\n"
        "1 of 4 completed, 3 queued\n"
    )
    again = printed(run("import", "plan.md", "--json"))
    assert (again["added"], again["changed"], again["unchanged"]) == ([], [], 4)


def test_an_import_with_a_cycle_leaves_everything_as_it_was(place: Path) -> None:
    before = run("list", "--json").output
    (place / "plan.md").write_text("- [ ] T0 New\n" + PLAN.replace("Parse", "Parse (after T4)"))
    assert "wait for one another" in refused(run("import", "plan.md"))
    assert run("list", "--json").output == before


def test_an_edit_outlives_the_next_import_until_the_source_changes(place: Path) -> None:
    run("edit", "T2", "--title", "Parse it all", "--priority", "high", "--verify", "make test")
    run("import", "plan.md")
    shown = printed(run("show", "T2", "--json"))
    assert (shown["title"], shown["priority"]) == ("Parse it all", "high")
    assert (shown["verify"], shown["needed_by"]) == (["make test"], ["T4"])
    (place / "plan.md").write_text(PLAN.replace("Parse", "Parse again"))
    assert printed(run("import", "plan.md", "--json"))["changed"] == ["T2"]
    assert printed(run("show", "T2", "--json"))["title"] == "Parse again"


def test_the_same_ids_of_another_file_need_a_prefix(place: Path) -> None:
    (place / "other.md").write_text(PLAN)
    assert "--prefix" in refused(run("import", "other.md"))
    assert printed(run("import", "other.md", "--prefix", "b-", "--json"))["added"][0] == "b-T1"
    assert printed(run("show", "b-T4", "--json"))["depends_on"] == ["b-T1", "b-T2", "b-T3"]


def test_a_file_that_was_moved_keeps_its_tasks(place: Path) -> None:
    (place / "plan.md").rename(place / "moved.md")
    assert printed(run("import", "moved.md", "--json"))["added"] == []


def test_the_waves_are_a_tree(place: Path) -> None:
    assert run("plan").output.splitlines()[2:6] == [
        "Wave 2: 0 of 2 completed",
        "├── [.] T2 Parse (queued)",
        "└── [.] T3 Print (queued)",
        "Wave 3: 0 of 1 completed",
    ]
    waves = printed(run("plan", "--json"))["waves"]
    assert [[t["id"] for t in wave] for wave in waves] == [["T1"], ["T2", "T3"], ["T4"]]


def test_the_graph_is_drawn_in_each_form(place: Path) -> None:
    assert "t0 --> t1" in run("graph", "--mermaid").output
    assert '"T1" -> "T2";' in run("graph", "--dot").output
    assert run("graph").output.splitlines()[3] == "T4 <- T1, T2, T3"
    assert ["T3", "T4"] in printed(run("graph", "--json"))["edges"]
    run("graph", "--svg", place / "plan.svg")
    assert (place / "plan.svg").read_text().count("<rect") == 4


def test_an_unknown_task_is_named_with_what_it_could_be(place: Path) -> None:
    assert refused(run("show", "t2")) == "unknown task 't2': did you mean T2?"


def test_the_queue_is_placed_emptied_and_filled_again(place: Path) -> None:
    assert order() == ["T2", "T3", "T4"]
    of_queue("move", "T4", 1)
    assert order() == ["T4", "T2", "T3"]
    of_queue("remove", "T2")
    assert (order(), states()["T2"]) == (["T4", "T3"], "pending")
    of_queue("clear")
    assert order() == []
    of_queue("add", "T3", "T2", "--at", 1)
    assert order() == ["T3", "T2"]
    assert "is completed: only a pending one" in refused(of_queue("add", "T1"))
    assert "is not in the queue" in refused(of_queue("move", "T4", 1))


def test_the_settings_of_the_queue_have_defaults_and_stay(place: Path) -> None:
    plain = {"paused": False, "stop_on_failure": True, "max_concurrent": 1, "stopped_by": None}
    assert printed(of_queue("settings", "--json")) == plain
    of_queue("settings", "--max-concurrent", 3, "--no-stop-on-failure")
    of_queue("pause")
    changed = {"paused": True, "stop_on_failure": False, "max_concurrent": 3, "stopped_by": None}
    assert printed(of_queue("settings", "--json")) == changed
    assert "the queue is paused" in of_queue("list").output
    assert printed(of_queue("resume", "--json"))["paused"] is False


def test_a_failure_stops_the_queue_until_resume(place: Path) -> None:
    run("fail", "T2", "--reason", "no key")
    assert "T2 failed, which stopped the queue" in of_queue("list").output
    assert printed(of_queue("resume", "--json"))["stopped_by"] is None


def test_a_queue_that_starts_nothing_is_said_wherever_a_queued_task_is_shown(place: Path) -> None:
    for words in (("list",), ("plan",)):
        assert "nothing more starts" not in run(*words).output
    of_queue("pause")
    why = "the queue is paused: nothing more starts; `team-supervisor queue resume` goes on"
    for words in (("list",), ("plan",), ("add", "T9", "More")):
        assert run(*words).output.splitlines()[-1] == why
    of_queue("resume")
    run("fail", "T9")
    run("cancel", "T2")
    assert "T9 failed, which stopped the queue: nothing more starts" in run("retry", "T2").output


def test_a_workers_word_is_noted_and_a_persons_counts(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work(place, "T2")
    monkeypatch.setenv("TEAM_SESSION_ID", "qa-1")
    assert "noted" in run("done", "T2").output
    assert states()["T2"] == "in_progress"
    monkeypatch.delenv("TEAM_SESSION_ID")
    assert printed(run("done", "T2", "--json"))["state"] == "completed"


@pytest.mark.parametrize("word", ["done", "fail"])
def test_an_agent_does_not_speak_for_the_worker_of_another_task(
    place: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    at_work(place, "T2")
    monkeypatch.setenv("TEAM_SESSION_ID", "qa-2")
    assert "task T2 is not yours: qa-1 reports how it went" in refused(run(word, "T2"))
    assert states()["T2"] == "in_progress"


def test_an_agent_does_not_pass_by_the_commands_that_verify_a_task(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("edit", "T3", "--verify", "make test")
    monkeypatch.setenv("TEAM_SESSION_ID", "qa-2")
    assert "has commands that verify it" in refused(run("done", "T3"))
    assert states()["T3"] != "completed"


@pytest.mark.parametrize("word", ["done", "fail", "cancel"])
def test_to_end_a_task_by_hand_stops_its_worker(place: Path, word: str) -> None:
    at_work(place, "T2")
    run(word, "T2")
    store = open_store(locate(place / ".database").database)
    assert [s.wanted for s in store.sessions()] == [Wanted.STOP]
    store.close()


def test_a_blocked_task_goes_on_with_its_worker(place: Path) -> None:
    at_work(place, "T2")
    run("block", "T2", "--reason", "needs a key")
    shown = printed(run("show", "T2", "--json"))
    assert (shown["state"], shown["reason"]) == ("blocked", "needs a key")
    assert printed(run("retry", "T2", "--json"))["state"] == "in_progress"


def test_what_was_not_tried_cannot_be_tried_again_and_what_is_done_stays_done(
    place: Path,
) -> None:
    assert "it was not tried yet" in refused(run("retry", "T2"))
    assert "it cannot become queued" in refused(run("retry", "T1"))


def test_a_task_is_added_and_a_cycle_by_hand_is_refused(place: Path) -> None:
    added = printed(run("add", "T9", "Write it", "--needs", "T4", "--timeout", "45m", "--json"))
    assert (added["state"], added["depends_on"], added["timeout"]) == ("queued", ["T4"], 2700.0)
    assert "T1 needs T9" in refused(run("edit", "T1", "--needs", "T9"))
    assert "there is a task T9 already" in refused(run("add", "T9", "Again"))
    assert "may have only letters" in refused(run("add", "a b", "Bad"))


def test_without_a_workspace_a_report_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    create(locate(tmp_path / "other"))
    assert "there is no workspace" in str(run("done", "T1").exception)
    assert not (tmp_path / ".database").exists()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--needs", "../T1", "`depends_on`: the task id '../T1'"),
        ("--persona", "../qa", "`persona` must be the name of a persona"),
        ("--persona", "ghost", "there is no persona 'ghost'; known are: engineering-manager, "),
        ("--persona", "intern-request-x", "what is before `-request-` is the persona"),
    ],
)
def test_what_can_be_no_task_and_no_persona_is_refused(
    place: Path, option: str, value: str, said: str
) -> None:
    assert said in refused(run("add", "T9", "Do it", option, value))
    assert said in refused(run("edit", "T2", option, value))


def test_an_import_warns_of_a_persona_that_is_not_there_by_its_file(tmp_path: Path) -> None:
    specs = tmp_path / "specs"
    specs.mkdir()
    for name, persona in (("T1", "ghost"), ("T2", "intern")):
        (specs / f"{name}-spec.md").write_text(f"---\npersona: {persona}\n---\n# Do it\n")
    workspace = tmp_path / ".database"
    said = run("import", specs, "-w", workspace)
    assert said.exit_code == 0
    assert "Warning: specs/T1-spec.md: there is no persona 'ghost' for T1 yet" in said.stderr
    assert "known are: engineering-manager, intern, " in said.stderr
    assert "T2" not in said.stderr
    assert list(printed(run("import", specs, "-w", workspace, "--json"))["for_nobody"]) == ["T1"]
    (workspace / "personas").mkdir()
    (workspace / "personas" / "ghost.md").write_text("---\nname: ghost\n---\nHaunt.\n")
    assert run("import", specs, "-w", workspace).stderr == ""


def test_a_title_by_hand_is_one_line_without_control_characters(place: Path) -> None:
    assert printed(run("add", "T9", "a\nb\x1b[1m", "--json"))["title"] == "a b[1m"
    assert printed(run("edit", "T9", "--title", "c\nd", "--json"))["title"] == "c d"


def test_a_picture_that_cannot_be_written_is_one_sentence(place: Path) -> None:
    failed = run("graph", "--svg", "nowhere/plan.svg")
    assert isinstance(failed.exception, TeamError)
    assert "nowhere/plan.svg cannot be written" in str(failed.exception)
    os.mkfifo(place / "pipe")
    assert isinstance(run("graph", "--svg", "pipe").exception, TeamError)


def test_what_is_not_there_is_said_when_it_is_needed_and_drawn(place: Path) -> None:
    added = run("add", "T9", "Late", "--needs", "T404")
    assert "T9 needs T404, which is not there yet" in added.stderr
    assert "T9 <- T404 (not there)" in run("graph").stdout
    assert "T404, not there" in run("graph", "--mermaid").stdout
    assert 'm0["T404, not there"]:::missing' in run("graph", "--mermaid").stdout
    assert '"T404" -> "T9" [style=dashed];' in run("graph", "--dot").stdout
    assert printed(run("graph", "--json"))["missing"] == ["T404"]
    run("graph", "--svg", place / "plan.svg")
    drawn = (place / "plan.svg").read_text()
    assert drawn.count("<rect") == 6
    assert drawn.count("stroke-dasharray") == 2  # its box, and the line to who needs it
    assert "T404, not there" in drawn


def test_what_waits_for_what_is_not_there_stands_in_no_wave(place: Path) -> None:
    run("add", "T8", "Late", "--needs", "T404")
    run("add", "T9", "Later", "--needs", "T8")
    lines = run("plan").stdout.splitlines()
    assert lines[lines.index("In no wave, as long as it is not there: T404") + 1 :] == [
        "├── [.] T8 Late (queued: needs T404, which is not there)",
        "└── [.] T9 Later (queued: needs T8, which is queued)",
        "1 of 6 completed, 5 queued",
    ]
    found = printed(run("plan", "--json"))
    assert [(t["id"], t["missing"]) for t in found["never"]] == [("T8", ["T404"]), ("T9", ["T404"])]
    assert [[t["id"] for t in wave] for wave in found["waves"]] == [["T1"], ["T2", "T3"], ["T4"]]


def test_what_makes_no_sense_is_refused_with_a_hint(place: Path) -> None:
    assert "at a time" in refused(run("graph", "--dot", "--mermaid"))
    assert "needs a title" in refused(run("add", "T9", " "))
    assert "did you mean `tasks list`" in refused(run("liste"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tasks", "list"), "There are no tasks"),
        (("tasks", "plan"), "There are no tasks"),
        (("queue", "list"), "0 queued"),
        (("queue", "settings"), "max_concurrent: 1"),
        (("agents", "list"), "No session is alive"),
        (("agents", "report"), ""),
        (("iterations", "list"), "default (active)"),
    ],
)
def test_a_new_workspace_has_empty_lists_and_nothing_is_made_in_it(
    live_team: Team, words: tuple[str, ...], said: str
) -> None:
    before = set(live_team.workspace.control.iterdir())
    done = live_team.call(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout
    assert set(live_team.workspace.control.iterdir()) == before


def test_where_a_database_was_lost_no_list_is_empty(live_team: Team) -> None:
    (live_team.root / "qa-1706012345678").mkdir()
    done = live_team.call("tasks", "list")
    assert done.returncode == 1 and "its sessions are not" in done.stderr


def test_a_long_title_is_cut_on_a_terminal_so_that_the_tree_stays_a_tree(live_team: Team) -> None:
    live_team.call("tasks", "add", "T1", "A long title " * 12)
    live_team.call("tasks", "add", "T2", "Short", "--needs", "T1")
    where = ("--workspace", str(live_team.root))
    seen, code = Terminal("tasks", "plan", *where, columns=60).end()
    assert code == 0
    [first] = [line for line in shown(seen) if "T1 A long" in line]
    assert "…" in first and first.rstrip().endswith("(queued)") and len(first.rstrip()) <= 60
    assert "A long title A long title" in live_team.call("tasks", "plan").stdout
