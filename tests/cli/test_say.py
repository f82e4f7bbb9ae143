import re

import pytest

from team_supervisor.adapters.files import MEBIBYTE
from team_supervisor.core import events
from team_supervisor.core.model import Session, State
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.supervisor import nothing_left
from tests.teams import Team, run_until


def found(team: Team, name: str = "api", number: int = 0, **values: object) -> Session:
    """A session without an agent."""
    session_id = f"intern-{1706012345680 + number}"
    given = {"persona": "intern", "created_at": 1.0, "state": State.STARTING, **values}
    session = Session(id=session_id, name=name, directory=session_id, **given)  # type: ignore[arg-type]
    (team.root / session_id).mkdir()
    (team.root / session_id / "instructions.md").write_text("# The work\n")
    with team.store() as store:
        store.insert(session)
    return session


def test_what_is_said_is_heard_in_the_running_conversation(live_team: Team) -> None:
    live_team.request("api", "wait-for PostgreSQL", "say I will", "done all")
    with live_team.supervised() as supervisor:
        run_until(supervisor, lambda _: live_team.heard(events.SessionStarted))
        done = live_team.call("say", "api", "Use PostgreSQL, not SQLite.")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"Said to api ({live_team.session('api').id})\n"
        run_until(supervisor, nothing_left)
    heard = live_team.told("api")[1]
    assert "Use PostgreSQL, not SQLite." in heard
    assert re.search(r"## Instructions from user \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)", heard)
    assert "I will" in live_team.said("api")


def test_it_is_appended_under_a_heading_that_says_who_said_it(live_team: Team) -> None:
    session = found(live_team)
    live_team.call("say", "api", "One", env={"TEAM_SESSION_ID": "qa-1706012345680"})
    live_team.call("say", "api", "-", input="Two\n\nmore\n")
    live_team.call("say", session.id, input="Three")
    text = (live_team.root / session.id / "instructions.md").read_text()
    sections = re.split(r"\n\n## Instructions from (\S+) \(\S+\)\n\n", text)
    assert sections == [
        "# The work\n",
        "qa-1706012345680",
        "One\n",
        "user",
        "Two\n\nmore\n",
        "user",
        "Three\n",
    ]


@pytest.mark.parametrize(("name", "sentence"), [("nobody", "there is no session"), ("", "no sess")])
def test_an_unknown_session_is_a_usage_error(live_team: Team, name: str, sentence: str) -> None:
    found(live_team)
    done = live_team.call("say", name, "hello")
    assert done.returncode == 2
    assert sentence in done.stderr and "attach --list" in done.stderr


def test_an_ambiguous_session_lists_what_it_could_be(live_team: Team) -> None:
    found(live_team, "api")
    found(live_team, "api-docs", 1)
    found(live_team, "app", 2)
    done = live_team.call("say", "ap", "hello")
    assert done.returncode == 2
    assert "'ap' could be any of 3 sessions: intern-1706012345680 (api), " in done.stderr
    assert live_team.call("say", "api", "the exact name").returncode == 0
    assert live_team.call("say", "docs", "a part that only it has").returncode == 0
    assert live_team.call("say", "682", "the same of an id").returncode == 0


def test_nothing_is_said_to_who_is_archived(live_team: Team) -> None:
    session = found(live_team, state=State.COMPLETED, ended_at=1.0)
    done = live_team.call("say", "api", "hello")
    assert done.returncode == 1
    assert f"{session.id} is completed and archived: nobody would read it" in done.stderr


def test_who_has_failed_hears_it_when_it_is_retried(live_team: Team) -> None:
    live_team.set(restarts=RestartPolicy(failures=0))
    live_team.request("api", "exit 1", "wait-for hello", "done all")
    live_team.run()
    done = live_team.call("say", "api", "hello")
    assert done.returncode == 0
    assert "It is failed: it hears this after `team-supervisor retry" in done.stdout
    live_team.call("retry", "api")
    live_team.run()
    assert live_team.session("api").state == State.COMPLETED
    assert sum("\n\nhello\n" in text for text in live_team.told("api")) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "the text is empty"), (" \n", "the text is empty"), ("x" * (MEBIBYTE + 1), "1 MiB")],
)
def test_a_text_that_cannot_be_said_is_a_usage_error(
    live_team: Team, text: str, sentence: str
) -> None:
    session = found(live_team)
    done = live_team.call("say", "api", input=text)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert (live_team.root / session.id / "instructions.md").read_text() == "# The work\n"


def test_without_a_text_on_a_terminal_it_asks_for_one(live_team: Team) -> None:
    import os
    import pty

    found(live_team)
    ours, theirs = pty.openpty()
    done = live_team.call("say", "api", stdin=theirs)
    os.close(ours)
    os.close(theirs)
    assert (done.returncode, done.stdout) == (2, "")
    assert "say what? give a text, or pipe one in" in done.stderr


def test_nothing_is_said_through_a_link(live_team: Team) -> None:
    session = found(live_team)
    path = live_team.root / session.id / "instructions.md"
    path.unlink()
    path.symlink_to("elsewhere")
    done = live_team.call("say", "api", "hello")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{path} cannot be written" in done.stderr
    assert not path.with_name("elsewhere").exists()


def test_bytes_that_are_no_text_are_said_all_the_same(live_team: Team) -> None:
    session = found(live_team)
    done = live_team.call("say", "api", b"caf\xe9".decode("utf-8", "surrogateescape"))
    assert done.returncode == 0
    assert "caf?" in (live_team.root / session.id / "instructions.md").read_text()
