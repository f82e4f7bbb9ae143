from hypothesis import example, given
from hypothesis import strategies as st

from team_supervisor.core.tasklist import LONGEST_TITLE, first_tasks, parse

PIECES = [
    "# Task: a\n",
    "## **Task 2**: b_c\n",
    "### Notes\n",
    "- **Status**: done\n",
    "Title\n===\n",
    "- Status: pending\n",
    "- [ ] open\n",
    "* [x] `ti*ck`\n",
    "  1. [~] half\n",
    "> - [x] q\n",
    "- **Depends on**: a, *b*\n",
    "```\n",
    "~~~\n",
    "<!--",
    "-->",
    "\n",
    "    ",
    "\t",
    "\r",
    "\\",
    "# Instructions from pm-1706012345680 (now)\n",
    "<b>",
    "**",
    "__",
    "~~",
    "`",
    "[a](b)",
    "#",
    "- ",
]
markdown = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=30).map("".join)
anything = (
    st.text() | st.binary().map(lambda raw: raw.decode("utf-8", "surrogateescape")) | markdown
)
words = st.text(alphabet="abc XYZ.1", min_size=1, max_size=20).map(str.strip).filter(bool)


@given(anything)
@example("\r\x00- [x] \ud800")
def test_no_text_breaks_the_reader(text: str) -> None:
    read = parse(text)
    assert read.complete == (read.total >= 1 and read.done == read.total)
    assert len(read.open_titles) == read.total - read.done
    for task in read.tasks:
        assert len(task.title) <= LONGEST_TITLE
        assert task.title.isprintable() and task.status.isprintable() and task.status


@given(st.lists(st.tuples(words, st.booleans())))
def test_boxes_written_are_the_boxes_read(boxes: list[tuple[str, bool]]) -> None:
    read = parse("".join(f"- [{'x' if done else ' '}] {title}\n" for title, done in boxes))
    assert [(task.title, task.done) for task in read.tasks] == [
        (" ".join(title.split()), done) for title, done in boxes
    ]


@given(markdown)
def test_a_fence_hides_any_list(text: str) -> None:
    fence = "`" * (len(text) + 3)
    assert parse(f"{fence}\n{text}\n{fence}\n").total == 0


@given(markdown)
def test_an_open_task_put_first_keeps_any_list_open(text: str) -> None:
    assert not parse(f"# Task: first\n\n# Rest\n\n{text}").complete


@given(st.text(max_size=30), anything)
def test_a_first_list_has_an_open_task_and_all_those_of_the_instructions(
    name: str, instructions: str
) -> None:
    asked, first = parse(instructions), parse(first_tasks(name, instructions))
    assert first.total == max(1, asked.total + asked.complete)
    assert not first.complete
    carried = first.tasks[: asked.total]
    assert [task.done for task in carried] == [task.done for task in asked.tasks]
    assert [task.depends_on for task in carried] == [task.depends_on for task in asked.tasks]
    pairs = zip(carried, asked.tasks, strict=True)
    assert all(ours.title == theirs.title for ours, theirs in pairs if theirs.title)
