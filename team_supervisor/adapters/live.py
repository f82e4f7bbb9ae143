"""Which rows of live sessions are there, and which of them changed since the last time?"""

from dataclasses import dataclass, field

from team_supervisor.adapters.store import Store
from team_supervisor.core.model import Delivery, Session


@dataclass(slots=True)
class LiveRows:
    """The database is the truth; what is kept of it here is read again when it changed.

    What this process wrote is read again by itself, and everything after a commit of another.
    """

    store: Store
    rows: dict[str, Session] = field(default_factory=dict)
    unseen: dict[str, tuple[Delivery, ...]] = field(default_factory=dict)
    _version: int | None = None
    _receiver: dict[str, str] = field(default_factory=dict)

    def refresh(self) -> set[str]:
        """Ids of the sessions of which a row, or what they were not told yet, is another now."""
        touched = self.store.take_touched()
        known, self._version = self._version, None  # as long as it may fail
        version = self.store.version()
        if version == known:
            ids = {self._receiver.get(name, name) for name in touched}
            changed = {session for session in ids if self._read(session)}
        else:
            changed = self._read_all()
        self._version = version
        return changed

    def _read_all(self) -> set[str]:
        before, told = self.rows, self.unseen
        self.rows = {row.id: row for row in self.store.live()}
        unseen = self.store.unseen()
        self.unseen = {name: tuple(unseen[name]) for name in self.rows if name in unseen}
        self._receiver = {d.id: name for name, found in self.unseen.items() for d in found}
        known = before.keys() | self.rows.keys()
        return {
            name
            for name in known
            if before.get(name) != self.rows.get(name) or told.get(name) != self.unseen.get(name)
        }

    def _read(self, session: str) -> bool:
        row = self.store.live_one(session)
        told = tuple(self.store.unseen_of(session)) if row is not None else ()
        if (self.rows.get(session), self.unseen.get(session, ())) == (row, told):
            return False
        self._keep(session, row, told)
        return True

    def _keep(self, session: str, row: Session | None, told: tuple[Delivery, ...]) -> None:
        for delivery in self.unseen.pop(session, ()):
            self._receiver.pop(delivery.id, None)
        if row is None:
            self.rows.pop(session, None)
            return
        self.rows[session] = row
        if told:
            self.unseen[session] = told
            self._receiver |= {delivery.id: session for delivery in told}
