"""When did the supervisors of this workspace say that they live, and what of their project?"""

import msgspec

from team_supervisor.adapters import rows
from team_supervisor.adapters.store import Store
from team_supervisor.core.projects import Heartbeat, Summary

QUERIES = rows.queries("heartbeats.sql")
# A day of them, one each 30 s.
KEPT = 2880


def add(store: Store, beat: Heartbeat) -> None:
    """One more row; the oldest beyond `KEPT` are forgotten. In the caller's transaction."""
    text = msgspec.json.encode(beat.summary).decode()
    store.rows(QUERIES["add"], {"session": beat.session, "at": beat.at, "summary": text})
    store.rows(QUERIES["forget"], {"most": KEPT})


def last(store: Store, most: int = 1) -> list[Heartbeat]:
    """The newest first. One that cannot be read is left out."""
    found = (_beat(row) for row in store.rows(QUERIES["last"], {"most": most}))
    return [beat for beat in found if beat is not None]


def _beat(row: dict[str, object]) -> Heartbeat | None:
    try:
        summary = msgspec.json.decode(str(row["summary"]), type=Summary)
        return msgspec.convert({**row, "summary": summary}, Heartbeat)
    except msgspec.MsgspecError:
        return None
