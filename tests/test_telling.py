import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from team_supervisor.adapters import clock
from team_supervisor.adapters.outbox import Outbox
from team_supervisor.core import events
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.core.telling import Notify, Rule, Told
from team_supervisor.supervisor import Supervisor

from .receivers import Receiver, receiving
from .teams import Team, kill, lines_until, run_until

FAST = RestartPolicy(first_delay=0.02, max_delay=0.05, failures=1 << 30)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def begin(team: Team, supervisor: Supervisor) -> None:
    """From here on events are told, and a channel that fails is tried again soon."""
    supervisor.telling.policy = FAST
    supervisor.tick()


def fail(supervisor: Supervisor, name: str) -> None:
    supervisor.record(events.SessionFailed(session=f"qa-{name}", name=name, reason="it died"))


def waiting(team: Team) -> list[str | None]:
    with team.store() as store:
        return [message.problem for message in Outbox(store).waiting()]


def test_what_happens_is_told_once_and_the_message_says_how_to_look(
    team: Team, receiver: Receiver
) -> None:
    team.set(notify=Notify(channel=receiver.url()))
    with team.supervised() as supervisor:
        begin(team, supervisor)
        fail(supervisor, "1")
        run_until(supervisor, lambda world: receiver.messages)
        for _ in range(5):
            supervisor.tick()
    assert receiver.messages == [
        "project: Gave up on 1 (qa-1): it died\nLook: team-supervisor why qa-1"
    ]
    assert waiting(team) == []


def test_an_event_calls_whom_it_is_to_and_one_that_is_off_is_not_told(
    team: Team, receiver: Receiver
) -> None:
    told = Notify(channel=receiver.url(), events={"failed": Rule(mention="@anna"), "budget": False})
    team.set(notify=told)
    with team.supervised() as supervisor:
        begin(team, supervisor)
        supervisor.record(events.BudgetWarned(scope="team", words="its budget is spent"))
        fail(supervisor, "1")
        run_until(supervisor, lambda world: receiver.messages and waiting(team) == [])
    assert receiver.messages == [
        "@anna project: Gave up on 1 (qa-1): it died\nLook: team-supervisor why qa-1"
    ]


def test_what_a_channel_refuses_arrives_in_order_when_it_works_again(
    team: Team, receiver: Receiver
) -> None:
    receiver.answer = 503
    team.set(notify=Notify(channel=receiver.url()))
    with team.supervised() as supervisor:
        begin(team, supervisor)
        for name in "123":
            fail(supervisor, name)
        run_until(supervisor, lambda world: receiver.asked > 4)
        assert "it answered 503" in waiting(team)
        receiver.answer = 200
        fail(supervisor, "4")
        run_until(supervisor, lambda world: len(receiver.messages) == 4)
        run_until(supervisor, lambda world: waiting(team) == [])
    assert names(receiver) == ["1", "2", "3", "4"]


def test_a_channel_that_rests_holds_up_no_other_and_is_left_when_another_is_set(
    team: Team, receiver: Receiver
) -> None:
    with receiving() as down:
        down.answer = 503
        config = Path(team.environ["TEAM_SUPERVISOR_CONFIG"]) / "config.yaml"
        config.parent.mkdir()
        config.write_text(f"notify: {{channel: '{receiver.url()}'}}\n")
        team.set(notify=Notify(channel=down.url()))
        with team.supervised() as supervisor:
            supervisor.telling.policy = RestartPolicy(
                first_delay=3000.0, max_delay=3000.0, failures=1 << 30
            )
            supervisor.tick()
            fail(supervisor, "1")
            run_until(supervisor, lambda world: waiting(team) == ["it answered 503"])
            fail(supervisor, "2")
            supervisor.telling.look(Notify(), clock.now())
            receiver.wait()
            assert names(receiver) == ["2"]
            fail(supervisor, "3")
            elsewhere = Notify(channel=receiver.url("elsewhere"))
            for _ in "13":
                take_turns(supervisor, elsewhere, receiver)
            assert names(receiver) == ["2", "1", "3"]
    assert down.asked == 1


