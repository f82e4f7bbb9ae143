import pytest

from team_supervisor.core.tasklist import Task, first_tasks, parse


def titles(text: str) -> list[str]:
    return [task.title for task in parse(text).tasks]


def only(text: str) -> Task:
    (task,) = parse(text).tasks
    return task


@pytest.mark.parametrize(
    ("instructions", "title"),
    [
        ("# Build *the* API\n\nSoon.", "Build the API"),
        ("Hello.\n\n# Build the API\n", "Build the API"),
        ("Fix the parser,\nplease.\n\n## Notes\n", "Fix the parser,"),
        ("## Instructions from pm-1706012345680 (today)\n\nBuild it\n", "Build it"),
        ("```\nmake it\n```", "make it"),
        ("\n \n", "api"),
        ("# ---\n", "api"),
    ],
)
def test_a_first_list_has_one_task_named_by_the_instructions(instructions: str, title: str) -> None:
    text = first_tasks("api", instructions)
    assert text.endswith(f"# Tasks\n\n## Task: {title}\n- **Status**: pending\n")
    assert text.startswith("<!-- ")


def test_a_first_list_is_named_even_without_name_and_instructions() -> None:
    assert titles(first_tasks("", "")) == ["Do what the instructions say"]


def test_tasks_of_the_instructions_are_carried_over_as_check_boxes() -> None:
    text = first_tasks(
        "api", "Do:\n\n## Task: A_B\n- Status: in progress\n\n## Rest\n- [x] `c_d_`\n"
    )
    assert text.endswith("# Tasks\n\n- [ ] A_B\n- [x] c_d_\n")


@pytest.mark.parametrize(
    "title", [r"C \#", r"\*a\* b", r"\`c\`", r"\[d](e)", r"\<f> \\", r"\_g\_ \~~h~~", r"\<!-- i"]
)
def test_awkward_titles_are_carried_over_as_they_read(title: str) -> None:
    boxes = f"- [ ] {title}\n- [x] b\n"
    assert titles(first_tasks("api", boxes)) == titles(boxes)
    headings = f"# Task: {title}\n- Depends on: b, {title}\n"
    assert only(first_tasks("api", headings)) == only(headings)


def test_tasks_that_depend_on_others_are_carried_over_as_headings() -> None:
    text = first_tasks("api", "# Task: A\n- Status: skipped\n# Task: B\n- Depends on: A\n")
    assert text.endswith(
        "## Task: A\n- **Status**: skipped\n\n"
        "## Task: B\n- **Status**: pending\n- **Depends on**: A\n"
    )


def test_instructions_whose_tasks_are_all_done_leave_one_to_do() -> None:
    read = parse(first_tasks("api", "- [x] a\n"))
    assert read.open_titles == ("Check the result against the instructions",)
