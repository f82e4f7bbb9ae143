"""When does a waiting session give its process back, and when does it get one again?"""

from dataclasses import replace
from typing import Any

import pytest

from team_supervisor.core.admission import Limits
from team_supervisor.core.budgets import Budget, Budgets, Spent
from team_supervisor.core.conduct import needs_a_person
from team_supervisor.core.model import DeliveryKind, Doing, Session, Standing, State, Wanted
from team_supervisor.core.world import (
    AskToStop,
    ClaimRequest,
    Deliver,
    Launch,
    Life,
    NoteDoing,
    Nudge,
    QueueRequest,
    ReadInstructions,
    Rules,
    SessionFacts,
    Wake,
    WarnOfBudget,
    World,
)

from .worlds import (
    ENGINEER,
    GIB,
    NOW,
    delivery,
    facts,
    from_,
    idle,
    look,
    planned,
    row,
    session,
    team,
    watch,
)

RESTING = (Doing.WAITING, Doing.ATTENTION, Doing.RATE_LIMITED, Doing.OVER_BUDGET)
HELPER = "intern-1706012345999"


def resting(seconds: float = 200.0, doing: Doing = Doing.WAITING, **changes: Any) -> Session:
    since = NOW.wall - seconds
    values = {"resumable": 1, "doing_detail": "helper", **changes}
    return idle(doing=doing, doing_since=since, **values)


def helper(**changes: Any) -> SessionFacts:
    return facts(session(id=HELPER, name="helper", requester=ENGINEER, **changes))


def parked(doing: Doing = Doing.WAITING, **changes: Any) -> Session:
    values: dict[str, Any] = {"parked_at": NOW.wall - 60, "attempt": 1, "resumable": 1}
    values |= {"doing": doing, "doing_detail": "helper", "turn_open": 0, **changes}
    return session(State.PARKED, **values)


def at_rest(one: Session, **changes: Any) -> SessionFacts:
    return facts(one, Life.NONE, watch(0, 1), **changes)


def of(actions: list[Any], *kinds: type) -> list[Any]:
    return [action for action in actions if isinstance(action, kinds)]


def test_who_waits_for_a_teammate_gives_its_process_back_after_a_while() -> None:
    seen = facts(resting(), tasks=watch(0, 1))
    stop = AskToStop(seen.session, State.PARKED, "helper", 10.0)
    assert of(planned(seen, helper()), AskToStop) == [stop]


def test_nobody_is_parked_before_its_time() -> None:
    assert of(planned(facts(resting(60), tasks=watch(0, 1)), helper()), AskToStop) == []


def test_whose_row_says_that_it_rests_when_it_does_no_more_is_not_parked() -> None:
    seemed = resting(doing=Doing.ATTENTION, doing_detail="no output; it may hang", stall_rung=1)
    seen = facts(seemed, tasks=watch(0, 1))
    actions = planned(seen)
    assert of(actions, AskToStop) == []
    assert [action.doing for action in of(actions, NoteDoing)] == [Doing.WORKING]


@pytest.mark.parametrize("changes", [{"resumable": 0}, {"turn_open": 1}])
def test_who_could_not_go_on_where_it_was_keeps_its_process(changes: dict[str, Any]) -> None:
    seen = facts(resting(**changes), tasks=watch(0, 1))
    assert of(planned(seen, helper()), AskToStop) == []


def test_a_program_that_does_not_talk_keeps_its_process() -> None:
    seen = facts(resting(), tasks=watch(0, 1), talks=False)
    assert of(planned(seen, helper()), AskToStop) == []


def test_who_has_something_to_hear_is_told_and_not_parked() -> None:
    seen = facts(resting(), tasks=watch(0, 1), unseen=(delivery(),))
    actions = planned(seen, helper())
    assert of(actions, AskToStop) == [] and len(of(actions, Deliver)) == 1


def test_a_parked_session_whose_teammate_works_on_stays_parked() -> None:
    assert planned(at_rest(parked()), helper()) == []


