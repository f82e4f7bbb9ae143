from typing import Any

from team_supervisor.core import events
from team_supervisor.core.model import Delivery, DeliveryKind, Doing, State
from team_supervisor.core.world import World
from team_supervisor.supervisor import nothing_left

from .teams import Team, run_until, script


def is_active(team: Team, name: str) -> bool:
    return bool(team.heard(events.SessionStarted, name=name))


def attempts(team: Team, name: str) -> list[dict[str, Any]]:
    with team.store() as store:
        return store.attempts(team.session(name).id)


def test_a_requester_is_told_how_its_teammate_ended(team: Team) -> None:
    team.request(
        "lead",
        "request-block intern helper",
        *(f"    {line}" for line in script("done all").splitlines()),
        "await helper",
        "say told",
        "done all",
        persona="software-engineer",
    )
    team.run()
    lead, helper = team.session("lead"), team.session("helper")
    assert (helper.requester, helper.depth, lead.depth) == (lead.id, 1, 0)
    assert [e.name for e in team.heard(events.SessionArchived)] == ["helper", "lead"]
    notice = team.told("lead")[1]
    assert helper.id in notice and "has ended: completed" in notice
    assert str(team.root / helper.directory) in notice
    assert team.said("lead")[-1] == "told"


def test_who_waits_for_a_teammate_is_waiting_and_is_not_nudged(team: Team) -> None:
    gate = team.gate()
    team.set(nudge_after=0.01)
    inner = script(gate.step, "done all").splitlines()
    team.request(
        "lead",
        "request-block intern helper",
        *(f"    {line}" for line in inner),
        "await helper",
        "done all",
        persona="software-engineer",
    )
    looks: list[World] = []

    def waiting(world: World) -> bool:
        looks.append(world)
        return len(looks) > 20 and is_active(team, "helper")

    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.DoingChanged, name="lead"))
        run_until(supervisor, waiting)
        [doing] = team.heard(events.DoingChanged, name="lead")
        assert (doing.doing, doing.detail) == (Doing.WAITING, "helper")
        gate.open()
        run_until(supervisor, nothing_left)
    assert team.heard(events.Nudged) == []


def test_who_ends_turns_with_tasks_open_is_nudged_and_then_needs_attention(team: Team) -> None:
    team.set(nudge_after=0.02)
    team.request("api", "tasks Write it | Test it", "deny WebFetch", *["wait"] * 9)
    team.run(lambda _: team.heard(events.AttentionNeeded))
    assert [(e.nudges, e.limit) for e in team.heard(events.Nudged)] == [(1, 3), (2, 3), (3, 3)]
    [attention] = team.heard(events.AttentionNeeded)
    assert attention.reason == "its turn ended 4 times with tasks open; it was denied WebFetch"
    nudge = team.told("api")[1]
    assert "- Write it\n- Test it\n" in nudge
    assert len(team.told("api")) == 4
    assert team.session("api").state == State.ACTIVE


def test_a_task_done_ends_the_counting_of_nudges(team: Team) -> None:
    team.set(nudge_after=0.02, max_nudges=1)
    team.request("api", "tasks A | B", "wait", "done A", "wait", "done B")
    team.run()
    assert [e.nudges for e in team.heard(events.Nudged)] == [1, 1]
    assert team.heard(events.AttentionNeeded) == []


def test_appended_instructions_are_delivered_once_and_in_order(team: Team) -> None:
    team.request("api", "wait-for one", "wait-for two", "crash", "wait-for three", "done all")

    def append(text: str) -> None:
        with (team.root / team.session("api").id / "instructions.md").open("a") as file:
            file.write(f"\n## Instructions from user (2026-01-31T09:30:00Z)\n\n{text}\n")

    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: is_active(team, "api"))
        append("one")
        append("and one more")
        run_until(supervisor, lambda _: any("one more" in text for text in team.told("api")))
        append("two")
        run_until(supervisor, lambda _: team.heard(events.SessionRestarting))
        append("three")
        run_until(supervisor, nothing_left)
    told = [text for text in team.told("api") if text.startswith("New instructions")]
    assert [[w in text for w in ("one", "one more", "two", "three")] for text in told] == [
        [True, True, False, False],
        [False, False, True, False],
        [False, False, False, True],
    ]
    size = (team.directory("api") / "instructions.md").stat().st_size
    assert f'"instructions_offset":{size}' in (team.directory("api") / "tracker.json").read_text()


