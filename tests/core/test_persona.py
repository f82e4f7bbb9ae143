import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.persona import (
    DEFAULT_TOOLS,
    NAME,
    Persona,
    PersonaError,
    may_request,
    parse,
)


def read(text: str, default_name: str = "from-file") -> Persona:
    return parse(text, source="agents/x.md", default_name=default_name)


def front(*lines: str, body: str = "Do it.") -> str:
    return "\n".join(["---", *lines, "---", "", body, ""])


def refusal(text: str, default_name: str = "from-file") -> str:
    with pytest.raises(PersonaError) as caught:
        read(text, default_name)
    message = str(caught.value)
    assert message.startswith("agents/x.md")
    assert "\n" not in message
    return message


def test_every_key_of_ours_is_read() -> None:
    persona = read(
        front(
            "name: lead",
            "description: Leads.",
            "tools: [Read, Bash]",
            "model: opus",
            "may_request: [qa, intern]",
            "singleton: true",
            "permission_mode: plan",
            "allowed_tools: ['Bash(git *)']",
            "max_sessions: 2",
            "runner: command",
            "works_in: session",
            body="# Lead\n\nLead.",
        )
    )
    assert persona == Persona(
        name="lead",
        description="Leads.",
        instructions="# Lead\n\nLead.",
        source="agents/x.md",
        tools=("Read", "Bash"),
        model="opus",
        may_request=("qa", "intern"),
        singleton=True,
        permission_mode="plan",
        allowed_tools=("Bash(git *)",),
        max_sessions=2,
        runner="command",
        works_in="session",
    )


def test_a_file_without_front_matter_is_named_after_its_file() -> None:
    persona = read("# Reviewer\n\nReview the diff.\n", "reviewer")
    assert persona.name == "reviewer"
    assert persona.description == "Reviewer"
    assert persona.instructions == "# Reviewer\n\nReview the diff."
    assert persona.allowed_tools == DEFAULT_TOOLS


def test_an_agent_file_with_windows_line_ends_and_a_byte_order_mark_is_read() -> None:
    persona = read("\ufeff---\r\nname: a\r\ntools: Read, Edit\r\n---\r\nDo\r\nit.\r\n")
    assert (persona.name, persona.tools) == ("a", ("Read", "Edit"))
    assert persona.instructions == "Do\nit."


def test_the_tools_of_a_foreign_file_are_allowed() -> None:
    persona = read(front("tools: Read, Grep,Bash(git add:*, git commit *)", "model: inherit"))
    assert persona.tools == ("Read", "Grep", "Bash(git add:*, git commit *)")
    assert persona.allowed_tools == persona.tools
    assert persona.model is None


def test_allowed_tools_stand_beside_tools() -> None:
    persona = read(front("tools: Read, Write", "allowed_tools: Read"))
    assert persona.tools == ("Read", "Write")
    assert persona.allowed_tools == ("Read",)


def test_an_empty_list_of_allowed_tools_allows_none() -> None:
    assert read(front("allowed_tools: []")).allowed_tools == ()


@pytest.mark.parametrize("line", ["tools: '*'", "tools: *", "tools:", "color: red"])
def test_tools_that_name_none_or_all_leave_every_tool(line: str) -> None:
    persona = read(front(line))
    assert persona.tools == ()
    assert persona.allowed_tools == DEFAULT_TOOLS


def test_a_description_with_bare_colons_and_examples_is_read_line_by_line() -> None:
    persona = read(
        front(
            "name: reviewer",
            r"description: Use this agent when: code was written.\n\n<example>\nContext: done",
            'user: "Please check: this"',
            'assistant: "I\'ll use it"',
            "</example>",
            "tools:",
            "  - Read",
            "  - Grep",
            "model: sonnet",
            "color: blue",
        )
    )
    assert persona.name == "reviewer"
    assert persona.description.startswith("Use this agent when: code was written.\n\n<example>")
    assert persona.description.endswith("</example>")
    assert persona.tools == ("Read", "Grep")
    assert persona.model == "sonnet"


def test_a_broken_value_beside_a_bare_colon_is_still_refused() -> None:
    text = front("description: Use when: needed", "max_sessions: [1")
    assert "max_sessions" in refusal(text)


