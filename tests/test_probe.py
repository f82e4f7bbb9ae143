import os, pytest
from .teams import Team, run_until, script
from team_supervisor.core import events

def test_bytes(team: Team) -> None:
    p = os.fsencode(team.root) + b"/intern-request-\xff"
    os.mkdir(p); open(p + b"/instructions.md", "w").write(script("done all"))
    team.run(lambda w: team.heard(events.RequestRejected) or team.heard(events.Warned))
    print(team.events, os.listdir(os.fsencode(team.root)))

def test_long(team: Team) -> None:
    team.request("a" * 238, "done all")
    team.run(lambda w: team.heard(events.RequestRejected) or team.heard(events.Warned))
    print(team.events, os.listdir(team.root))

def test_file(team: Team) -> None:
    (team.root / "intern-request-x").write_text("hi")
    (team.root / "intern-request-y").symlink_to("/etc")
    team.run(lambda w: len(team.heard(events.RequestRejected))==2 or team.heard(events.Warned))
    print(team.events, os.listdir(team.root))

def test_db(team):
    team.workspace.database.write_bytes(b"garbage" * 1000)
    for words in (["team","status"],["team","stop"],["retry","x"],["say","x","y"],["orchestrate","--once"]):
        r = team.call(*words); print(words, r.returncode, r.stdout, r.stderr)
def test_lock(team):
    team.workspace.lock.symlink_to("/etc/passwd")
    r = team.call("orchestrate","--once"); print(r.returncode, r.stdout, r.stderr)
    team.workspace.lock.unlink()
    team.workspace.doorbell.write_text("x")
    r = team.call("orchestrate","--once"); print(r.returncode, r.stdout, r.stderr)
def test_five(team):
    team.request("x", *["exit 1"]*8, "done all")
    team.run()
    print(team.heard(events.SessionRestarting), team.heard(events.SessionExited), team.heard(events.SessionFailed))