@pytest.mark.parametrize("kind", DeliveryKind)
def test_a_parked_session_wakes_for_what_it_is_told(kind: DeliveryKind) -> None:
    seen = at_rest(parked(), unseen=(delivery(kind),))
    assert planned(seen, helper()) == [Wake(seen.session)]


def test_a_parked_session_hears_of_instructions_that_were_appended() -> None:
    seen = at_rest(parked(), news=(10, 20), news_settled=True)
    assert planned(seen, helper()) == [ReadInstructions(seen.session, 10, 20), Wake(seen.session)]


def test_a_parked_session_whose_request_was_taken_back_wakes() -> None:
    seen = at_rest(parked())
    assert planned(seen) == [Wake(seen.session)]


def test_a_parked_session_that_needs_a_person_stays_parked_until_one_comes() -> None:
    seen = at_rest(parked(Doing.ATTENTION))
    assert planned(seen) == []
    asked = at_rest(parked(Doing.ATTENTION, retry_wanted=1))
    assert planned(asked) == [Wake(asked.session)]


def test_a_parked_session_can_be_stopped_though_nothing_of_it_runs() -> None:
    seen = at_rest(parked(wanted=Wanted.STOP))
    assert planned(seen, helper()) == [AskToStop(seen.session, State.STOPPED, "by a person", 10.0)]


def test_a_parked_session_takes_no_place_of_another() -> None:
    one = parked()
    busy = team(one, *engineers(7), limits=Limits(sessions=8))
    actions = planned(at_rest(one), helper(), requests=(look(),), team=busy)
    assert len(of(actions, ClaimRequest)) == 1


def test_the_longest_parked_wakes_first_and_only_into_a_place_that_is_free() -> None:
    first, second = parked(parked_at=1.0), parked(id=HELPER, parked_at=2.0)
    full = team(first, second, *engineers(1), limits=Limits(sessions=2))
    told = [at_rest(one, unseen=(delivery(),)) for one in (second, first)]
    assert planned(*told, team=full) == [Wake(told[1].session)]


def test_who_wakes_comes_before_who_is_new() -> None:
    one = parked()
    full = team(one, *engineers(1), limits=Limits(sessions=2))
    seen = at_rest(one, unseen=(delivery(),))
    actions = planned(seen, requests=(look(),), team=full)
    assert of(actions, Wake) and not of(actions, ClaimRequest)


def engineers(count: int) -> list[Session]:
    return [session(id=f"engineer-{number:013d}") for number in range(count)]


LIMIT = NOW.wall + 600


def test_a_rate_limit_of_one_is_waited_for_by_all() -> None:
    limited = facts(idle(rate_limited_until=LIMIT), tasks=watch(0, 1))
    other = facts(idle(id=HELPER, name="other"), tasks=watch(0, 1), unseen=(delivery(),))
    actions = planned(limited, other)
    assert of(actions, Deliver, Nudge) == []
    assert {a.session.id for a in of(actions, NoteDoing)} == {ENGINEER, HELPER}
    assert all(a.doing == Doing.RATE_LIMITED for a in of(actions, NoteDoing))


def test_a_turn_that_has_begun_is_not_ended_by_the_limit_of_another() -> None:
    limited = facts(idle(rate_limited_until=LIMIT, doing=Doing.RATE_LIMITED), tasks=watch(0, 1))
    other = facts(session(id=HELPER), tasks=watch(0, 1))
    assert planned(limited, other) == []


def test_nothing_new_starts_while_the_team_is_rate_limited() -> None:
    limited = facts(idle(rate_limited_until=LIMIT), tasks=watch(0, 1))
    known = replace(look(), row=row())
    queued = of(planned(limited, requests=(known,)), QueueRequest, ClaimRequest)
    assert queued == [QueueRequest(known, "the team waits for its rate limit", None)]