def test_work_that_was_appended_late_is_not_archived_unread(team: Team) -> None:
    team.request("api", "done all", "wait-for more", "say heard", "done all")
    told = []

    def append_when_done(event: events.Event) -> None:
        if isinstance(event, events.TasksChanged) and event.done and not told:
            told.append(event)
            with (team.root / str(event.session) / "instructions.md").open("a") as file:
                file.write("\n## Instructions from user (now)\n\nmore\n")

    team.listeners.append(append_when_done)
    team.run()
    assert "heard" in team.said("api")


def test_long_instructions_are_named_and_not_quoted(team: Team) -> None:
    text = script("wait-for appended", "done all") + "".join(f"line {n}\n" for n in range(1000))
    team.request("api", text=text)
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: is_active(team, "api"))
        path = team.root / team.session("api").id / "instructions.md"
        with path.open("a") as file:
            file.write("\n## Instructions from user (now)\n\n" + "x" * 5000 + "\n")
        run_until(supervisor, nothing_left)
    first, second = team.told("api")
    assert str(path) in first and "line 999" not in first
    assert "5" in second and str(path) in second and "x" * 100 not in second


def test_a_message_of_more_than_4096_bytes_arrives_by_file(team: Team) -> None:

    team.request("api", "wait-for in a file", "done all")
    long = "A long story.\n" + "é" * 3000
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: is_active(team, "api"))
        row = team.session("api")
        given = Delivery(
            id="a-uuid", session=row.id, kind=DeliveryKind.NOTICE, text=long, created_at=0.0
        )
        supervisor.store.add_delivery(given, "a test")
        run_until(supervisor, lambda _: len(team.told("api")) == 2)
    message = team.told("api")[1]
    path = team.root / row.id / "messages" / "a-uuid.md"
    assert str(path) in message and len(message) < 1000
    assert path.read_text() == long


def test_a_rate_limit_is_no_crash_and_ends_by_itself(team: Team) -> None:
    team.set(nudge_after=0.05)
    team.request("api", "rate-limit 2", "say later", "done all")
    team.run()
    assert team.heard(events.DoingChanged, doing=Doing.RATE_LIMITED)
    assert len(attempts(team, "api")) == 1
    assert "later" in team.said("api")


def test_an_error_that_more_of_the_same_cannot_mend_needs_a_person(team: Team) -> None:
    team.set(nudge_after=0.01)
    team.request("api", "error 401 Please run /login")
    team.run(lambda _: team.heard(events.AttentionNeeded))
    assert team.heard(events.AttentionNeeded)[0].reason == "Please run /login"
    assert team.heard(events.Nudged) == []


def test_a_list_that_cannot_be_read_is_flagged_and_not_complete(team: Team) -> None:
    gate = team.gate()
    team.request(
        "api",
        "bash mv $SESSION/tasks.md $SESSION/real.md && ln -s real.md $SESSION/tasks.md",
        gate.step,
        "bash rm $SESSION/tasks.md && mv $SESSION/real.md $SESSION/tasks.md",
        "done all",
    )
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.session("api").tasks_problem if team.sessions() else 0)
        assert team.session("api").tasks_problem == "tasks.md is a symbolic link"
        gate.open()
        run_until(supervisor, nothing_left)


def test_an_agent_whose_directory_is_gone_needs_attention(team: Team) -> None:
    team.request("api", "bash mv $SESSION $SHARED/away", "wait")
    team.run(lambda _: team.heard(events.AttentionNeeded))
    assert team.heard(events.AttentionNeeded)[0].reason == "its directory is gone"
