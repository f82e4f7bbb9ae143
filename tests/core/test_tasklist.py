import pytest

from team_supervisor.core.tasklist import Task, TaskList, parse


def titles(text: str) -> list[str]:
    return [task.title for task in parse(text).tasks]


def only(text: str) -> Task:
    (task,) = parse(text).tasks
    return task


def headed(status: str) -> Task:
    return only(f"## Task: Build the API\n\n{status}\n")


@pytest.mark.parametrize(
    "item",
    [
        "- **Status**: completed",
        "- **Status:** Completed",
        "* __status__ : DONE",
        "+ Status: done.",
        "1. *Status*: Cancelled by the team",
        "- Status: ✅ Completed (see PR 3)",
        "- 📌 **Status**: ✔️ skipped, for now",
        "- **Status:**complete",
        "- Status: :white_check_mark: `completed`",
        "- Status: [x] canceled",
        "- Status: Done- see PR 3",
        "- Status: ~~in progress~~ done",
        "- Status: <!-- pending or completed --> completed",
        "- **Priority**: high\n- **Status**: completed\n- Owner: me",
    ],
)
def test_a_status_that_begins_with_a_word_for_done_is_done(item: str) -> None:
    assert headed(item).done


@pytest.mark.parametrize(
    "item",
    [
        "- **Status**: pending",
        "- Status: not completed",
        "- Status: not-done",
        "- Status: incomplete",
        "- Status: in progress (3 of 4 completed)",
        "- Status: 90% completed",
        "- Status: [ ] completed",
        "- Status: ~~completed~~ blocked",
        "- Status: <!-- completed -->",
        "- Status:",
        "- Status: ✅",
        "- Statuses: completed",
        "Status: completed",
        "> - Status: completed",
        "```\n- Status: completed\n```",
    ],
)
def test_any_other_status_is_not_done(item: str) -> None:
    assert not headed(item).done


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("✅ Completed (see PR 3)", "completed"),
        ("🔄 In Progress (50%)", "in progress"),
        ("NOT completed", "not completed"),
        ("", "pending"),
    ],
)
def test_the_status_is_the_word_or_words_in_small_letters(value: str, status: str) -> None:
    assert headed(f"- **Status**: {value}").status == status


@pytest.mark.parametrize(
    "heading",
    [
        "# Task: Build",
        "###### task: Build",
        "## **Task**: Build",
        "## **Task: Build**",
        "## **TASK:** Build ##",
        "## Task 3: Build",
        "## Task #3: Build",
        "## Task T001: Build",
        "## Task B: Build",
        "## 🚀 Task 1.2: `Build`",
        "Task: Build\n-----------",
    ],
)
def test_a_task_heading_has_any_level_number_and_weight(heading: str) -> None:
    assert only(f"{heading}\n- Status: done\n") == Task("Build", "done", True)


@pytest.mark.parametrize(
    "heading", ["# Tasks: all", "# Task list: all", "# Multitask: x", "Task: x"]
)
def test_other_headings_and_lines_are_not_tasks(heading: str) -> None:
    assert parse(f"{heading}\n\n- Status: done\n").total == 0


def test_a_task_heading_without_a_status_is_pending() -> None:
    assert only("# Task: Build\n\nSoon.\n") == Task("Build", "pending", False)


def test_a_task_heading_without_a_title_is_named_by_its_number() -> None:
    assert titles("## **Task 3**:\n- Status: done\n") == ["Task 3:"]


def test_a_status_belongs_to_the_heading_above_it() -> None:
    read = parse(
        "# Plan\n- Status: done\n## Task: A\n### Notes\n- Status: done\n## End\n- Status: x\n"
    )
    assert read.tasks == (Task("A", "done", True),)


def test_the_next_task_heading_begins_a_task_of_its_own() -> None:
    read = parse("# Task: A\n- Status: done\n## Task: B\n- Status: pending\n")
    assert read.tasks == (Task("A", "done", True), Task("B", "pending", False))