def test_a_team_comes_back_from_its_limit_one_after_the_other() -> None:
    over = NOW.wall - 1
    first = facts(idle(id="a-1", rate_limited_until=over), tasks=watch(0, 1))
    second = facts(idle(id="b-2"), tasks=watch(0, 1), unseen=(delivery(session="b-2"),))
    assert of(planned(first, second), Deliver) == []
    later = replace(NOW, wall=NOW.wall + 3)
    assert len(of(planned(first, second, now=later), Deliver)) == 1


def test_each_waits_for_its_own_limit_where_limits_are_not_shared() -> None:
    limited = facts(idle(rate_limited_until=LIMIT), tasks=watch(0, 1))
    other = facts(idle(id=HELPER), tasks=watch(0, 1), unseen=(delivery(session=HELPER),))
    actions = planned(limited, other, rules=Rules(share_rate_limits=False))
    assert [a.session.id for a in of(actions, Deliver)] == [HELPER]


def test_a_parked_session_comes_back_when_its_rate_limit_is_over() -> None:
    one = at_rest(parked(Doing.RATE_LIMITED, rate_limited_until=NOW.wall + 5))
    assert planned(one) == []
    later = replace(NOW, wall=NOW.wall + 6)
    assert planned(one, now=later) == [Wake(one.session)]


def test_who_is_new_comes_after_all_who_waited_for_the_limit_and_one_after_the_other() -> None:
    over = NOW.wall
    waited = [
        at_rest(parked(Doing.RATE_LIMITED, id=name, rate_limited_until=over))
        for name in ("a-1", "b-2")
    ]
    seen = replace(look(), row=row())
    asked = (seen, replace(seen, name="engineer-request-web", inode=2))
    staggered = Rules(stagger=1.0)

    def after(seconds: float, *those: SessionFacts) -> tuple[list[str], int]:
        now = replace(NOW, wall=over + seconds)
        actions = planned(*those, requests=asked, rules=staggered, now=now)
        woken = [action.session.id for action in of(actions, Wake)]
        return woken, len(of(actions, ClaimRequest))

    assert after(0.5, *waited) == (["a-1"], 0)
    assert after(1.5, *waited) == (["a-1", "b-2"], 0)
    back = [facts(session(id=f.session.id, rate_limited_until=over)) for f in waited]
    assert after(1.5, *back) == ([], 0)
    assert after(2.5, *back) == ([], 1)
    assert after(3.5, *back) == ([], 2)


def test_who_never_had_a_process_waits_for_the_limit_where_it_is_and_then_begins() -> None:
    limited = facts(idle(rate_limited_until=LIMIT, doing=Doing.RATE_LIMITED), tasks=watch(0, 1))
    new = facts(session(State.STARTING, id=HELPER), Life.NONE)
    assert planned(limited, new) == [NoteDoing(new.session, Doing.RATE_LIMITED, "")]
    noted = facts(replace(new.session, doing=Doing.RATE_LIMITED), Life.NONE)
    assert planned(limited, noted) == []
    over = replace(NOW, wall=LIMIT + 60)
    assert of(planned(limited, noted, now=over), Launch) == [Launch(noted.session)]


SPENT = Rules(budgets=Budgets(session=Budget(usd=2.0)))


def test_no_turn_begins_once_the_budget_is_spent() -> None:
    seen = facts(idle(cost_attempt=2.01), tasks=watch(0, 1), unseen=(delivery(),))
    actions = planned(seen, rules=SPENT)
    assert of(actions, Deliver, Nudge) == []
    words = "its budget of $2.00 is spent ($2.01)"
    assert of(actions, NoteDoing) == [NoteDoing(seen.session, Doing.OVER_BUDGET, words)]
    assert needs_a_person(Doing.OVER_BUDGET, words)


def test_a_turn_is_not_cut_short_for_its_money() -> None:
    seen = facts(session(cost_before=5.0, budget_warned=1), tasks=watch(0, 1))
    assert planned(seen, rules=SPENT) == []


