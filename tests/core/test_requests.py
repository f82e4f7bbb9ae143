"""What does the name of a directory in the workspace say, and who asked?"""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from team_supervisor.core.requests import (
    NAME,
    RequestName,
    is_rejected,
    name_problem,
    request_name,
    requester,
    session_persona,
)

from .worlds import ENGINEER, from_

good = st.from_regex(NAME, fullmatch=True)
personas = good.filter(lambda word: "-request-" not in f"{word}-" and "-rejected" not in word)
names = good.filter(lambda word: not is_rejected(f"x-{word}"))


@pytest.mark.parametrize(
    ("entry", "persona", "name"),
    [
        ("software-engineer-request-api", "software-engineer", "api"),
        ("qa-request-api-v1.2_final", "qa", "api-v1.2_final"),
        ("qa-request-a-request-b", "qa", "a-request-b"),
        ("qa-request-", "qa", ""),
        ("nobody-request-x", "nobody", "x"),
        ("qa-request-../../etc", "qa", "../../etc"),
        ("qa-request-a\nb", "qa", "a\nb"),
        ("qa-request-1706012345680", "qa", "1706012345680"),
    ],
)
def test_a_request_is_named_after_the_persona_and_itself(
    entry: str, persona: str, name: str
) -> None:
    assert request_name(entry) == RequestName(persona, name)


@pytest.mark.parametrize(
    "entry",
    [
        "shared",
        "qa-1706012345680",
        "qa-1706012345680-completed",
        "qa-request",
        "-request-x",
        "qa-requests-x",
        ".qa-request-api",
        ".qa-request-api.3f2a",
        "qa-request-api-rejected",
        "qa-request-api-rejected-2",
        "",
    ],
)
def test_what_is_hidden_refused_or_something_else_is_no_request(entry: str) -> None:
    assert request_name(entry) is None


@given(personas, names)
def test_every_good_persona_and_name_are_found_again(persona: str, name: str) -> None:
    found = request_name(f"{persona}-request-{name}")
    assert found == RequestName(persona, name)
    assert name_problem(found) is None


@given(st.text(max_size=80))
@example("qa-request-\ud800")
def test_any_name_of_a_directory_can_be_looked_at(entry: str) -> None:
    found = request_name(entry)
    session_persona(entry)
    if found is not None:
        assert f"{found.persona}-request-{found.name}" == entry
        name_problem(found)


@pytest.mark.parametrize(
    "word",
    ["", "-api", ".api", "_api", "a b", "a/b", "äpi", "api\n", "a\x1b[2J", "а", "x" * 65],
)
def test_a_name_outside_the_alphabet_is_refused_in_a_sentence(word: str) -> None:
    for request, part in ((RequestName("qa", word), "name"), (RequestName(word, "x"), "persona")):
        problem = name_problem(request)
        assert problem is not None
        assert problem.startswith(f"the {part} ")
        assert "letters, digits" in problem
        assert problem.isprintable()


@pytest.mark.parametrize("word", ["a", "0", "API_v1.2-x", "x" * 64])
def test_a_name_inside_the_alphabet_is_good(word: str) -> None:
    assert name_problem(RequestName(word, word)) is None


def test_a_refusal_stays_short_however_long_the_name() -> None:
    assert len(name_problem(RequestName("qa", "y" * 10_000)) or "") < 300


@pytest.mark.parametrize("name", ["fix-rejected", "fix-rejected-2", "rejected"])
def test_a_name_that_would_read_as_refused_is_a_problem(name: str) -> None:
    assert request_name(f"qa-request-{name}") is None
    assert name_problem(RequestName("qa", name)) is not None


@pytest.mark.parametrize(
    ("entry", "persona"),
    [
        ("software-engineer-1706012345680", "software-engineer"),
        ("qa-1-1706012345680", "qa-1"),
        ("qa-1706012345680-completed", None),
        ("qa-170601234568", None),
        ("qa-17060123456800", None),
        ("qa-170601234568٠", None),
        ("1706012345680", None),
        (".qa-1706012345680", None),
        ("qa-1706012345680\n", None),
    ],
)
def test_a_session_directory_is_a_persona_and_thirteen_digits(
    entry: str, persona: str | None
) -> None:
    assert session_persona(entry) == persona


@pytest.mark.parametrize(
    "instructions",
    [
        from_(ENGINEER),
        f"# Login\n\nText.\n\n{from_(ENGINEER)}",
        f"## Instructions from {ENGINEER}",
        f"## Instructions from {ENGINEER} (now)\r\nBuild it.\r\n",
        f"## Instructions from {ENGINEER}\r\nBuild it.\r\n",
        from_(ENGINEER) + from_("manager-1706012345000"),
    ],
)
def test_the_first_heading_names_who_asked(instructions: str) -> None:
    assert requester(instructions) == ENGINEER


@pytest.mark.parametrize(
    "instructions",
    [
        "",
        "Build it.",
        f"Instructions from {ENGINEER}",
        f"# Instructions from {ENGINEER} (now)",
        f"  ## Instructions from {ENGINEER} (now)",
        f"## Instructions from {ENGINEER}: build it",
        "## Instructions from ../../etc (now)",
        "## Instructions from " + "x" * 100,
        "\n" * 500 + from_(ENGINEER),
    ],
)
def test_without_such_a_heading_nobody_is_known(instructions: str) -> None:
    assert requester(instructions) is None


@given(st.text(max_size=300))
def test_whatever_the_instructions_say_a_requester_is_a_possible_id(instructions: str) -> None:
    found = requester("## Instructions from " + instructions)
    assert found is None or (found.isascii() and "/" not in found and len(found) <= 81)


def test_a_name_is_spelled_in_its_reason_as_it_is_beside_it() -> None:
    problem = name_problem(RequestName("qa", "a\udcff"))
    assert (problem or "").startswith("the name 'a\\xff' may have only letters")
