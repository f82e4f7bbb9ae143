"""Can a session's word that its work is complete be believed?"""

from team_supervisor.core.model import Doing, Session, Standing, State
from team_supervisor.core.terms import restored
from team_supervisor.core.world import (
    Action,
    EndVerification,
    Life,
    NoteDoing,
    NoteVerdict,
    SessionFacts,
    Verify,
    World,
)

# So often a verification that ended without a result is begun again; then that is its result.
MOST_LOST = 5


def mark_of(facts: SessionFacts) -> str:
    """What a claim is about: this list, after so many turns (of what has none: processes)."""
    digest = facts.watch.reading.digest if facts.watch else ""
    count = facts.session.turns if facts.talks else facts.session.attempt
    return f"{digest} {count}"


def stands(facts: SessionFacts) -> bool:
    """Verified, with the list as it is now; a turn that ended since changes nothing."""
    session = facts.session
    verified = session.standing == Standing.VERIFIED
    return verified and session.claim_digest.split(" ")[0] == mark_of(facts).split(" ")[0]


def disputed(facts: SessionFacts) -> bool:
    """It was looked into, found wanting, and nothing was done about it since."""
    session = facts.session
    return session.standing == Standing.DISPUTED and session.claim_digest == mark_of(facts)


def exhausted(facts: SessionFacts, world: World) -> bool:
    """Disputed so often that a person should look."""
    return disputed(facts) and facts.session.disputes >= world.rules.verify_attempts


def plan(facts: SessionFacts, world: World) -> tuple[list[Action], bool]:
    """What is to be done about a list that says complete; True when it may be believed now."""
    session, mark = facts.session, mark_of(facts)
    if stands(facts):
        return [], True
    if session.standing == Standing.CLAIMED and session.claim_digest == mark:
        return _follow(facts, mark)
    if facts.check in (Life.STARTING, Life.ALIVE, Life.ORPHANED):
        return [EndVerification(session)], False
    if problem := unbelievable(facts):
        return [NoteVerdict(session, mark, False, problem)], False
    if not restored(session.verify):
        return [NoteVerdict(session, mark, True)], True
    return [Verify(session, mark, session.verification + 1), *_say(session)], False


def _say(session: Session) -> list[Action]:
    if session.state != State.ACTIVE or session.doing == Doing.VERIFYING:
        return []
    return [NoteDoing(session, Doing.VERIFYING, "")]


def unbelievable(facts: SessionFacts) -> str:
    """Why no command has to be asked."""
    session = facts.session
    if not facts.talks:
        return ""
    by_hand = facts.watch is not None and facts.watch.by_hand
    if session.tool_calls == 0 and not by_hand:
        return "no tool was used"
    if not session.turn_open and session.last_error:
        return f"the last turn ended with an error: {session.last_error}"
    return ""


def _follow(facts: SessionFacts, mark: str) -> tuple[list[Action], bool]:
    session, verdict = facts.session, facts.verdict
    if facts.check == Life.NONE:
        return [Verify(session, mark, session.verification)], False
    if facts.check == Life.ORPHANED:
        return [EndVerification(session)], False
    if facts.check != Life.ENDED:
        return _say(session), False
    if verdict is not None:
        return [
            NoteVerdict(session, mark, verdict.passed, verdict.what, verdict.tail)
        ], verdict.passed
    if session.verification - session.disputes < MOST_LOST:
        return [Verify(session, mark, session.verification + 1)], False
    return [NoteVerdict(session, mark, False, "its verification ended without a result")], False