def test_a_turn_is_cut_short_when_the_time_is_over() -> None:
    running = session(
        timeout=60.0, attempt_monotonic=NOW.monotonic - 61, budget_warned=1, resumable=1
    )
    seen = facts(running, tasks=watch(0, 1))
    words = "its time of 1 min is spent (1 min)"
    assert planned(seen) == [
        NoteDoing(seen.session, Doing.OVER_BUDGET, words),
        AskToStop(seen.session, State.PARKED, words, 10.0),
    ]


def test_work_that_is_complete_is_archived_though_its_budget_is_spent() -> None:
    seen = facts(idle(cost_attempt=9.0, budget_warned=1), tasks=watch(1, 1, held=5))
    stops = of(planned(seen, rules=SPENT), AskToStop)
    assert [stop.ending for stop in stops] == [State.COMPLETED]


def test_a_last_turn_that_spends_the_budget_and_completes_the_list_needs_nobody() -> None:
    spent = idle(cost_attempt=9.0, budget_warned=1, resumable=1)
    done = watch(1, 1, held=0.5)
    assert planned(facts(spent, tasks=done, unverified=True), rules=SPENT) == []
    noted = replace(spent, doing=Doing.OVER_BUDGET)
    assert of(planned(facts(noted, tasks=done, unverified=True), rules=SPENT), AskToStop) == []
    unread = facts(spent, tasks=watch(0, 1), unread=True)
    assert planned(unread, rules=SPENT) == []


def test_disputed_work_needs_a_person_once_its_budget_is_spent() -> None:
    spent = idle(cost_attempt=9.0, budget_warned=1, standing=Standing.DISPUTED)
    done = watch(1, 1, held=5)
    found = replace(spent, claim_digest=f"{done.reading.digest} 1")
    (note,) = of(planned(facts(found, tasks=done), rules=SPENT), NoteDoing)
    assert note.doing == Doing.OVER_BUDGET


def test_a_session_over_its_budget_is_not_started_but_parked() -> None:
    one = session(State.STARTING, cost_before=3.0, attempt=1, budget_warned=1)
    actions = planned(facts(one, Life.NONE, watch(0, 1)), rules=SPENT)
    assert not of(actions, Launch)
    assert [stop.ending for stop in of(actions, AskToStop)] == [State.PARKED]


def test_a_raised_budget_lets_a_parked_session_go_on() -> None:
    one = at_rest(parked(Doing.OVER_BUDGET, cost_before=2.01, budget_warned=1))
    assert planned(one, rules=SPENT) == []
    raised = at_rest(replace(one.session, budget_usd=5.0))
    assert planned(raised, rules=SPENT) == [Wake(raised.session)]


def test_a_new_process_may_spend_what_the_tightest_budget_has_left() -> None:
    one = facts(session(State.STARTING, cost_before=0.5), Life.NONE, watch(0, 1))
    rules = Rules(budgets=Budgets(session=Budget(usd=2.0), team=Budget(usd=10.0)))
    (launch,) = of(planned(one, rules=rules, spent_team=Spent(usd=9.0)), Launch)
    assert launch.left_usd == 1.0


def test_most_of_a_budget_is_told_once() -> None:
    seen = facts(idle(cost_attempt=1.7), tasks=watch(0, 1))
    (warning,) = of(planned(seen, rules=SPENT), WarnOfBudget)
    assert (warning.session, warning.scope) == (seen.session, "session")
    told = facts(idle(cost_attempt=1.7, budget_warned=1), tasks=watch(0, 1))
    assert of(planned(told, rules=SPENT), WarnOfBudget) == []


def test_what_one_turn_carried_past_the_end_of_a_budget_is_not_said_to_be_nearly_spent() -> None:
    seen = facts(idle(cost_attempt=2.4), tasks=watch(0, 1))
    rules = replace(SPENT, budgets=replace(SPENT.budgets, team=Budget(usd=2.2)))
    said = of(planned(seen, rules=rules, spent_team=Spent(usd=2.4)), WarnOfBudget)
    assert [(w.scope, w.words) for w in said] == [
        ("session", "its budget of $2.00 is spent ($2.40)"),
        ("team", "the team's budget of $2.20 is spent ($2.40)"),
    ]


