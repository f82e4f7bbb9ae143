"""Does the stand-in for the model say the right thing at every point of a conversation?"""

from typing import Any

import pytest

from .model import Reply, Turn, next_reply, session_of

pytestmark = pytest.mark.acceptance

SCRIPT = [
    Turn(commands=("one", "two"), says="Waiting.", gate="first"),
    Turn("intern-1-completed", ("three",), says="Done."),
]
ONE = Reply(command="one", tool_id="toolu_0_0_0", gate="first")


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def ran(*tools: str) -> list[dict[str, Any]]:
    """The messages of tool uses and their results."""
    uses = [{"role": "assistant", "content": [{"type": "tool_use", "id": t}]} for t in tools]
    results = [{"type": "tool_result", "tool_use_id": t, "content": "ok"} for t in tools]
    return [*uses, {"role": "user", "content": results}]


def test_a_conversation_begins_with_the_first_command() -> None:
    assert next_reply(SCRIPT, [user("Go.")]) == ONE


def test_a_retried_request_gets_the_same_answer() -> None:
    messages = [user("Go."), *ran("toolu_0_0_0")]
    assert next_reply(SCRIPT, messages) == next_reply(SCRIPT, messages)
    assert next_reply(SCRIPT, messages).command == "two"


def test_a_command_whose_result_was_lost_is_asked_for_again_under_another_id() -> None:
    lost = ran("toolu_0_0_0")[:1]
    assert next_reply(SCRIPT, [user("Go."), *lost]).tool_id == "toolu_0_0_1"


def test_a_turn_waits_for_what_it_must_hear_whatever_else_is_said() -> None:
    messages = [user("Go."), *ran("toolu_0_0_0", "toolu_0_1_0"), user("Your tasks are open.")]
    assert next_reply(SCRIPT, messages) == Reply(words="Waiting.")
    heard = [*messages, user("See intern-1-completed.")]
    assert next_reply(SCRIPT, heard).command == "three"
    assert next_reply(SCRIPT, [*heard, *ran("toolu_1_0_0")]) == Reply(words="Done.")


def test_a_message_that_came_in_the_middle_of_a_turn_is_heard() -> None:
    steering = {"role": "system", "content": "The user sent: see intern-1-completed"}
    messages = [user("Go."), *ran("toolu_0_0_0", "toolu_0_1_0"), steering]
    assert next_reply(SCRIPT, messages).command == "three"


def test_what_the_cli_adds_as_a_reminder_is_not_heard() -> None:
    reminder = user("<system-reminder>\nintern-1-completed\n</system-reminder>")
    messages = [reminder, user("Go."), *ran("toolu_0_0_0", "toolu_0_1_0")]
    assert next_reply(SCRIPT, messages) == Reply(words="Waiting.")


def test_the_session_that_asks_is_told_from_the_one_that_requested_it() -> None:
    text = (
        "Other sessions: engineering-manager-1706012345600.\n"
        "You are session `software-engineer-1706012345680` (software-engineer)."
    )
    asks = session_of({"system": [{"type": "text", "text": text}]})
    assert asks == "software-engineer-1706012345680"
    assert session_of({"system": "No session here."}) == ""
