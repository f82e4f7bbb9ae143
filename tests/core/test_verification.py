"""Can a session's word that its work is complete be believed?"""

from dataclasses import replace
from typing import Any

import pytest

from team_supervisor.core.completion import Verdict
from team_supervisor.core.model import DeliveryKind, Doing, Standing, State
from team_supervisor.core.verification import mark_of
from team_supervisor.core.world import (
    Action,
    AskToStop,
    EndVerification,
    Launch,
    Life,
    NoteDeath,
    NoteDoing,
    NoteVerdict,
    Reopen,
    SessionFacts,
    Verify,
)

from .worlds import delivery, facts, idle, planned, session, watch

COMMANDS = '[{"run": "make test"}]'
MARK = "3 of 3 1"


def claims(**changes: Any) -> SessionFacts:
    """Idle, with a list that says complete for long."""
    row = idle(**{"verify": COMMANDS, **changes})
    return facts(row, Life.ALIVE, watch(3, 3, held=5.0), unverified=True)


def looked_into(check: Life, verdict: Verdict | None = None, **changes: Any) -> SessionFacts:
    claimed = {"standing": Standing.CLAIMED, "claim_digest": MARK, "verification": 1}
    seen = claims(**{"doing": Doing.VERIFYING, **claimed, **changes})
    return replace(seen, check=check, verdict=verdict)


def kinds(actions: list[Action]) -> list[type]:
    return [type(action) for action in actions]


def test_a_claim_is_looked_into_before_anything_is_ended() -> None:
    seen = claims()
    assert mark_of(seen) == MARK
    assert planned(seen) == [
        Verify(seen.session, MARK, 1),
        NoteDoing(seen.session, Doing.VERIFYING, ""),
    ]


def test_without_commands_a_turn_that_ended_well_is_believed() -> None:
    seen = claims(verify="[]")
    verdict, ending = planned(seen)
    assert verdict == NoteVerdict(seen.session, MARK, True)
    assert isinstance(ending, AskToStop)
    assert ending.ending == State.COMPLETED


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"tool_calls": 0}, "no tool was used"),
        ({"last_error": "overloaded"}, "the last turn ended with an error: overloaded"),
    ],
)
@pytest.mark.parametrize("verify", ["[]", COMMANDS])
def test_what_cannot_be_is_disputed_without_a_command(
    changes: dict[str, Any], what: str, verify: str
) -> None:
    seen = claims(verify=verify, **changes)
    assert planned(seen) == [NoteVerdict(seen.session, MARK, False, what)]


def test_a_list_completed_by_hand_counts_without_a_tool() -> None:
    seen = claims(verify="[]", tool_calls=0)
    assert seen.watch is not None
    by_hand = replace(seen, watch=replace(seen.watch, by_hand=True))
    assert kinds(planned(by_hand)) == [NoteVerdict, AskToStop]


def test_a_program_that_does_not_talk_needs_no_tool() -> None:
    row = session(tool_calls=0, attempt=1)
    seen = facts(row, Life.ALIVE, watch(3, 3, held=60.0), unverified=True, talks=False)
    assert kinds(planned(seen)) == [NoteVerdict, AskToStop]


@pytest.mark.parametrize("check", [Life.STARTING, Life.ALIVE])
def test_a_verification_that_runs_is_waited_for(check: Life) -> None:
    assert planned(looked_into(check)) == []


def test_one_that_was_written_down_and_never_begun_is_begun_under_its_number() -> None:
    seen = looked_into(Life.NONE)
    assert planned(seen) == [Verify(seen.session, MARK, 1)]


def test_one_that_passed_ends_the_session_as_completed() -> None:
    seen = looked_into(Life.ENDED, Verdict(True))
    assert kinds(planned(seen)) == [NoteVerdict, AskToStop]


def test_one_that_failed_is_disputed_with_the_end_of_its_output() -> None:
    seen = looked_into(Life.ENDED, Verdict(False, "`make test` failed with code 2", "boom"))
    failed = NoteVerdict(seen.session, MARK, False, "`make test` failed with code 2", "boom")
    assert planned(seen) == [failed]


def test_one_without_a_result_is_begun_again_but_not_for_ever() -> None:
    seen = looked_into(Life.ENDED)
    assert planned(seen) == [Verify(seen.session, MARK, 2)]
    (verdict,) = planned(looked_into(Life.ENDED, verification=5))
    assert isinstance(verdict, NoteVerdict)
    assert not verdict.passed


def test_one_whose_host_is_gone_is_ended_first() -> None:
    seen = looked_into(Life.ORPHANED)
    assert planned(seen) == [EndVerification(seen.session)]


def test_what_another_claim_began_is_ended_before_the_next_begins() -> None:
    seen = looked_into(Life.ALIVE, claim_digest="2 of 3 1")
    assert planned(seen) == [EndVerification(seen.session)]


def disputed(**changes: Any) -> SessionFacts:
    row = {"standing": Standing.DISPUTED, "claim_digest": MARK, "disputes": 1, **changes}
    return claims(**row)


def test_nothing_is_looked_into_twice_without_a_change() -> None:
    assert Verify not in kinds(planned(disputed()))


@pytest.mark.parametrize("changes", [{"turns": 2}, {"claim_digest": "2 of 3 1"}])
def test_another_turn_or_another_list_is_looked_into_again(changes: dict[str, Any]) -> None:
    assert kinds(planned(disputed(**changes))) == [Verify, NoteDoing]


def test_it_has_to_hear_of_the_dispute_first() -> None:
    unheard = replace(disputed(turns=2), unseen=(delivery(DeliveryKind.DISPUTE),))
    assert Verify not in kinds(planned(unheard))


def test_after_the_last_dispute_it_needs_attention() -> None:
    (note,) = planned(disputed(disputes=3, verification=3))
    assert isinstance(note, NoteDoing)
    assert note.doing == Doing.ATTENTION
    assert note.detail == "its work was disputed 3 times (verify-3.log)"


def test_who_died_with_a_complete_list_is_looked_into_without_a_process() -> None:
    (death,) = planned(replace(claims(), life=Life.ENDED))
    assert isinstance(death, NoteDeath)
    assert death.then == State.STARTING
    waits = session(State.STARTING, attempt=1, turns=1, verify=COMMANDS, tasks_most=3)
    seen = facts(waits, Life.NONE, watch(3, 3), unverified=True)
    assert planned(seen) == [Verify(seen.session, MARK, 1)]


def test_who_is_disputed_and_has_no_process_is_started_for_it() -> None:
    row = session(State.STARTING, attempt=1, turns=1, verify=COMMANDS)
    row = replace(row, standing=Standing.DISPUTED, claim_digest=MARK, disputes=1)
    told = (delivery(DeliveryKind.DISPUTE),)
    assert kinds(planned(facts(row, Life.NONE, watch(3, 3), unseen=told))) == [Launch]


def test_a_list_that_changed_after_it_was_verified_is_looked_into_again() -> None:
    row = session(State.STOPPING, ending=State.COMPLETED, verify=COMMANDS)
    row = replace(row, standing=Standing.VERIFIED, claim_digest="2 of 2 1")
    assert kinds(planned(facts(row, Life.NONE, watch(3, 3)))) == [Reopen]
