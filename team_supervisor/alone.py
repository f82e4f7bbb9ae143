"""Who lives in a workspace of those of whom there may be only one?"""

import os

from team_supervisor.adapters import personas
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core.singletons import NO_SINGLETONS, Singletons, singletons
from team_supervisor.errors import UsageError
from team_supervisor.settings import Settings, load


def look(place: Workspace, store: Store) -> Singletons:
    """Read only; the running supervisor knows it from its own look."""
    found = personas.load(personas.search_path(place.root, place.project)).by_name
    if not any(persona.singleton for persona in found.values()):
        return NO_SINGLETONS
    tasks = [seen.task for seen in TaskTable(store).at_work()]
    return singletons(found, store.live(), tasks, _usual(place), os.listdir(place.root))


def _usual(place: Workspace) -> str:
    """A broken team.yaml says nothing here."""
    try:
        return load(place.settings, {})[0].task_persona
    except UsageError:
        return Settings().task_persona
