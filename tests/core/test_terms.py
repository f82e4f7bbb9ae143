"""Which terms may a request set, and what is refused?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core import terms
from team_supervisor.core.terms import Command, Terms, TermsError, divided, read, written


def front(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "# The work", ""])


def test_instructions_without_front_matter_set_no_terms() -> None:
    assert read("# The work\n\nverify: nothing\n") == Terms()


def test_a_command_is_text_for_the_shell_a_list_of_arguments_or_has_a_time_of_its_own() -> None:
    found = read(
        front("verify:", "- make test | tail", "- [pytest, -q]", "- {run: make, timeout: 2m}")
    )
    assert found.verify == (
        Command("make test | tail"),
        Command(("pytest", "-q")),
        Command("make", 120.0),
    )
    assert [c.argv for c in found.verify][:2] == [
        ("sh", "-c", "make test | tail"),
        ("pytest", "-q"),
    ]


def test_one_command_needs_no_list() -> None:
    assert read(front("verify: make test")).verify == (Command("make test"),)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("90", 90.0), ('"45m"', 2700.0), ("2h", 7200.0), ('"1h 30m"', 5400.0), ("0.5", 0.5)],
)
def test_a_time_is_seconds_or_says_its_unit(said: str, meant: float) -> None:
    assert read(front(f"timeout: {said}")).timeout == meant


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("timeout: soon", "timeout"),
        ("timeout: 0", "timeout"),
        ("timeout: .inf", "timeout"),
        ("timeout: .nan", "timeout"),
        ("timeout: true", "timeout"),
        ("budget_usd: -1", "budget_usd"),
        ("budget_usd: much", "budget_usd"),
        ("verify: 3", "verify"),
        ("verify: [[]]", "verify"),
        ('verify: [""]', "verify"),
        ('verify: "a\\0b"', "verify"),
        ("verify: [{timeout: 3}]", "verify"),
        ("verify: [{run: make, env: x}]", "verify"),
        ("depends_on: [3]", "depends_on"),
        ("verify: a: b", "YAML"),
        ("- a list", "key: value"),
        ("verify: &a [*a]", "anchor"),
        ("verify: " + "[" * 40, "nested"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(line: str, word: str) -> None:
    with pytest.raises(TermsError) as refused:
        read(front(line))
    assert word in str(refused.value)
    assert "\n" not in str(refused.value)


def test_keys_of_others_are_kept_and_named() -> None:
    assert read(front("title: x", "verify: make")).unknown == ("title",)


@pytest.mark.parametrize(
    "text", ["---\nA rule.\n---\nMore.\n", "---\nverify: make\n", "--- a\nverify: make\n---\n"]
)
def test_a_line_of_dashes_alone_is_markdown(text: str) -> None:
    assert read(text) == Terms()
    assert divided(text) == ("", text)


def test_the_rest_is_what_follows() -> None:
    assert divided(front("verify: make"))[1] == "# The work\n"


def test_what_a_request_says_counts_before_its_persona() -> None:
    persona = Terms(verify=(Command("lint"),), timeout=60.0, budget_usd=1.0)
    own = Terms(verify=(), timeout=30.0)
    assert own.over(persona) == Terms(verify=(), timeout=30.0, budget_usd=1.0)


texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=30)
runs = texts.filter(str.strip)


times = st.none() | st.floats(1, 1e6)
commands = st.lists(st.builds(Command, runs | st.tuples(runs, texts), times), max_size=5).map(tuple)


@given(commands, times, st.lists(runs.map(str.strip), max_size=2).map(tuple))
def test_what_is_written_is_read_as_it_was_meant(
    found: tuple[Command, ...], limit: float | None, names: tuple[str, ...]
) -> None:
    said = Terms(verify=found, timeout=limit, depends_on=names)
    assert read(written(said) + "# The work\n") == said


@given(commands)
def test_commands_survive_the_row(found: tuple[Command, ...]) -> None:
    assert terms.restored(terms.stored(found)) == found


@given(st.text(max_size=200))
def test_any_front_matter_is_terms_or_one_refusal(text: str) -> None:
    try:
        read(f"---\n{text}\n---\nrest\n")
    except TermsError as error:
        assert "\n" not in str(error)
