"""Is money counted, told and held to, whatever dies on the way?"""

from team_supervisor.core import events
from team_supervisor.core.admission import Limits
from team_supervisor.core.budgets import Budget, Budgets
from team_supervisor.core.model import Doing, State
from team_supervisor.supervisor import nothing_left

from .teams import Team, lines_until, run_until


def is_parked(team: Team, name: str) -> bool:
    return bool(team.heard(events.SessionParked, name=name))


def limited(team: Team) -> set[str]:
    return {e.name for e in team.heard(events.DoingChanged, doing=Doing.RATE_LIMITED)}


def turns(team: Team) -> list[tuple[float, int, int]]:
    with team.store() as store:
        rows = store.turns()
    return [(row["cost_usd"], row["input_tokens"], row["output_tokens"]) for row in rows]


def test_each_turn_is_counted_once_over_a_crash_and_a_resume(team: Team) -> None:
    team.request("api", "cost 0.5", "wait", "crash", "cost 0.25", "done all")
    team.run()
    one = team.session("api")
    assert one.state == State.COMPLETED and one.attempt == 2
    costs = [cost for cost, _, _ in turns(team)]
    assert abs(sum(costs) - one.cost_usd) < 1e-9 and abs(one.cost_usd - 0.75) < 1e-9


def test_a_session_whose_budget_is_spent_is_parked_and_goes_on_when_it_is_raised(
    team: Team,
) -> None:
    team.set(budgets=Budgets(session=Budget(usd=1.0)))
    team.request("api", "cost 1.5", "wait", "say more", "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: is_parked(team, "api"))
        one = team.session("api")
        assert (one.state, one.doing) == (State.PARKED, Doing.OVER_BUDGET)
        assert one.doing_detail == "its budget of $1.00 is spent ($1.50)"
        assert one.agent_pid is None and team.said("api") == []
        answer = team.call("budget", "api", "3")
        assert "api" in answer.stdout and "$1.50 of $3.00" in answer.stdout
        run_until(supervisor, nothing_left)
    assert team.session("api").state == State.COMPLETED
    assert team.said("api") == ["more"]
    assert team.starts("api") == 2


def test_nobody_is_called_for_a_turn_that_spends_the_budget_and_ends_the_work(team: Team) -> None:
    team.set(budgets=Budgets(team=Budget(usd=1.0)), quiet=0.5)
    team.request("api", "cost 1.5", "done all")
    team.run()
    assert team.session("api").state == State.COMPLETED
    assert not team.heard(events.AttentionNeeded) and not is_parked(team, "api")


def test_most_of_a_budget_is_said_before_all_of_it_is_spent(team: Team) -> None:
    team.set(budgets=Budgets(session=Budget(usd=1.0), team=Budget(usd=1.1)))
    team.request("api", "cost 0.9", "wait", "done all")
    team.run()
    assert [(e.scope, e.words) for e in team.heard(events.BudgetWarned)] == [
        ("session", "its budget of $1.00 is nearly spent ($0.90)"),
        ("team", "the team's budget of $1.10 is nearly spent ($0.90)"),
    ]


def test_a_request_waits_for_a_budget_with_room_for_it(team: Team) -> None:
    team.set(budgets=Budgets(team=Budget(usd=1.0), reserve_usd=0.6))
    gate = team.gate()
    team.request("first", gate.step, "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.SessionStarted, name="first"))
        team.request("second", "done all")
        run_until(supervisor, lambda _: team.heard(events.RequestQueued))
        (queued,) = team.heard(events.RequestQueued)
        assert "the team's budget of $1.00 has no $0.60 left for it" in queued.reason
        gate.open()
        run_until(supervisor, nothing_left)
    assert {s.state for s in team.sessions()} == {State.COMPLETED}


def test_the_time_of_a_session_ends_in_the_middle_of_a_turn(team: Team) -> None:
    team.set(budgets=Budgets(session=Budget(seconds=0.3)))
    gate = team.gate()
    team.request("api", gate.step, "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: is_parked(team, "api"))
    one = team.session("api")
    assert one.doing == Doing.OVER_BUDGET and one.doing_detail.startswith(
        "its time of 0 s is spent"
    )


def test_who_waits_is_parked_and_goes_on_in_its_conversation(team: Team) -> None:
    team.set(park_after=0.0)
    gate = team.gate()
    team.request(
        "lead",
        "request-block intern helper",
        f"    ```scripted-agent\n    {gate.step}\n    done all\n    ```",
        "await helper",
        "say told",
        "done all",
        persona="software-engineer",
    )
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: is_parked(team, "lead"))
        lead = team.session("lead")
        assert (lead.state, lead.doing, lead.agent_pid) == (State.PARKED, Doing.WAITING, None)
        listed = team.call("attach", "--list").stdout
        assert "parked" in listed and "waiting for helper" in listed
        gate.open()
        run_until(supervisor, nothing_left)
    assert team.said("lead")[-1] == "told"
    assert team.session("lead").conversation == lead.conversation
    assert team.starts("lead") == 2 and team.starts("helper") == 1


def test_a_parked_session_survives_the_supervisor_and_can_be_stopped(team: Team) -> None:
    team.set(park_after=0.0)
    team.set(max_nudges=0)
    team.request("api", "wait", "done all")
    team.run(lambda _: is_parked(team, "api"))
    stopped = team.call("team", "stop")
    assert stopped.returncode == 0, stopped.stderr
    assert team.session("api").state == State.STOPPED


def test_what_a_person_says_wakes_a_parked_session(team: Team) -> None:
    team.set(park_after=0.0, max_nudges=0)
    team.request("api", "wait", "say heard", "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: is_parked(team, "api"))
        assert team.call("say", "api", "Go on.").returncode == 0
        run_until(supervisor, nothing_left)
    assert "Go on." in team.told("api")[-1]


def test_a_rate_limit_of_one_holds_the_whole_team(team: Team) -> None:
    team.set(rate_limit_stagger=0.0)
    gate = team.gate()
    team.request("first", gate.step, "rate-limit 2", "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.SessionStarted, name="first"))
        gate.open()
        run_until(supervisor, lambda _: team.heard(events.DoingChanged, doing="rate-limited"))
        team.request("second", "done all")
        run_until(supervisor, nothing_left)
    (queued,) = team.heard(events.RequestQueued)
    assert queued.reason == "the team waits for its rate limit"
    assert {s.state for s in team.sessions()} == {State.COMPLETED}
    assert {s.failures for s in team.sessions()} == {0}


def test_who_is_queued_at_the_end_of_a_limit_comes_after_who_waited_for_it(team: Team) -> None:
    team.set(rate_limit_stagger=0.5, park_after=0.0, limits=Limits(sessions=2))
    team.request("first", "rate-limit 3", "done all")
    team.request("second", "rate-limit 3", "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: {"first", "second"} <= limited(team))
        team.request("third", "done all")
        run_until(supervisor, nothing_left)
    assert {s.state for s in team.sessions()} == {State.COMPLETED}
    assert not is_parked(team, "third") and "third" not in limited(team)
    kinds = (events.SessionWoken, events.SessionClaimed)
    assert [e.name for e in team.events if isinstance(e, kinds)][-1] == "third"


def test_a_changed_team_yaml_holds_at_once_and_a_broken_one_changes_nothing(team: Team) -> None:
    team.write_settings("limits: {sessions: 1}\n")
    gate = team.gate()
    program = team.start("orchestrate")
    team.request("first", gate.step, "done all")
    team.wait_beside(lambda: any(s.name == "first" and s.agent_pid for s in team.sessions()))
    team.request("second", gate.step, "done all")
    team.wait_beside(lambda: _queued(team) == ["1 of 1 sessions are at work"])
    team.write_settings("limits: {sessions: none}\n")
    team.wait_beside(lambda: len(_reloads(team)) == 1)
    assert "limits.sessions" in (_reloads(team)[0].problem or "")
    team.write_settings("limits: {sessions: 2}\n")
    team.wait_beside(lambda: any(s.name == "second" and s.agent_pid for s in team.sessions()))
    assert _reloads(team)[-1].problem is None
    assert program.poll() is None


def _queued(team: Team) -> list[str | None]:
    with team.store() as store:
        return [request.reason for request in store.open_requests()]


def _reloads(team: Team) -> list[events.SettingsReloaded]:
    with team.store() as store:
        told = [event for _, _, event in store.events_after(0)]
    return [event for event in told if isinstance(event, events.SettingsReloaded)]


def test_a_request_cannot_give_itself_more_than_team_yaml_gives(team: Team) -> None:
    team.set(budgets=Budgets(session=Budget(usd=2.0)))
    steps = "```scripted-agent\ncost 2.5\nwait\ndone all\n```\n"
    team.request("greedy", text=f"---\nbudget_usd: 1000\n---\n# Work\n\n{steps}")
    team.run(lambda _: is_parked(team, "greedy"))
    assert team.session("greedy").doing_detail == "its budget of $2.00 is spent ($2.50)"


def test_time_that_a_request_set_itself_can_be_raised(team: Team) -> None:
    gate = team.gate()
    steps = f"```scripted-agent\n{gate.step}\nsay more\ndone all\n```\n"
    team.request("api", text=f"---\ntimeout: 0.3\n---\n# Work\n\n{steps}")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: is_parked(team, "api"))
        gate.open()
        answer = team.call("budget", "api", "--time", "1h")
        assert "of 1 h of agents at work" in answer.stdout, answer.stderr
        run_until(supervisor, nothing_left)
    assert team.said("api")[-1] == "more"


def test_a_parked_session_can_be_tried_again(team: Team) -> None:
    team.set(park_after=0.0, max_nudges=0)
    team.request("api", "wait", "say again", "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: is_parked(team, "api"))
        done = team.call("retry", "api")
        assert done.returncode == 0, done.stderr
        run_until(supervisor, nothing_left)
    assert team.said("api")[-1] == "again"


def test_what_orchestrate_is_told_is_newer_than_what_budget_set_and_is_shown(team: Team) -> None:
    with team.store():
        assert "of $50.00" in team.call("budget", "--team", "50", "--day", "40").stdout
    program = team.start("orchestrate", "--budget-team", "5", "--budget-session", "2")
    lines_until(program, "started")
    team.request("api", "wait", "done all")
    team.wait_beside(lambda: any(s.name == "api" and s.agent_pid for s in team.sessions()))
    shown = team.call("budget").stdout
    assert "of $5.00" in shown and "of $40.00" in shown and "of $2.00" in shown
    assert "of $2.00" in team.call("why", "api").stdout
    assert "of $8.00" in team.call("budget", "--team", "8").stdout


def test_a_time_that_is_none_is_refused(team: Team) -> None:
    team.request("api", "done all")
    team.run()
    refused = team.call("budget", "api", "--time", "soon")
    assert refused.returncode == 2 and "--time must be seconds" in refused.stderr
    assert "name the session" in team.call("budget", "--time", "2h").stderr


def test_an_amount_that_is_no_number_is_refused(team: Team) -> None:
    for words in (("budget", "--team", "nan"), ("orchestrate", "--max-budget-usd", "nan")):
        refused = team.call(*words)
        assert refused.returncode == 2 and "not a number of dollars" in refused.stderr


def test_a_parked_session_that_needs_a_person_is_marked(
    team: Team,
) -> None:
    team.set(budgets=Budgets(session=Budget(usd=1.0)))
    team.request("broke", "cost 1.5", "wait", "done all")
    team.run(lambda _: is_parked(team, "broke"))
    (line,) = (x for x in team.call("track", "--once").stdout.splitlines() if "broke" in x)
    assert line.split()[:3] == ["▲", "broke", "parked"]


def test_a_lost_database_forgets_no_cost(team: Team) -> None:
    gate = team.gate()
    team.request("done", "cost 1.5", "done all")
    team.run()
    team.request("alive", "cost 0.5", "wait", gate.step, "cost 0.25", "done all")
    team.run(lambda _: team.heard(events.Nudged, name="alive"))
    for path in team.workspace.control.glob("supervisor.db*"):
        path.rename(path.with_name(f"lost-{path.name}"))
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.session("alive").state == State.ACTIVE)
        gate.open()
        run_until(supervisor, nothing_left)
    assert sorted(s.cost_usd for s in team.sessions()) == [0.75, 1.5]
    assert sum(cost for cost, _, _ in turns(team)) == 2.25
    assert team.session("done").state == State.COMPLETED
