import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from team_supervisor.core.checklist import drafts
from team_supervisor.core.taskgraph import cycle
from team_supervisor.core.tasksources import Draft, SourceError

SPEC_KIT = """\
# Tasks: users

## Phase 3.1: Setup
- [x] T001 Create the project structure
- [ ] T002 [P] Configure linting
- [ ] T003 [P] Configure formatting

## Phase 3.2: Tests first
- [ ] T004 [P] [US1] Contract test in tests/test_users.py

## Phase 3.3: Core
- [ ] T008 [P] User model in src/models/user.py
- [ ] T009 [P] User service (depends on T008)
- [ ] T013 Validate input (depends on T008-T009)
- [ ] T014 Log errors

```
- [ ] T099 Not a task
```
> - [ ] T098 Nor this
"""
OPEN_SPEC = """\
## 1. Implementation
- [x] 1.1 Create the schema
- [ ] 1.2 Write the endpoint
## 2. Documents
- [ ] 2.1 Write the README
"""
KIRO = """\
# Implementation Plan

- [ ] 1. Set up the project
  - Create directories
  - _Requirements: 1.1_
- [ ] 2. Data models
- [ ] 2.1 Interfaces
- [ ]* 2.2 Tests of the interfaces
- [ ] 3. The API
  - [ ] 3.1 Reading
  - [ ] 3.2 Writing (depends on 2)
- [ ] Say what changed
"""


def needs(text: str) -> dict[str, tuple[str, ...]]:
    return {draft.id: draft.depends_on for draft in drafts(text, "tasks.md")}


def one(text: str, name: str) -> Draft:
    return next(draft for draft in drafts(text, "tasks.md") if draft.id == name)


def test_phases_of_spec_kit_follow_one_another_and_what_is_parallel_does_not_wait() -> None:
    assert needs(SPEC_KIT) == {
        "T001": (),
        "T002": ("T001",),
        "T003": ("T001",),
        "T004": ("T001", "T002", "T003"),
        "T008": ("T004",),
        "T009": ("T004", "T008"),
        "T013": ("T004", "T008", "T009"),
        "T014": ("T013",),
    }


def test_a_phase_waits_for_all_of_the_one_before_whichever_box_was_ticked() -> None:
    text = """\
## Phase 1
- [ ] T001 Begin
- [ ] T002 Go on
- [x] T003 End
- [ ] T004 After the end
## Phase 2
- [ ] T005 [P] One
- [ ] T006 [P] Other
- [ ] T007 Together
"""
    assert needs(text) == {
        "T001": (),
        "T002": ("T001",),
        "T003": ("T002",),
        "T004": ("T003", "T002"),
        "T005": ("T001", "T002", "T003", "T004"),
        "T006": ("T001", "T002", "T003", "T004"),
        "T007": ("T005", "T006"),
    }


def test_a_list_that_was_ticked_from_its_beginning_on_says_what_it_said() -> None:
    plain = "".join(f"- [ ] T{number} Do it\n" for number in range(1, 9))
    assert needs(plain.replace("[ ]", "[x]", 6)) == needs(plain)


def test_a_phase_of_very_many_boxes_is_waited_for_by_its_ends() -> None:
    first = "".join(f"- [ ] T{number:03d} Do it\n" for number in range(100))
    assert needs(f"## One\n{first}## Two\n- [ ] T100 Then\n")["T100"] == ("T099",)


def test_a_task_that_is_named_and_not_there_is_kept_and_what_names_none_is_not() -> None:
    text = """\
- [ ] T001 One
- [ ] T002 Two (depends on T404)
- [ ] T003 Three (depends on T001, T404-T406)
- [ ] T004 Four, requires Python 3.11
- [ ] T005 Five (after T001-T004)
"""
    assert needs(text) == {
        "T001": (),
        "T002": ("T404",),
        "T003": ("T001", "T404", "T406"),
        "T004": ("T003",),
        "T005": ("T001", "T002", "T003", "T004"),
    }
    assert needs("- [ ] 1.1 One\n- [ ] 1.2 Two (depends on 9.9)\n")["1.2"] == ("9.9",)


