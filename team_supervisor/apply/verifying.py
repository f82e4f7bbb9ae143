"""How is a claim looked into, and what follows from the verdict?"""

from team_supervisor.adapters import processes, verification
from team_supervisor.apply.launching import environment
from team_supervisor.apply.tools import Tools, change, tell
from team_supervisor.core import messages
from team_supervisor.core.events import VerificationPassed, VerificationStarted, WorkDisputed
from team_supervisor.core.model import DeliveryKind, Moment, Session, Standing
from team_supervisor.core.terms import restored
from team_supervisor.core.world import EndVerification, NoteVerdict, Verify


def verify(tools: Tools, action: Verify, now: Moment) -> bool:
    """The claim and the number first, then the process: a crash in between starts it once."""
    session, number = action.session, action.number
    commands = restored(session.verify)
    control = tools.workspace.verification_control(session.id)
    if not verification.end(control, session.verification):
        return False
    if number != session.verification:
        event = VerificationStarted(
            session=session.id, name=session.name, number=number, commands=len(commands)
        )
        claimed = {"standing": Standing.CLAIMED, "claim_digest": action.mark}
        with tools.store.transaction():
            tools.store.begin_verification(session.id, number, now.wall)
            change(tools, session, now, event, verification=number, **claimed)
    launch = _launch(tools, session, number)
    limit = tools.settings.verify_timeout
    verification.start(control, launch, commands, limit, environment(tools, session))
    return True


def _launch(tools: Tools, session: Session, number: int) -> processes.Launch:
    directory = tools.workspace.directory(session.id)
    persona = tools.personas().get(session.persona)
    in_session = persona is not None and persona.works_in == "session"
    log = str(verification.log_of(directory, number))
    return processes.Launch(
        session=session.id,
        attempt=number,
        argv=(),
        cwd=str(directory if in_session else tools.workspace.project),
        transcript=log,
        stderr=log,
        stop_grace=0.0,
    )


def note_verdict(tools: Tools, action: NoteVerdict, now: Moment) -> bool:
    session = action.session
    with tools.store.transaction():
        if session.standing == Standing.CLAIMED:
            tools.store.end_verification(
                session.id, session.verification, now.wall, action.passed, action.what
            )
        if action.passed:
            _believe(tools, action, now)
        else:
            _dispute(tools, action, now)
    return True


def _believe(tools: Tools, action: NoteVerdict, now: Moment) -> None:
    session = action.session
    event = VerificationPassed(session=session.id, name=session.name, number=session.verification)
    events = [event] if restored(session.verify) else []
    verified = {"standing": Standing.VERIFIED, "claim_digest": action.mark}
    change(tools, session, now, *events, **verified)


def _dispute(tools: Tools, action: NoteVerdict, now: Moment) -> None:
    """It is told, and works on; after the last time a person has to look."""
    session = action.session
    disputes, limit = session.disputes + 1, tools.settings.verify_attempts
    event = WorkDisputed(
        session=session.id, name=session.name, what=action.what, attempt=disputes, limit=limit
    )
    disputed = {"standing": Standing.DISPUTED, "claim_digest": action.mark, "dispute": action.what}
    change(tools, session, now, event, disputes=disputes, **disputed)
    if disputes < limit:
        text = messages.disputed(action.what, action.tail, disputes, limit)
        source = f"dispute-{session.verification}-{disputes}-{session.turns}-{action.mark[:8]}"
        tell(tools, session.id, DeliveryKind.DISPUTE, text, source)


def end_verification(tools: Tools, action: EndVerification, now: Moment) -> bool:
    control = tools.workspace.verification_control(action.session.id)
    verification.end(control, action.session.verification)
    return False
