"""How is a plan carried out, and what becomes of what fails?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from team_supervisor.apply import Tools, together
from team_supervisor.apply.tools import publish
from team_supervisor.core.model import Moment
from team_supervisor.core.together import concerning, groups
from team_supervisor.core.trouble import could_not, held_back
from team_supervisor.core.world import Action
from team_supervisor.episodes import Episodes, Refused


@dataclass(frozen=True, slots=True)
class Carrier:
    """What fails is said once by `warn`, and planned again by the next look."""

    episodes: Episodes
    warn: Callable[[str], None]

    def carry_out(self, actions: Sequence[Action], tools: Tools, now: Moment) -> bool:
        """Whether anything changed."""
        changed = False
        for group in groups(actions):
            changed = self._group(group, tools, now) or changed
        tools.batch.finish(partial(self._failed, now=now))
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
        self._publish(group, tools, now)
        return changed

    def _try(self, group: list[Action], tools: Tools, now: Moment) -> bool | None:
        """Did something change? None when it failed, which is said when it was but one."""
        try:
            return together(group, tools, now)
        except Exception as error:
            if len(group) == 1:
                self._failed(group[0], error, now)
            return None

    def _publish(self, group: list[Action], tools: Tools, now: Moment) -> None:
        """What was committed is not done again when its copy cannot be written."""
        while tools.unpublished:
            session = tools.unpublished.pop()
            try:
                publish(tools, session)
            except Exception as error:
                self._failed(concerning(session, group), error, now)

    def _failed(self, action: Action, error: Exception, now: Moment) -> None:
        if not isinstance(error, Refused):
            # A bug met in one session must not end the supervision of all the others.
            self.warn(f"{type(action).__name__} failed ({type(error).__name__}: {error})")
        elif not self.episodes.met(error, now.monotonic):
            self.warn(could_not(action, str(error)))
