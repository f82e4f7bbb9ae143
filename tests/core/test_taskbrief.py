from team_supervisor.core import terms
from team_supervisor.core.taskbrief import MAX_CONTEXT, Produced, Setting, instructions, is_for
from team_supervisor.core.taskgraph import Task
from team_supervisor.core.tasklist import parse

HERE = Setting(project="/p", shared="/p/.database/shared")
CHECK = terms.stored(terms.commands(["make test"]))
TASK = Task(id="B-2", title="The API", spec="Build it.\n\n- [ ] Routes\n", verify=CHECK)


def told(task: Task = TASK, setting: Setting = HERE, *produced: Produced) -> str:
    return instructions(task, setting, produced, timeout=3600.0)


def test_a_worker_is_told_the_whole_specification_and_it_is_its_first_list() -> None:
    assert "## Specification\n\nBuild it.\n\n- [ ] Routes\n" in told()
    assert [task.title for task in parse(told()).tasks] == ["Routes"]


def test_a_worker_is_told_what_its_task_builds_on() -> None:
    text = told(
        TASK, HERE, Produced("A-1", "Models", "/p/qa-1-completed"), Produced("A", "B", None)
    )
    assert (
        "* A-1 (Models): its tasks.md and what its worker wrote are in `/p/qa-1-completed`" in text
    )
    assert "* A (B): done without a worker, so look at the project" in text
    assert "builds on" not in told()


def test_a_worker_is_told_when_it_is_done_and_how_to_say_so() -> None:
    text = told()
    assert "* `make test` passes" in text and "* within 1 h of work" in text
    for verb in ("done B-2", "block B-2 --reason", "fail B-2 --reason"):
        assert f"team-supervisor tasks {verb}" in text


def test_the_terms_of_a_task_are_those_of_its_request() -> None:
    agreed = terms.read(told())
    assert (agreed.task, agreed.timeout) == ("B-2", 3600.0)
    assert [command.words for command in agreed.verify or ()] == ["make test"]


def test_the_project_is_described_as_a_quote_that_adds_no_tasks() -> None:
    context = Setting(project="/p", shared="/s", context_path="/p/c.md", context="# Us\n- [ ] Rest")
    text = told(TASK, context)
    assert "> # Us\n> - [ ] Rest" in text
    assert [task.title for task in parse(text).tasks] == ["Routes"]


def test_a_long_description_of_the_project_is_named_by_its_path() -> None:
    long = Setting(project="/p", shared="/s", context_path="/p/c.md", context="x" * MAX_CONTEXT * 2)
    assert "Read `/p/c.md` before you begin." in told(TASK, long)
    assert len(told(TASK, long)) < MAX_CONTEXT


def test_a_request_is_for_a_task_only_as_it_is_described_now() -> None:
    assert is_for(told(), TASK)
    assert not is_for(told(), Task(id="B-2", title="The API", spec="Build another."))
    assert not is_for(told(), Task(id="B-3", title="The API", spec=TASK.spec))
