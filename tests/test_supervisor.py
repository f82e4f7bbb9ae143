from .teams import Team
from team_supervisor.core import events


def test_a_request_becomes_a_session_and_an_archive(team: Team) -> None:
    team.request("api", "say Hello", "done all")
    team.run()
    [archived] = team.heard(events.SessionArchived)
    assert archived.name == "api"