def test_another_day_and_another_amount_are_other_budgets() -> None:
    def warned(usd: float, today: str, *before: str) -> list[str]:
        rules = Rules(budgets=Budgets(day=Budget(usd=usd)))
        spent = {"spent_today": Spent(usd=9.0), "today": today, "warned": frozenset(before)}
        return [w.stamp for w in of(planned(rules=rules, **spent), WarnOfBudget)]

    (first,) = warned(10.0, "2026-11-27")
    assert warned(10.0, "2026-11-27", first) == []
    assert len(warned(11.0, "2026-11-27", first)) == 1
    assert len(warned(10.0, "2026-11-28", first)) == 1


def test_a_request_waits_where_memory_is_short() -> None:
    known = replace(look(), row=row(), instructions=from_(ENGINEER))
    short = team(memory_free=GIB // 2)
    (queued,) = of(planned(requests=(known,), team=short), QueueRequest)
    assert queued.reason == "only 512 MiB of memory are free, 1024 must be"


def test_the_world_counts_those_that_were_not_looked_at() -> None:
    seen = facts(resting(), tasks=watch(0, 1))
    others = (helper().session,)
    assert of(planned(seen, others=others), AskToStop)
    assert World.live.__get__(_world(seen, others)) == (seen.session, *others)


def _world(seen: SessionFacts, others: tuple[Session, ...]) -> World:
    from .worlds import world

    return world(seen, others=others)


def test_who_wakes_waits_for_a_place_of_its_persona() -> None:
    one = parked(Doing.OVER_BUDGET)
    other = session(id="engineer-1706012349999", name="other")
    limits = Limits(per_persona={"engineer": 1})
    seen, beside = facts(one, Life.NONE, tasks=watch(0, 1)), facts(other, tasks=watch(0, 1))
    crowd = planned(seen, beside, team=team(one, other, limits=limits))
    assert not [action for action in crowd if isinstance(action, Wake)]
    alone = planned(seen, team=team(one, limits=limits))
    assert [action.session.id for action in alone if isinstance(action, Wake)] == [one.id]


def test_a_process_that_had_less_than_there_is_now_makes_room_for_one_with_the_rest() -> None:
    raised = Rules(budgets=Budgets(session=Budget(usd=5.0)))
    spent = idle(cost_attempt=2.0, error_status=402, last_error="Reached maximum budget ($2)")
    (note, *_) = planned(facts(spent, tasks=watch(0, 1)), rules=raised)
    assert isinstance(note, NoteDoing) and note.doing == Doing.OVER_BUDGET
    assert not needs_a_person(note.doing, note.detail)
    noted = replace(spent, doing=Doing.OVER_BUDGET, doing_detail=note.detail, resumable=1)
    assert [
        a.ending
        for a in planned(facts(noted, tasks=watch(0, 1)), rules=raised)
        if isinstance(a, AskToStop)
    ] == [State.PARKED]


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({"cost_attempt": 0.0}, Rules(budgets=Budgets(session=Budget(usd=5.0)))),
        ({}, Rules(budgets=Budgets(session=Budget(usd=5.0)), process_usd=2.0)),
        ({}, Rules()),
    ],
    ids=["the account pays no more", "one process may spend no more", "no budget"],
)
def test_where_a_new_process_would_end_the_same_way_a_person_must_look(
    changes: dict[str, Any], rules: Rules
) -> None:
    spent = idle(**{"cost_attempt": 2.0, "error_status": 402, "last_error": "No more", **changes})
    (note, *_) = planned(facts(spent, tasks=watch(0, 1)), rules=rules)
    assert isinstance(note, NoteDoing)
    assert (note.doing, note.detail) == (Doing.ATTENTION, "No more")