def test_unknown_keys_are_ignored() -> None:
    assert read(front("name: a", "temperature: 0.3", "hooks: {Stop: []}")).name == "a"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("max_sessions: 0", "max_sessions"),
        ("max_sessions: true", "max_sessions"),
        ("max_sessions: many", "max_sessions"),
        ("singleton: often", "singleton"),
        ("permission_mode: yolo", "permission_mode"),
        ("works_in: /tmp", "works_in"),
        ("name: 12", "name"),
        ("name: two words", "name"),
        ("name: ../up", "name"),
        ('name: ""', "name"),
        ("may_request: [1]", "may_request"),
        ("may_request: ['../x']", "may_request"),
        ("tools: [Read", "tools"),
        ("tools: Read --dangerously-skip-permissions", "tools"),
        ("allowed_tools: {Read: yes}", "allowed_tools"),
        ("model: --settings", "model"),
        ("runner: a b", "runner"),
        ("description: [1]", "description"),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(line: str, key: str) -> None:
    assert f" {key} " in refusal(front(line))


@pytest.mark.parametrize(
    "name",
    [
        "a-request-b",
        "a-request",
        "qa-completed",
        "qa-rejected",
        "qa-1706012345680",
        "qa-0000000000",
    ],
)
def test_a_name_that_reads_as_something_else_in_a_workspace_is_refused(name: str) -> None:
    assert repr(name) in refusal(front(f"name: {name}"))
    refusal("Do it.", default_name=name)


@pytest.mark.parametrize("name", ["qa", "requester", "qa-2", "v1.2_x", "completed", "qa-123456789"])
def test_an_ordinary_name_is_accepted(name: str) -> None:
    assert read(front(f"name: {name}")).name == name


def test_a_name_ends_where_its_text_ends() -> None:
    assert not NAME.match("qa\n")
    assert not NAME.match("a" * 65)
    assert NAME.match("a" * 64)


def test_front_matter_that_is_never_closed_is_refused() -> None:
    assert "closes" in refusal("---\nname: a\n\nDo it.\n")


def test_a_file_without_instructions_is_refused() -> None:
    assert "no instructions" in refusal(front("name: a", body="  "))
    assert "no instructions" in refusal("")


@pytest.mark.parametrize("line", ["- a", "just text", "3"])
def test_front_matter_that_is_no_mapping_is_refused(line: str) -> None:
    assert "key: value" in refusal(front(line))


def test_aliases_are_refused_before_they_multiply() -> None:
    bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    bomb += [
        f"{new}: &{new} [{', '.join(['*' + old] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi")
    ]
    assert "anchor or alias" in refusal(front(*bomb))


def test_deep_nesting_is_refused() -> None:
    assert "nested" in refusal(front("a: " + "[" * 60_000))


def test_a_huge_front_matter_is_refused() -> None:
    assert "front matter" in refusal(front("a: " + "x" * 70_000))


def test_yaml_that_would_make_objects_is_refused() -> None:
    refusal(front("name: !!python/object/apply:os.getcwd []"))


@given(st.text() | st.text().map(front))
def test_any_text_is_a_persona_or_a_refusal(text: str) -> None:
    try:
        persona = read(text)
    except PersonaError:
        return
    assert NAME.match(persona.name)
    assert persona.instructions.strip()


_KEY = st.sampled_from(["name", "description", "tools", "model", "max_sessions", "hooks"])
_VALUE = st.text(st.sampled_from("ab1 :,-[]{}*&!'\"#|>()\\\n\t"), max_size=30)


@given(st.lists(st.tuples(_KEY, _VALUE), max_size=5))
def test_any_keys_and_values_are_a_persona_or_a_refusal(pairs: list[tuple[str, str]]) -> None:
    try:
        persona = read(front(*(f"{key}: {value}" for key, value in pairs)))
    except PersonaError:
        return
    assert NAME.match(persona.name)
    assert not any(tool.startswith("-") for tool in persona.tools + persona.allowed_tools)


def test_only_the_personas_named_may_be_requested() -> None:
    lead = read(front("may_request: qa, intern"))
    assert may_request(lead, "qa")
    assert may_request(lead, "intern")
    assert not may_request(lead, "software-engineer")
    assert not may_request(read("Do it."), "qa")