def take_turns(supervisor: Supervisor, own: Notify, receiver: Receiver) -> None:
    """Look until one more message has arrived."""
    before = len(receiver.messages)
    deadline = time.monotonic() + 30
    while len(receiver.messages) == before:
        supervisor.telling.look(own, clock.now())
        assert time.monotonic() < deadline, "no message arrived"
        select.select([], [], [], 0.01)


def names(receiver: Receiver) -> list[str]:
    """Of the sessions that were given up, as they were told of."""
    return [message.split()[4] for message in receiver.messages]


def test_a_channel_that_refused_one_message_is_spared_the_others_for_a_while(
    team: Team, receiver: Receiver
) -> None:
    receiver.answer = 503
    team.set(notify=Notify(channel=receiver.url()))
    with team.supervised() as supervisor:
        supervisor.telling.policy = RestartPolicy(first_delay=3600.0, max_delay=3600.0)
        supervisor.tick()
        fail(supervisor, "1")
        run_until(supervisor, lambda world: "it answered 503" in waiting(team))
        fail(supervisor, "2")
        run_until(supervisor, lambda world: len(waiting(team)) == 2)
        for _ in range(5):
            supervisor.tick()
        with team.store() as store:
            assert [message.tries for message in Outbox(store).waiting()] == [1, 0]


def test_a_channel_that_is_down_is_told_by_the_next_supervisor(team: Team) -> None:
    with receiving() as gone:
        port = gone.port
    team.set(notify=Notify(channel=f"json://127.0.0.1:{port}"))
    with team.supervised() as supervisor:
        begin(team, supervisor)
        fail(supervisor, "1")
        run_until(supervisor, lambda world: waiting(team) == ["it could not be reached"])
    with receiving(port) as back, team.supervised() as supervisor:
        begin(team, supervisor)
        run_until(supervisor, lambda world: back.messages)


def test_a_channel_that_hangs_delays_neither_the_loop_nor_the_end(
    team: Team, receiver: Receiver
) -> None:
    receiver.answer = None
    team.set(notify=Notify(channel=receiver.url()))
    with team.supervised() as supervisor:
        begin(team, supervisor)
        fail(supervisor, "1")
        run_until(supervisor, lambda world: receiver.asked)
        begun = time.monotonic()
        for _ in range(20):
            supervisor.tick()
        looked = time.monotonic() - begun
        supervisor.telling.patience = 0.0
        run_until(supervisor, lambda world: waiting(team) == ["it did not answer in time"])
        begun = time.monotonic()
    assert looked < 2.0 and time.monotonic() - begun < 2.0


def test_a_burst_of_starts_is_one_message(team: Team, receiver: Receiver) -> None:
    team.set(notify=Notify(channel=receiver.url()))
    with team.supervised() as supervisor:
        begin(team, supervisor)
        for number in range(8):
            moved = events.TaskMoved(task=f"T{number}", title="Parse", state="in_progress")
            supervisor.record(moved)
            supervisor.tick()
    assert len(receiver.messages) == 1
    assert receiver.messages[0].startswith("project: 8 tasks have begun\n")


def test_what_ends_a_burst_is_told_after_it(team: Team, receiver: Receiver) -> None:
    team.set(notify=Notify(channel=receiver.url()))
    with team.supervised() as supervisor:
        begin(team, supervisor)
        for state in ("in_progress", "completed"):
            supervisor.record(events.TaskMoved(task="T1", title="Parse", state=state))
            supervisor.tick()
        fail(supervisor, "1")
        run_until(supervisor, lambda world: len(receiver.messages) == 3)
    said = [message.splitlines()[0] for message in receiver.messages]
    assert said == [
        "project: Task T1 (Parse) is in progress",
        "project: Task T1 (Parse) is completed",
        "project: Gave up on 1 (qa-1): it died",
    ]


def test_nothing_is_told_of_what_happened_before_there_was_a_channel(
    team: Team, receiver: Receiver
) -> None:
    with team.supervised() as supervisor:
        supervisor.tick()
        fail(supervisor, "1")
        supervisor.tick()
    team.set(notify=Notify(channel=receiver.url()))
    with team.supervised() as supervisor:
        begin(team, supervisor)
        fail(supervisor, "2")
        run_until(supervisor, lambda world: receiver.messages)
    assert len(receiver.messages) == 1 and "qa-2" in receiver.messages[0]