def test_what_is_checked_is_done_and_a_title_has_no_marks() -> None:
    assert [d.id for d in drafts(SPEC_KIT, "t.md") if d.done] == ["T001"]
    assert one(SPEC_KIT, "T004").title == "Contract test in tests/test_users.py"
    assert one(SPEC_KIT, "T009").title == "User service"


def test_tasks_of_openspec_follow_one_another() -> None:
    assert needs(OPEN_SPEC) == {"1.1": (), "1.2": ("1.1",), "2.1": ("1.1", "1.2")}


def test_what_groups_others_in_kiro_is_no_task_and_an_optional_one_holds_nobody_up() -> None:
    assert needs(KIRO) == {
        "1": (),
        "2.1": ("1",),
        "2.2": ("2.1",),
        "3.1": ("2.1",),
        "3.2": ("2.1", "2.2"),
        "say-what-changed": ("3.2",),
    }
    assert one(KIRO, "2.2").optional


def test_what_groups_nothing_but_optional_tasks_is_itself_the_work() -> None:
    text = "- [ ] 1 Model\n  - [ ]* 1.1 Tests of it\n- [ ] 2 View\n- [ ]* 2.1 Tests of that\n"
    assert needs(text) == {"1": (), "1.1": ("1",), "2": ("1",), "2.1": ("2",)}


def test_the_specification_is_what_stands_in_the_list_and_where_it_stands() -> None:
    spec = one(KIRO, "1").spec
    assert spec.startswith("- [ ] 1. Set up the project\n  - Create directories\n")
    assert "From `tasks.md`, below “Implementation Plan”" in spec
    assert "below “Implementation Plan / 3. The API”" in one(KIRO, "3.1").spec


def test_two_tasks_of_one_id_are_refused_with_the_file_and_the_id() -> None:
    with pytest.raises(SourceError, match=r"plan\.md: two tasks have the id T001"):
        drafts("- [ ] T001 One\n- [ ] T001 Two\n", "plan.md")


def test_tasks_without_an_id_keep_theirs_when_others_are_put_between() -> None:
    before = [d.id for d in drafts("- [ ] Write it\n- [ ] Test it\n", "p")]
    after = [d.id for d in drafts("- [ ] Write it\n- [ ] Read it\n- [ ] Test it\n", "p")]
    assert before == ["write-it", "test-it"]
    assert after == ["write-it", "read-it", "test-it"]


LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "  ", "    "]),
        st.sampled_from("x -"),
        st.sampled_from(["[P] ", "", "(depends on 1-9) ", "* "]),
        st.booleans(),
    ),
    max_size=15,
)


@example([("", " ", "", False), ("  ", " ", "(depends on 1-9) ", False), ("  ", " ", "", False)])
@given(LINES)
def test_no_list_describes_a_cycle_by_its_order_alone(
    lines: list[tuple[str, str, str, bool]],
) -> None:
    text = ""
    for number, (indent, mark, words, heading) in enumerate(lines):
        text += f"\n## Phase {number}\n\n" if heading else ""
        text += f"{indent}- [{mark}] T{number:03d} {words.replace('1-9', 'T000')}Do it\n"
    found = drafts(text, "p")
    assert cycle({d.id: d.depends_on for d in found}) is None
    known = {draft.id for draft in found} | {"T000"}  # which is named, and may be no task
    assert all(name in known for draft in found for name in draft.depends_on)


@given(st.text(alphabet="- [x]T01.#\n *`>a", max_size=120))
def test_no_text_whatever_is_more_than_refused(text: str) -> None:
    try:
        drafts(text, "p")
    except SourceError as error:
        assert str(error).startswith("p: ")