def test_of_two_statuses_the_open_one_counts() -> None:
    assert headed("- Status: done\n- Status: blocked").status == "blocked"


def test_dependencies_are_kept_as_plain_titles() -> None:
    task = headed("- **Status**: pending\n- **Depends on:** *Set up*, `my_db`, 2. Read")
    assert task.depends_on == ("Set up", "my_db", "2. Read")


@pytest.mark.parametrize("none", ["none", "None", "-", "", "n/a", "—"])
def test_no_dependencies_can_be_said_in_words(none: str) -> None:
    assert headed(f"- Depends on: {none}").depends_on == ()


def test_a_heading_with_status_and_boxes_is_a_task_and_so_is_each_box() -> None:
    read = parse("## Task: A\n- **Status**: done\n- [x] one\n  - [ ] two\n")
    assert [(task.title, task.done) for task in read.tasks] == [
        ("A", True),
        ("one", True),
        ("two", False),
    ]


def test_a_status_below_a_box_is_not_the_heading_s() -> None:
    read = parse("## Task: A\n- [x] one\n  - Status: done\n- [x] two\n")
    assert [task.title for task in read.tasks] == ["one", "two"]
    nested = parse("## Task: A\n- [x] one\n  - [x] two\n  - Status: pending\n")
    assert [task.title for task in nested.tasks] == ["one", "two"]
    assert parse("## Task: A\n- [x] one\n  - note\n- Status: done\n").complete
    assert parse("## Task: A\n- [x] one\n- Facts\n  - Status: done\n").complete
    assert parse("- [x] one\n\n## Task: A\n- - Status: done\n").complete


def test_check_boxes_are_read_as_spec_kit_openspec_and_kiro_write_them() -> None:
    text = (
        "# Tasks: login\n\n## Phase 1: Setup\n\n- [ ] T001 [P] Create `src/__init__.py`\n"
        "## 1. Schema\n\n- [x] 1.1 Add the *table*\n- [X] 1.2 Add an index\n\n"
        "- [-] 1. Set up\n  - [ ]* 1.1 Write tests\n    - _Requirements: 1.1_\n"
    )
    assert parse(text).tasks == (
        Task("T001 [P] Create src/__init__.py", "pending", False),
        Task("1.1 Add the table", "completed", True),
        Task("1.2 Add an index", "completed", True),
        Task("1. Set up", "[-]", False),
        Task("1.1 Write tests", "pending", False),
    )


@pytest.mark.parametrize("bullet", ["-", "*", "+", "1.", "27)"])
@pytest.mark.parametrize(("mark", "done"), [("[ ]", False), ("[x]", True), ("[X]", True)])
def test_every_kind_of_list_may_hold_boxes(bullet: str, mark: str, done: bool) -> None:
    assert only(f"{bullet} {mark} a").done is done


@pytest.mark.parametrize("mark", ["[~]", "[-]", "[ x ]", "[?]", "[/]", "[✔️]", "[y]"])
def test_an_unknown_mark_is_an_open_task(mark: str) -> None:
    assert only(f"- {mark} a") == Task("a", mark, False)


@pytest.mark.parametrize("box", ["[]", "[ ]", "[  ]", "[\t]"])
def test_an_empty_box_is_pending_with_or_without_a_title(box: str) -> None:
    assert only(f"- {box}") == Task("", "pending", False)
    assert only(f"- {box}a") == Task("a", "pending", False)


@pytest.mark.parametrize(
    "text",
    [
        "[x] a",
        "text\n[x] a",
        "- [x](https://x.example)",
        "- [x]: https://x.example",
        "- [API] a",
        "- [1] a",
        "- \\[x] a",
        "- a [x]",
        "- text\n\n  [x] a",
        "| [x] a |\n|---|\n| [x] b |",
        "# [x] a",
    ],
)
def test_brackets_that_are_no_check_box_are_no_task(text: str) -> None:
    assert parse(text).total == 0


