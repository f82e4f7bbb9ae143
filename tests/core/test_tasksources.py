import pytest

from team_supervisor.core import terms
from team_supervisor.core.tasksources import (
    SourceError,
    beads,
    id_problem,
    names,
    prefixed,
    priority,
    specification,
)

SPEC = """\
---
title: Write the *parser*
depends_on: [T001, T002]
priority: high
persona: qa
verify: make test
timeout: 2h
iteration: first
colour: red
---

# The parser

All of it.
"""


def test_a_specification_has_its_id_from_the_name_of_its_file() -> None:
    draft, unknown = specification(SPEC, "specs/T003-spec.md")
    assert (draft.id, draft.title) == ("T003", "Write the parser")
    assert draft.depends_on == ("T001", "T002")
    assert (draft.priority, draft.persona, draft.timeout) == (1, "qa", 7200.0)
    assert terms.restored(draft.verify)[0].run == "make test"
    assert (draft.iteration, draft.source) == ("first", "specs/T003-spec.md")
    assert draft.spec == "# The parser\n\nAll of it.\n"
    assert unknown == ("colour",)


def test_its_front_matter_may_name_another_id_and_none_is_needed() -> None:
    assert specification("---\nid: A-1\n---\nDo it.", "x-spec.md")[0].id == "A-1"
    draft, _ = specification("# Do it\n\nNow.", "x-spec.md")
    assert (draft.id, draft.title, draft.depends_on) == ("x", "Do it", ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\nid: a b\n---\nDo it.", "the task id 'a b' may have only letters"),
        ("---\npriority: soon\n---\nDo it.", "`priority` must be one of critical"),
        ("---\ntimeout: soon\n---\nDo it.", "`timeout`"),
        ("---\nid: T1\n", "never closes it"),
        ("---\n- a\n---\nDo it.", "not `key: value` lines"),
        ("---\nid: T1\n---\n\n", "no specification"),
        ("---\ndepends_on: {T1: yes}\n---\nDo it.", "`depends_on` must be ids"),
        ("---\ndepends_on: [[T1]]\n---\nDo it.", "`depends_on` must be ids"),
        ("---\ndepends_on: [../T1]\n---\nDo it.", r"`depends_on`: the task id '../T1'"),
        ("---\npersona: ../qa\n---\nDo it.", "`persona` must be the name of a persona"),
        ("---\npersona: [qa]\n---\nDo it.", "`persona` must be text"),
        ("---\ntitle: [draft]\n---\nDo it.", "`title` must be text"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_file(text: str, said: str) -> None:
    with pytest.raises(SourceError, match=said) as raised:
        specification(text, "specs/T9-spec.md")
    assert str(raised.value).startswith("specs/T9-spec.md")


def test_what_yaml_would_take_for_a_number_or_a_truth_is_read_as_it_is_written() -> None:
    front = "id: 1.10\ntitle: 2.0\ndepends_on: [1.20, 010, no]\npriority: 0"
    draft, _ = specification(f"---\n{front}\n---\nDo it.", "x-spec.md")
    assert (draft.id, draft.title, draft.priority) == ("1.10", "2.0", 0)
    assert draft.depends_on == ("1.20", "010", "no")


def test_a_key_may_be_spelled_with_a_dash_and_one_without_a_value_says_nothing() -> None:
    front = "depends-on: T1\npersona:\niteration: ~\npriority: null"
    draft, unknown = specification(f"---\n{front}\n---\nDo it.", "x-spec.md")
    assert (draft.depends_on, draft.persona, draft.iteration) == (("T1",), None, None)
    assert (draft.priority, unknown) == (2, ())


def test_an_id_that_would_read_as_an_ended_request_is_refused() -> None:
    assert id_problem("a-rejected") is not None
    assert id_problem("a-completed-2") is not None
    assert id_problem("1.1") is None


def test_priorities_are_words_or_numbers() -> None:
    assert [priority(p) for p in ("critical", "P1", 2, "medium", "low", 4)] == [0, 1, 2, 2, 3, 4]


def test_names_are_a_list_or_one_text() -> None:
    assert names("T1, T2 T1") == names(["T1", "T2"]) == ("T1", "T2")
    assert names(None) == names("none") == ()


def test_beads_become_tasks_and_only_what_blocks_is_a_dependency() -> None:
    found = beads(
        [
            {"id": "bd-1", "title": "All", "issue_type": "epic"},
            {"id": "bd-2", "title": "Build", "status": "closed", "priority": 0},
            {
                "id": "bd-3",
                "title": "Test",
                "description": "Do it.",
                "dependencies": [
                    {"depends_on_id": "bd-2", "type": "blocks"},
                    {"depends_on_id": "bd-1", "type": "parent-child"},
                ],
            },
        ]
    )
    assert [(d.id, d.depends_on, d.done) for d in found] == [
        ("bd-2", (), True),
        ("bd-3", ("bd-2",), False),
    ]
    assert "Do it." in found[1].spec


def test_with_a_prefix_tasks_still_name_one_another() -> None:
    one, _ = specification("Do it.", "a-spec.md")
    two, _ = specification("---\ndepends_on: [a, other]\n---\nDo it.", "b-spec.md")
    assert [(d.id, d.depends_on) for d in prefixed([one, two], "x-")] == [
        ("x-a", ()),
        ("x-b", ("x-a", "other")),
    ]
