"""Is a script read as it is meant, and is any text either a script or a clear error?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.scripted_agent.script import SHAPES, Line, ScriptError, parse, script_of
from team_supervisor.scripted_agent.steps import STEPS, unescaped

words = st.sampled_from(["say", "once", "x", "`", "1", "-1", "nan", "9" * 5000, "a/b", "\t", " "])
steps = st.builds(
    lambda indent, verb, rest: indent + verb + " " + " ".join(rest),
    st.sampled_from(["", " ", "    ", "\t", "# "]),
    st.sampled_from(list(SHAPES)),
    st.lists(words | st.text(max_size=5), max_size=4),
)
fences = st.sampled_from(["```scripted-agent", "```", "~~~~ scripted-agent x", "~~~~", "```text"])
documents = st.lists(steps | fences | st.text(max_size=9), max_size=12).map("\n".join)


def parse_text(*lines: str) -> list[tuple[str, tuple[str, ...]]]:
    found = parse([Line(number, text) for number, text in enumerate(lines, 1)])
    return [(step.verb, step.args) for step in found]


@given(documents)
def test_any_document_is_a_script_or_a_script_error(document: str) -> None:
    try:
        found = script_of(document)
    except ScriptError as error:
        assert str(error).startswith("The script's line ")
    else:
        assert all(step.verb in STEPS for step in found)


@given(documents)
def test_what_is_appended_leaves_the_steps_before_as_they_are(appended: str) -> None:
    before = "```scripted-agent\nsay A\nwait\n```\n"
    try:
        after = script_of(f"{before}\n```scripted-agent\nsay B\n```\n{appended}")
    except ScriptError:
        return
    assert after[:2] == script_of(before) and after[2].args == ("B",)


def test_every_step_of_the_language_can_be_carried_out() -> None:
    assert STEPS.keys() == SHAPES.keys()


def test_a_text_is_kept_as_it_stands() -> None:
    assert parse_text('bash  echo "a  #b"  ', "write p", "error 500  Too much.", "say \ta\tb") == [
        ("bash", ('echo "a  #b"',)),
        ("write", ("p", "")),
        ("error", ("500", "Too much.")),
        ("say", ("a\tb",)),
    ]


def test_comments_and_empty_lines_are_no_steps() -> None:
    assert parse_text("# a comment", "", "  wait  ", "   # another") == [("wait", ())]


def test_only_blocks_of_the_language_are_read_and_all_of_them() -> None:
    document = """
say Not this.
```text
```scripted-agent
say Nor this, it is inside another block.
```
   ```scripted-agent title
say One.
```
~~~scripted-agent\r
say Two.\r
# ```
~~~~\r
    ```scripted-agent
    say An indented fence is none.
````scripted-agent
say Three.
````
````text
```
```scripted-agent
say Nor this, it is inside a longer fence.
```
````
"""
    found = script_of(document)
    assert [(step.line, step.args) for step in found] == [
        (8, ("One.",)),
        (11, ("Two.",)),
        (17, ("Three.",)),
    ]


def test_a_block_is_the_indented_lines_without_their_indentation() -> None:
    lines = ["write-block p", "", "    a", "", "        b", "\tc", "", "wait"]
    step, after = parse([Line(number, text) for number, text in enumerate(lines)])
    assert (step.block, after.verb) == ("a\n\n    b\nc\n", "wait")


def test_once_guards_one_step_with_its_block() -> None:
    (step,) = parse([Line(1, "once mark write-block p"), Line(2, "    text")])
    assert step.args == ("mark",) and step.inner is not None
    assert (step.inner.verb, step.inner.args, step.inner.block) == ("write-block", ("p",), "text\n")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("dance", "has no known step `dance`"),
        ("say", "`say` needs a text"),
        ("wait now", "has more than `wait` takes"),
        ("sleep nan", "needs seconds from 0 to 1000000, not `nan`"),
        ("sleep -1", "needs seconds"),
        ("tokens 1", "needs a whole number"),
        ("exit 256", "needs an exit code from 0 to 255"),
        ("request intern a/b text", "needs a name without a slash, not `a/b`"),
        ("once .. crash", "needs a name"),
        ("once mark", "needs a step"),
        ("once a once b crash", "has a `once` in a `once`"),
        ("write-block p", "needs lines indented by 4 spaces"),
        ("    say Indented.", "is indented, but no step stands above it"),
        ("say One.\n    two", "has indented lines below it"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong(line: str, complaint: str) -> None:
    with pytest.raises(ScriptError) as caught:
        script_of(f"# Title\n```scripted-agent\n{line}\n```\n")
    assert "line 3 of instructions.md" in str(caught.value) and complaint in str(caught.value)


def test_escapes_are_replaced_once() -> None:
    assert unescaped(r"a\nb\tc\\nd\e") == "a\nb\tc\\nd\\e"
