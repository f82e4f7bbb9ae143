"""Does the agent tick off the task that it means, and leave the rest of tasks.md alone?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.scripted_agent.tasks import (
    UnknownTask,
    mark_done,
    mark_next,
    new_list,
    tasks_of,
    with_task,
)

LIST = """\
# Tasks
<!-- Write each task so:
- [ ] an example
-->
```
- [ ] another example
```
## Task: Build it\r
- **Depends on**: nothing
- **Status**: in_progress 🚧\r
- [ ] a step of it
### Task 2: Ship it
* Status: Done ✅
## Notes
- **Status**: pending, but of no task
1. [X] Check it
   - [ ] nested
"""

titles = st.lists(st.from_regex(r"\A[A-Za-z][a-z ]{0,8}[a-z]\Z"), min_size=1, max_size=6)
pieces = st.sampled_from(
    ["## Task: A", "- **Status**: pending", "- Status: done", "- [ ] x", "- [x] y", "```", "<!--"]
)
documents = st.lists(pieces | st.text(max_size=8), max_size=12).map("\n".join)


def states(text: str) -> list[tuple[str, bool]]:
    return [(task.title, task.done) for task in tasks_of(text)]


def test_both_dialects_are_read_and_examples_are_not() -> None:
    assert states(LIST) == [
        ("Build it", False),
        ("a step of it", False),
        ("Ship it", True),
        ("Check it", True),
        ("nested", False),
    ]


@pytest.mark.parametrize(
    ("which", "line", "becomes"),
    [
        ("build IT", 9, "- **Status**: completed\r"),
        ("1", 9, "- **Status**: completed\r"),
        ("step", 10, "- [x] a step of it"),
        ("5", 16, "   - [x] nested"),
    ],
)
def test_one_task_is_marked_and_every_other_line_stays(which: str, line: int, becomes: str) -> None:
    expected = LIST.split("\n")
    expected[line] = becomes
    assert mark_done(LIST, which).split("\n") == expected


def test_a_title_that_is_the_same_goes_before_one_that_contains_it() -> None:
    assert states(mark_done("- [ ] test it\n- [ ] test\n", "test")) == [
        ("test it", False),
        ("test", True),
    ]


@pytest.mark.parametrize("which", ["Dance", "0", "6", "9" * 5000])
def test_a_task_that_is_not_there_is_an_error(which: str) -> None:
    with pytest.raises(UnknownTask, match="it has 5 tasks"):
        mark_done(LIST, which)


@given(documents)
def test_all_completes_every_task_of_any_text_and_adds_none(text: str) -> None:
    after = mark_done(text, "all")
    assert states(after) == [(title, True) for title, _ in states(text)]
    assert mark_done(after, "all") == after


@given(documents)
def test_the_next_task_is_the_first_open_one(text: str) -> None:
    opened = [task.title for task in tasks_of(text) if not task.done]
    assert [task.title for task in tasks_of(mark_next(text)) if not task.done] == opened[1:]


@given(titles)
def test_a_new_list_has_its_tasks_open_and_in_order(wanted: list[str]) -> None:
    assert states(new_list(wanted)) == [(title, False) for title in wanted]


@pytest.mark.parametrize("text", ["", "- [ ] A\n", new_list(["A"]), "* [x] A\n\n\n"])
def test_a_task_is_added_in_the_dialect_of_the_list(text: str) -> None:
    after = with_task(text, "B")
    assert states(after) == [*states(text), ("B", False)]
    assert ("- [ ] B" in after) == ("] A" in text)
