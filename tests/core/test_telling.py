import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core import events, telling
from team_supervisor.core.conduct import BLOCKED
from team_supervisor.core.event import Event
from team_supervisor.core.telling import Memory, Notify, Plan, Rule, Told


def told(*happened: Event, memory: Memory | None = None) -> list[str]:
    """The names of what is told of these events, one after the other."""
    memory, found = memory or Memory(), []
    for event in happened:
        memory, said = telling.tell(event, 1000.0, memory)
        if said:
            found.append(said.event)
    return found


def attention(session: str = "qa-1", reason: str = "stuck", doing: str = "attention") -> Event:
    return events.AttentionNeeded(session=session, name="qa", reason=reason, doing=doing)


def doing(what: str, session: str = "qa-1") -> Event:
    return events.DoingChanged(session=session, name="qa", doing=what, detail="")


def task(state: str, name: str = "T1", session: str | None = None) -> Event:
    return events.TaskMoved(task=name, title="Parse", state=state, session=session)


def test_the_same_session_is_told_of_again_only_after_it_had_left_that() -> None:
    assert told(attention(), attention(reason="still stuck")) == ["needs-attention"]
    assert told(attention(), doing("working"), attention()) == ["needs-attention"] * 2
    assert told(attention(), attention("qa-2")) == ["needs-attention"] * 2


def test_one_rate_limit_is_told_once_however_many_sessions_it_holds() -> None:
    limited = [doing("rate-limited", f"qa-{number}") for number in range(5)]
    free = [doing("working", f"qa-{number}") for number in range(5)]
    assert told(*limited, *free[:4], limited[0]) == ["rate-limit"]
    assert told(*limited, *free, limited[0]) == ["rate-limit"] * 2


def test_what_a_session_needs_a_person_for_has_its_own_name() -> None:
    assert told(attention(reason=BLOCKED)) == ["question"]
    assert told(attention(doing="over-budget")) == ["budget"]
    assert told(events.BudgetWarned(scope="team", words="80 % is spent")) == ["budget"]


def test_a_task_and_its_worker_fail_in_one_message() -> None:
    gave_up = events.SessionFailed(session="qa-1", name="qa", reason="it died")
    assert told(gave_up, task("failed", session="qa-1")) == ["failed"]
    assert told(task("failed"), task("queued"), task("failed")) == ["failed"] * 2


def test_tasks_are_told_of_when_they_begin_end_and_cannot_go_on() -> None:
    moves = [task(state) for state in ("queued", "assigned", "in_progress", "blocked", "blocked")]
    assert told(*moves, task("completed")) == ["task-start", "blocker", "task-complete"]


def test_a_complaint_of_each_start_is_told_once_a_day() -> None:
    warned = events.Warned(reason="the disk is full")
    assert told(warned, warned) == ["needs-attention"]


def test_nothing_to_start_is_told_once_until_something_could_start_again() -> None:
    memory, found = Memory(), []
    for ready, at_work in [(0, 0), (1, 0), (0, 1), (0, 0), (0, 0), (1, 0), (0, 0)]:
        plan = Plan(ready, at_work, {"completed": 3, "failed": 1})
        memory, said = telling.idle(plan, memory)
        found.append(said.words if said else "")
    words = "No task is ready to start: 3 completed, 1 failed"
    assert found == ["", "", "", words, "", "", words]


def test_the_episodes_that_are_remembered_are_bounded() -> None:
    memory = Memory()
    for number in range(telling.MOST_OPEN + 50):
        memory, _ = telling.tell(attention(f"qa-{number}"), 0.0, memory)
    assert len(memory.open) == telling.MOST_OPEN


def test_the_project_has_the_last_word_on_an_event() -> None:
    machine = Notify(events={"failed": False, "budget": "off"})
    project = Notify(events={"failed": Rule(mention="@anna")})
    assert telling.rule("failed", machine, project) == Rule(mention="@anna")
    assert not telling.rule("budget", machine, project).enabled
    assert telling.rule("question", machine, project).enabled


def test_a_message_goes_to_the_projects_channel_else_to_the_orchestrators() -> None:
    ours, none = Notify(channel="json://x"), Notify()
    assert telling.place(ours, ours) == "project"
    assert telling.place(none, ours) == "orchestrator"
    assert telling.place(none, none) is None


@pytest.mark.parametrize(
    "url", ["json://me:SECRET@host/SECRET", "SECRET", "${SECRET}", "a/SECRET://"]
)
def test_of_a_channel_only_its_kind_is_shown(url: str) -> None:
    assert "SECRET" not in telling.shown(url)
    assert "SECRET" not in repr(Notify(channel=url))


def test_a_file_that_agents_can_write_names_no_other_variable_of_the_person() -> None:
    environ = {"ANTHROPIC_API_KEY": "sk-SECRET", "TEAM_NOTIFY_URL": "json://host"}
    url, problem = telling.resolved("json://evil/${ANTHROPIC_API_KEY}", environ, "project")
    assert url == "" and problem and "SECRET" not in problem
    assert telling.resolved("${TEAM_NOTIFY_URL}", environ, "project") == ("json://host", None)
    assert telling.resolved("${MISSING}", environ, "orchestrator")[1]


@given(st.text(max_size=500), st.text(max_size=40))
def test_words_of_agents_mention_link_and_hide_nothing(words: str, slug: str) -> None:
    said = telling.tame(f"@everyone <!channel> [x](http://y) `code` **bold** \x1b[2J{words}")
    text = telling.text(slug, Told("failed", said, "why x"), [said], 1, "")
    assert not set(text) & set("@<>[]`*|#\x1b\r") and text.count("\n") == 1
    assert len(text) < 900


def test_a_burst_is_one_message_with_its_first_lines() -> None:
    lines = [f"Task T{number} (Parse) is in progress" for number in range(5)]
    text = telling.text("api", Told("task-start", lines[0], "tasks list"), lines, 40, "@anna")
    assert text.startswith("@anna api: 40 tasks have begun\nTask T0") and "and 35 more" in text


def test_an_iteration_is_told_of_when_it_begins_and_when_a_person_closed_it() -> None:
    turns = [
        events.IterationChanged(iteration="one", state=state)
        for state in ("planning", "active", "complete")
    ]
    assert told(*turns) == ["iteration-start", "iteration-complete"]


def test_of_a_channel_a_scheduler_reads_a_name_and_nothing_that_could_be_a_secret() -> None:
    assert telling.public("#builds") == "#builds"
    assert telling.public(None) == ""
    assert telling.public("slack://TOKEN/a") == "slack://…"
    assert telling.public("${TEAM_NOTIFY_X}") == "…"


def test_json_in_a_message_stays_json_and_links_nothing() -> None:
    said = telling.tame_json('{"zombies": [], "t": "[x](http://e) <@all>"}', 200)
    assert said == '{"zombies": [], "t": "[x] (http://e) ‹＠all›"}'