@pytest.mark.parametrize(
    "text",
    [
        "```\n{}\n```",
        "~~~~md\n{}\n```\n~~~~",
        "- list\n  ```\n  {}\n  ```",
        "```\n{}",
        "    {}",
        "* * *\n\n    {}",
        "-     {}",
        "> {}",
        "- > {}",
        "> a\n>\n> > {}",
        "<!--\n{}\n-->",
        "<!-- a\n\n{}",
        "<pre>\n{}\n</pre>",
    ],
)
@pytest.mark.parametrize("task", ["- [x] a", "# Task: a"])
def test_code_quotes_and_comments_do_not_count(text: str, task: str) -> None:
    assert parse(text.format(task)).total == 0


def test_the_list_goes_on_after_a_quote() -> None:
    assert titles("- [ ] a\n  > - [ ] q\n  > q\n- [ ] b\n\n> q\nq\n- [ ] c\n") == ["a", "b", "c"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_any_line_ending_are_accepted(end: str) -> None:
    lines = ["\ufeff# Task: a", "- Status: done", "", "Task: b", "=======", "- Status: pending"]
    text = end.join([*lines, "", "- [x] c", ""])
    assert parse(text).tasks == (
        Task("a", "done", True),
        Task("b", "pending", False),
        Task("c", "completed", True),
    )


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        ("**Bold _and_ more** [link](u) ![image](u)", "Bold and more link image"),
        ("[only](a) link", "only link"),
        ("**bold *and* more**", "bold and more"),
        ("long " * 50, ("long " * 40).strip()),
        ("keep snake_case, 2 * 3 * 4 and `a*b*c`", "keep snake_case, 2 * 3 * 4 and a*b*c"),
        ("\\*not bold\\* <!-- id: 7 -->", "*not bold*"),
        ("red \x1b[31malert\x07\u202e <b>x</b>", "red [31malert x"),
        ("wrapped\n  over lines", "wrapped over lines"),
        ("~~old~~ a < b", "old a < b"),
    ],
)
def test_titles_are_plain_text_on_one_line(raw: str, title: str) -> None:
    assert titles(f"- [ ] {raw}") == [title]


def test_counts_and_open_titles_are_those_of_the_tasks() -> None:
    read = parse("- [x] a\n- [ ] b\n- [~] c\n")
    assert (read.total, read.done, read.complete, read.open_titles) == (3, 1, False, ("b", "c"))
    assert parse("- [x] a\n").complete


@pytest.mark.parametrize("text", ["", "# Tasks\n", "All done!", "- [link](u)\n"])
def test_a_list_with_no_task_is_never_complete(text: str) -> None:
    assert parse(text) == TaskList(())
    assert not parse(text).complete


def test_what_is_nested_too_deeply_to_be_read_is_open() -> None:
    assert parse("+ " * 49 + "[x] a").complete
    assert not parse("- [x] a\n" + "+ " * 51 + "[ ] b").complete


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "- [ ] " + "[" * 100_000,
        "- [ ] " + "*a " * 33_000,
        "- [ ] " + "`" * 100_000,
        "- [ ] " + "<!--" * 25_000,
        "# Task: a\n- Status: " + ":_" * 50_000,
        "1. " * 33_000 + "[ ] a",
        "> " * 45 + "[\n" + "a\n" * 50_000,
        "- [ ] a\n" + "\n" * 100_000,
    ],
)
def test_hostile_texts_of_100_kb_are_read_at_once(text: str) -> None:
    assert not parse(text).complete


def test_a_heading_without_a_status_over_check_boxes_is_only_their_title() -> None:
    assert [task.title for task in parse("### Task 1: Build\n\n- [x] a\n- [x] b\n").tasks] == [
        "a",
        "b",
    ]
    assert parse("### Task 1: Build\n\n- [x] a\n").complete
