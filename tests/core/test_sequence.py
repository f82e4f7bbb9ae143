from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.sequence import MOST_REFUSALS, Queued, following

DOWN = "it could not be reached"
DISLIKED = "it answered 400"


def test_what_is_newer_waits_for_the_older_that_is_tried_again_later() -> None:
    older = Queued(1, 2, 30.0, DOWN)
    newer = Queued(2, 0, 0.0, None)
    assert following([older, newer], 20.0) is None
    assert following([older, newer], 30.0) == 1


def test_a_message_that_gathers_is_sent_early_only_in_its_turn() -> None:
    gathering = Queued(1, 0, 30.0, None)
    resting = Queued(1, 1, 30.0, DOWN)
    newer = Queued(2, 0, 30.0, None)
    assert following([gathering, newer], 20.0, soon=True) == 1
    assert following([resting, newer], 20.0, soon=True) is None


def test_one_that_is_itself_refused_again_and_again_holds_nobody_up() -> None:
    refused = Queued(1, MOST_REFUSALS, 30.0, DISLIKED)
    assert following([refused, Queued(2, 0, 40.0, None)], 40.0) == 2
    assert following([refused, Queued(2, 1, 50.0, DOWN)], 40.0) == 1
    assert following([refused], 30.0) == 1
    assert following([refused], 20.0) is None


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 8))
def test_however_often_a_channel_fails_messages_arrive_in_their_order(
    works: list[bool], messages: int
) -> None:
    waiting = [Queued(number, 0, 0.0, None) for number in range(messages)]
    arrived: list[int] = []
    for now, fine in enumerate([*works, *[True] * 2 * messages]):
        number = following(waiting, float(now))
        place = next((at for at, each in enumerate(waiting) if each.number == number), None)
        if place is None:
            continue
        tried = waiting.pop(place)
        if fine:
            arrived.append(tried.number)
        else:
            waiting.insert(place, Queued(tried.number, tried.tries + 1, now + 2.0, DOWN))
    assert arrived == list(range(messages))
