"""How is a plan carried out, and what becomes of what fails?"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from team_supervisor.apply import Tools, together
from team_supervisor.apply.tools import publish
from team_supervisor.core.model import PUBLISHED, Moment
from team_supervisor.core.together import concerning, groups
from team_supervisor.core.trouble import could_not, held_back
from team_supervisor.core.world import Action
from team_supervisor.episodes import Episodes, Refused

# Where no such event is known, the copies of the sessions in so many last ones are looked at.
RECENT = 200


# With so many at once their copies wait for a plan that changes nothing, at most so long (seconds):
# who is stopped among hundreds has its last state a moment later.
MANY, HELD = 20, 1.0


@dataclass(slots=True)
class Carrier:
    """What fails is said once by `warn`, and planned again by the next look."""

    episodes: Episodes
    warn: Callable[[str], None]
    _unpublished: list[Action] = field(default_factory=list)
    _since: float = 0.0
    _marked: int = -1

    def carry_out(self, actions: Sequence[Action], tools: Tools, now: Moment) -> bool:
        """Whether anything changed."""
        changed = False
        for group in groups(actions):
            changed = self._group(group, tools, now) or changed
        tools.batch.finish(partial(self._failed, now=now))
        if not self._unpublished:
            self._since = now.monotonic
        self._unpublished += actions
        if len(tools.unpublished) < MANY or not changed or now.monotonic - self._since > HELD:
            self.publish(tools, now)
        return changed

    def _group(self, group: list[Action], tools: Tools, now: Moment) -> bool:
        """Together, or one by one when that fails, to know which of them it was."""
        if self.episodes.holding_back:
            group = [action for action in group if not held_back(action)]
        changed = self._try(group, tools, now) if len(group) > 1 else None
        if changed is None:
            tools.batch.forget()
            changed = any([self._try([action], tools, now) for action in group])
        tools.batch.start(partial(self._failed, now=now))
        return self._afterwards(group, tools, now) or changed

    def _try(self, group: list[Action], tools: Tools, now: Moment) -> bool | None:
        """Did something change? None when it failed, which is said when it was but one."""
        due = len(tools.afterwards)
        try:
            return together(group, tools, now)
        except Exception as error:
            if len(group) == 1:
                self._failed(group[0], error, now)
            del tools.afterwards[due:]
            return None

    def _afterwards(self, group: list[Action], tools: Tools, now: Moment) -> bool:
        """What is recorded now is not recorded again when its effect fails."""
        changed = False
        while tools.afterwards:
            session, effect = tools.afterwards.pop(0)
            try:
                changed = effect() or changed
            except Exception as error:
                self._failed(concerning(session, group), error, now)
        return changed

    def publish(self, tools: Tools, now: Moment) -> None:
        """What was committed is not done again when its copy cannot be written."""
        actions, self._unpublished = self._unpublished, []
        whole = True
        while tools.unpublished:
            session = tools.unpublished.pop()
            try:
                publish(tools, session)
            except Exception as error:
                self._failed(concerning(session, actions), error, now)
                whole = False
        if actions and whole and not tools.astray:
            self._mark(tools)

    def _mark(self, tools: Tools) -> None:
        with contextlib.suppress(*Refused):
            last = tools.store.last_event()
            if last != self._marked:
                with tools.store.transaction(durable=False):
                    tools.store.set_team(PUBLISHED, str(last))
                self._marked = last

    def _failed(self, action: Action, error: Exception, now: Moment) -> None:
        if not isinstance(error, Refused):
            # A bug met in one session must not end the supervision of all the others.
            self.warn(f"{type(action).__name__} failed ({type(error).__name__}: {error})")
        elif not self.episodes.met(error, now.monotonic):
            self.warn(could_not(action, str(error)))


def publish_again(tools: Tools) -> None:
    """A crash may have come between a row's last change and its copy, which was its last one."""
    known = tools.store.team(PUBLISHED)
    after = int(known) if known else max(0, tools.store.last_event() - RECENT)
    for session in set(_concerned(tools, after)):
        with contextlib.suppress(OSError):
            publish(tools, session)


def _concerned(tools: Tools, after: int) -> Iterator[str]:
    while events := tools.store.events_after(after):
        yield from (event.session for _, _, event in events if event.session)
        after = events[-1][0]
