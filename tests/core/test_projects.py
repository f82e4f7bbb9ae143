from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core.projects import (
    LONGEST_SLUG,
    Limits,
    Liveness,
    Priority,
    Project,
    ProjectSettings,
    in_priority,
    is_slug,
    liveness,
    read,
    silent_for,
    slug_of,
    with_project,
)
from team_supervisor.core.taskqueue import Queue

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.text(max_size=80))
def test_a_slug_made_of_any_name_is_a_slug_or_nothing(name: str) -> None:
    slug = slug_of(name)
    assert slug == "" or is_slug(slug)
    assert len(slug) <= LONGEST_SLUG


def test_a_slug_has_the_letters_of_the_name() -> None:
    assert slug_of("My App (v2)") == "my-app-v2"
    assert slug_of("Äpfel\x1b[31m") == "apfel-31m"
    assert slug_of("日本") == ""
    assert not any(map(is_slug, ("", "-a", "a-", "a--b", "a b", "ä", "a\n", "a" * 49)))


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_dead_supervisor_is_never_running(now: float, since: float, beat: float) -> None:
    assert liveness(False, silent_for(now, since, beat)) == Liveness.STOPPED


def test_silence_makes_a_living_supervisor_stale_and_then_stopped() -> None:
    assert liveness(True, 600) == Liveness.RUNNING
    assert liveness(True, 601) == Liveness.STALE
    assert liveness(True, 3601) == Liveness.STOPPED
    assert liveness(True, 3, Limits(stale=2)) == Liveness.STALE


def test_one_that_just_took_the_lock_is_not_taken_for_the_one_before() -> None:
    assert silent_for(10_000, 9_990, 100) == 10
    assert silent_for(10_000, 9_990, None) == 10
    assert silent_for(10_000, 20_000, None) == 0


@given(ANYTHING)
def test_no_registry_is_so_broken_that_reading_it_fails(entries: object) -> None:
    found, unusable = read(entries)
    if isinstance(entries, dict):
        assert len(found) + len(unusable) == len(entries)


def test_a_broken_entry_leaves_the_others() -> None:
    good = {"path": "/a", "workspace": "/a/.database"}
    found, unusable = read({"a": good, "b c": good, "d": {"path": "d"}, "e": 3, 7: good})
    assert [project.slug for project in found] == ["a", "7"]
    assert [entry.slug for entry in unusable] == ["b c", "d", "e"]


def test_projects_are_served_by_priority_and_first_come_within() -> None:
    def pair(slug: str, priority: Priority) -> tuple[Project, ProjectSettings]:
        project = Project(slug=slug, name=slug, path="/", workspace="/", added_at="")
        return project, ProjectSettings(priority=priority)

    pairs = [pair("a", Priority.LOW), pair("b", Priority.NORMAL), pair("c", Priority.HIGH)]
    pairs += [pair("d", Priority.NORMAL)]
    assert [project.slug for project, _ in in_priority(pairs)] == ["c", "b", "d", "a"]


def test_team_yaml_comes_before_the_queue() -> None:
    queue = Queue(max_concurrent=2)
    assert with_project(queue, ProjectSettings()) == queue
    assert with_project(queue, ProjectSettings(max_workers=5)).max_concurrent == 5
    held = with_project(queue, ProjectSettings(status="paused"))
    assert held.closed == "the project is paused"
