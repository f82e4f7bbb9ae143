"""What can happen to a simulated team, in any order?"""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from team_supervisor.core.completion import Verdict
from team_supervisor.core.model import Exit, Session, State, Wanted
from team_supervisor.core.world import Life

from .effects import tick
from .simulation import Asked, Outside, Simulation
from .worlds import from_, look

# Between two moves: no look at all, or a look after so many seconds.
PAUSES = (None, None, 0.0, 0.25, 2.5, 20.0, 400.0)
LONG = 400.0
RUNNING = (Life.ALIVE, Life.ORPHANED)


def chosen(team: Simulation, which: int, *lives: Life) -> Outside | None:
    found = [o for o in team.outside.values() if o.life in lives]
    return found[which % len(found)] if found else None


def member(team: Simulation, which: int, *states: State) -> Session | None:
    found = [one for one in team.rows.values() if one.state in states]
    return found[which % len(found)] if found else None


def somebody_asks(team: Simulation, which: int) -> None:
    asker = member(team, which, *State) if which % 2 else None
    name = f"{'intern' if asker else 'engineer'}-request-{which % 3}"
    if name not in team.asked:
        team.made += 1
        text = from_(asker.id) if asker else "Build it."
        half = None if which % 4 else "has no instructions.md yet"
        found = look(name, inode=team.made, row=None, instructions=text, waiting=half)
        team.asked[name] = Asked(found, team.now.monotonic)


def a_request_is_finished(team: Simulation, which: int) -> None:
    for asked in team.asked.values():
        asked.look = replace(asked.look, waiting=None)


def a_request_is_taken_back(team: Simulation, which: int) -> None:
    if team.asked:
        del team.asked[sorted(team.asked)[which % len(team.asked)]]


def an_agent_reports(team: Simulation, which: int) -> None:
    if one := chosen(team, which, Life.STARTING):
        one.life = Life.ALIVE


def an_agent_dies(team: Simulation, which: int) -> None:
    if one := chosen(team, which, Life.STARTING, Life.ALIVE, Life.ORPHANED):
        known = Exit(code=which, reason="exited", ended_at=team.now.wall)
        one.die(known if which % 3 and one.life != Life.ORPHANED else None)


def an_agent_keeps_dying(team: Simulation, which: int) -> None:
    for _ in range(which):
        an_agent_dies(team, 1)
        tick(team, LONG)


def a_host_dies(team: Simulation, which: int) -> None:
    if one := chosen(team, which, Life.STARTING, Life.ALIVE):
        one.life = Life.ORPHANED


def everybody_hears(team: Simulation, which: int) -> None:
    """What was sent is put before the models, and their turns begin."""
    for told in team.deliveries.values():
        one = team.rows[told.session]
        if told.sent_attempt == one.attempt and team.outside[one.id].life in RUNNING:
            team.seen.add(told.id)
            _says(team, one, turn_open=1)


def a_turn_ends(team: Simulation, which: int) -> None:
    if one := member(team, which, State.ACTIVE):
        limit = team.now.wall + 100 if which == 7 else None
        _says(team, one, turn_open=0, turns=one.turns + 1, rate_limited_until=limit)


def _says(team: Simulation, one: Session, **values: object) -> None:
    if team.outside[one.id].life in RUNNING:
        heard = team.heard.setdefault(one.id, {})
        heard |= {**values, "last_activity_at": team.now.wall}


def a_task_is_done(team: Simulation, which: int) -> None:
    if one := chosen(team, which, Life.ALIVE, Life.ORPHANED):
        one.tasks.sort(reverse=True)
        one.tasks[-1] = True


def a_task_is_added(team: Simulation, which: int) -> None:
    if one := chosen(team, which, *Life):
        one.tasks.append(False)


def a_list_is_half_written(team: Simulation, which: int) -> None:
    if one := chosen(team, which, Life.ALIVE):
        one.shown = which % (len(one.tasks) + 1)


def a_list_is_whole_again(team: Simulation, which: int) -> None:
    for one in team.outside.values():
        one.shown = None


def a_list_is_shortened(team: Simulation, which: int) -> None:
    if (one := chosen(team, which, *Life)) and len(one.tasks) > 1:
        one.tasks.pop()


def instructions_are_appended(team: Simulation, which: int) -> None:
    if one := chosen(team, which, *Life):
        one.appended += 10


