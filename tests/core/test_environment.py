from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.environment import agent_environment

OUTER = {
    "CLAUDECODE": "1",
    "CLAUDE_CODE_ENTRYPOINT": "cli",
    "CLAUDE_CODE_SSE_PORT": "1234",
    "CLAUDE_CODE_SESSION_ID": "x",
    "TEAM_SESSION_ID": "architect-1",
    "TEAM_ATTACHED": "1",
    "TEAM_SUPERVISOR_DEBUG": "1",
}
OF_A_SERVICE = {
    "NOTIFY_SOCKET": "/run/user/1000/systemd/notify",
    "WATCHDOG_USEC": "120000000",
    "WATCHDOG_PID": "7",
    "LISTEN_FDS": "1",
    "INVOCATION_ID": "x",
    "JOURNAL_STREAM": "8:1",
}
PERSON = {
    "PATH": "/bin",
    "HOME": "/home/ada",
    "LC_ALL": "C",
    "ANTHROPIC_API_KEY": "key",
    "CLAUDE_CODE_USE_BEDROCK": "1",
}

names = st.text("ABCDELTUXaz_*[", min_size=1, max_size=8)


def test_an_agent_has_what_a_person_would_have() -> None:
    assert agent_environment(PERSON | OUTER, None, []) == PERSON


def test_an_agent_cannot_speak_to_the_service_manager_as_the_supervisor() -> None:
    assert agent_environment(PERSON | OF_A_SERVICE, None, []) == PERSON
    assert agent_environment(OF_A_SERVICE, ["*"], []) == {}


def test_pass_narrows_to_these_and_the_basics() -> None:
    found = agent_environment(PERSON | OUTER, ["ANTHROPIC_*"], [])
    assert set(found) == {"PATH", "HOME", "LC_ALL", "ANTHROPIC_API_KEY"}


def test_an_empty_pass_leaves_the_basics() -> None:
    assert set(agent_environment(PERSON, [], [])) == {"PATH", "HOME", "LC_ALL"}


def test_drop_wins_over_pass() -> None:
    found = agent_environment(PERSON, ["ANTHROPIC_API_KEY"], ["*_KEY", "HOME"])
    assert set(found) == {"PATH", "LC_ALL"}


def test_pass_brings_nothing_of_an_outer_session_back() -> None:
    assert agent_environment(OUTER, ["*"], []) == {}


def test_names_are_told_apart_by_case() -> None:
    assert agent_environment({"path": "x", "PATH": "y"}, [], []) == {"PATH": "y"}


@given(st.dictionaries(names, names), st.none() | st.lists(names), st.lists(names))
def test_nothing_is_made_up_or_changed(
    environ: dict[str, str], pass_: list[str] | None, drop: list[str]
) -> None:
    found = agent_environment(environ, pass_, drop)
    assert found.items() <= environ.items()
    assert not found.keys() & set(drop) - {name for name in drop if set(name) & set("*[")}