def test_what_is_a_day_old_is_given_up_and_the_outbox_is_bounded(team: Team) -> None:
    with team.store() as store:
        outbox, now = Outbox(store), clock.now().wall
        outbox.put("project", Told("failed", "old", "why x"), now - 90_000, now)
        for number in range(600):
            outbox.put("project", Told("failed", f"new {number}", "why x"), now, now)
        outbox.tidy(now)
        assert outbox.counts() == {"waiting": 500, "delivered": 0, "given-up": 101}


def test_a_killed_supervisor_loses_no_message_and_no_secret_is_written_anywhere(
    team: Team, receiver: Receiver
) -> None:
    receiver.answer = 500
    secret = "XoxbPlantedSecret"
    team.environ["TEAM_NOTIFY_TOKEN"] = secret
    address = f"json://127.0.0.1:{receiver.port}/${{TEAM_NOTIFY_TOKEN}}"
    team.write_settings(f"notify: {{channel: '{address}'}}\n")
    program = team.start("orchestrate", "--json")
    lines = lines_until(program, "supervisor_started")
    wait_for_cursor(team)
    with team.store() as store:
        failed = events.SessionFailed(session="qa-1", name="one", reason="it died")
        store.record(failed, clock.now().wall)
    team.wait_beside(lambda: waiting(team) == ["it answered 500"])
    assert "not delivered: 1, as it answered 500" in team.call("doctor").stdout
    kill(program.pid)
    assert program.stdout is not None
    lines += program.stdout.read().splitlines()
    receiver.answer = 200
    program = team.start("orchestrate", "--json")
    team.wait_beside(lambda: bool(receiver.messages))
    kill(program.pid)
    shown = [team.call("notify", *words).stdout for words in (["list"], ["status", "--json"])]
    errors = (team.project.parent / "errors").read_text()
    stored = b"".join(p.read_bytes() for p in team.workspace.control.rglob("*") if p.is_file())
    told = "\n".join([*lines, *shown, errors, stored.decode("latin-1")])
    assert secret not in told
    assert "json://…" in shown[0]


def wait_for_cursor(team: Team) -> None:
    def known() -> bool:
        with team.store() as mine:
            return Outbox(mine).cursor() is not None

    team.wait_beside(known)


def test_the_test_message_says_whether_it_arrived(team: Team, receiver: Receiver) -> None:
    team.write_settings(f"notify: {{channel: '{receiver.url('PlantedSecret')}'}}\n")
    assert "Delivered to json://… (the project's)" in team.call("notify", "test").stdout
    receiver.answer = 500
    done = team.call("notify", "test")
    assert done.returncode == 1 and "it answered 500" in done.stderr
    assert "PlantedSecret" not in done.stderr + done.stdout


def test_a_channel_that_a_variable_holds_is_shown_by_its_kind(
    team: Team, receiver: Receiver
) -> None:
    team.write_settings('notify: {channel: "${TEAM_NOTIFY_J}"}\n')
    set_ = {"TEAM_NOTIFY_J": receiver.url("PlantedSecret")}
    assert "Channel: json://… (the project's)" in team.call("notify", "list", env=set_).stdout
    assert "json://" in team.call("notify", "list", "--json", env=set_).stdout
    assert "json://… (the project's)" in team.call("notify", "test", env=set_).stdout
    unset = team.call("notify", "list").stdout
    assert "Channel: … (the project's); its channel names ${TEAM_NOTIFY_J}, which is not" in unset


def test_settings_of_the_machine_are_set_and_shown_without_secrets(team: Team) -> None:
    assert team.call("config", "get", "verbose").stdout == "false\n"
    assert team.call("config", "set", "verbose", "true").stdout == "verbose: true\n"
    team.call("config", "set", "notify.channel", "json://host/PlantedSecret")
    team.call("config", "set", "notify.events.task-start", "off")
    shown = team.call("config", "list").stdout
    assert "notify.channel: json://…" in shown and "notify.events.task-start: false" in shown
    assert "PlantedSecret" not in shown + team.call("config", "list", "--json").stdout
    wrong = team.call("config", "set", "verbos", "true")
    assert wrong.returncode == 2 and "there are verbose, notify.channel" in wrong.stderr