def a_person_stops_one(team: Simulation, which: int) -> None:
    live = (State.REQUESTED, State.STARTING, State.ACTIVE, State.STOPPING)
    if one := member(team, which, *live):
        team.want(one, Wanted.STOP_NOW if which % 2 else Wanted.STOP)


def a_person_retries_one(team: Simulation, which: int) -> None:
    if one := member(team, which, State.FAILED, State.STOPPED):
        team.may_end.pop(one.id, None)
        team.rows[one.id] = replace(one, retry_wanted=1, wanted=Wanted.RUN)


def a_person_restarts_one(team: Simulation, which: int) -> None:
    one = member(team, which, State.REQUESTED, State.STARTING, State.ACTIVE)
    if one is not None and one.wanted == Wanted.RUN:
        team.rows[one.id] = replace(one, restart_wanted=1)


def a_person_restores_one(team: Simulation, which: int) -> None:
    if one := member(team, which, State.COMPLETED):
        team.may_end.pop(one.id, None)
        team.rows[one.id] = replace(one, restore_wanted=1, wanted=Wanted.RUN)
        team.outside[one.id].appended += 10 * (which % 2)


def the_team_is_opened_or_closed(team: Simulation, which: int) -> None:
    team.accepting = not team.accepting


def the_supervisor_is_killed(team: Simulation, which: int) -> None:
    tick(team, cut_after=which)


def the_supervisor_is_killed_while_it_launches(team: Simulation, which: int) -> None:
    team.launches_fail = True


def the_clock_is_set(team: Simulation, which: int) -> None:
    team.pass_time(0.0, wall=(which - 5) * 1000.0)


def verify_commands_are_set(team: Simulation, which: int) -> None:
    if one := member(team, which, State.ACTIVE, State.STARTING):
        team.rows[one.id] = replace(one, verify='[{"run": "make test"}]')


def a_verification_ends(team: Simulation, which: int) -> None:
    """It passes, fails, or is killed before it has a result."""
    found = [o for o in team.outside.values() if o.check in RUNNING]
    if found:
        one = found[which % len(found)]
        one.check = Life.ENDED
        one.verdict = None if which % 3 == 0 else Verdict(which % 3 == 1, "make test failed")


def a_verifications_host_dies(team: Simulation, which: int) -> None:
    for one in team.outside.values():
        if one.check == Life.ALIVE:
            one.check = Life.ORPHANED


MOVES: tuple[Callable[[Simulation, int], None], ...] = (
    somebody_asks,
    a_request_is_finished,
    a_request_is_taken_back,
    an_agent_reports,
    an_agent_reports,
    an_agent_dies,
    an_agent_keeps_dying,
    a_host_dies,
    everybody_hears,
    a_turn_ends,
    a_task_is_done,
    a_task_is_done,
    a_task_is_added,
    a_list_is_half_written,
    a_list_is_whole_again,
    a_list_is_shortened,
    instructions_are_appended,
    a_person_stops_one,
    a_person_retries_one,
    a_person_restarts_one,
    a_person_restores_one,
    a_person_restores_one,
    the_team_is_opened_or_closed,
    the_supervisor_is_killed,
    the_supervisor_is_killed_while_it_launches,
    the_clock_is_set,
    verify_commands_are_set,
    a_verification_ends,
    a_verification_ends,
    a_verifications_host_dies,
)
Move = tuple[Callable[[Simulation, int], None], int, float | None]
move = st.tuples(st.sampled_from(MOVES), st.integers(0, 9), st.sampled_from(PAUSES))
histories = st.lists(move, max_size=50)


def all_goes_well(team: Simulation) -> None:
    """Hosts and agents do what they are asked; nobody dies any more."""
    for one in team.outside.values():
        if one.life in (Life.ALIVE, Life.STARTING) and one.grace is not None:
            one.die(Exit(signal=15, reason="stopped", ended_at=team.now.wall))
        elif one.life == Life.STARTING:
            one.life = Life.ALIVE
    for one in team.outside.values():
        if one.check in RUNNING:
            one.check, one.verdict = Life.ENDED, Verdict(True)
    a_list_is_whole_again(team, 0)
    a_request_is_finished(team, 0)
    everybody_hears(team, 0)
    for row in team.rows.values():
        if row.turn_open or row.id in team.heard:
            _says(team, row, turn_open=0, turns=row.turns + 1)
