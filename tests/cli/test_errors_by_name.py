"""Does a person meet each error with a name at a command, as one sentence and an exit code?"""

import pytest

from tests.teams import Team

MET = [
    (("why", "nobody"), 2, "agent not found: there is no session 'nobody': see `"),
    (("tasks", "show", "T9"), 2, "unknown task 'T9': see `team-supervisor tasks list`"),
    (("projects", "show", "web"), 2, "project 'web' is not registered: "),
    (("tasks", "import", "ring"), 2, "dependency cycle: these tasks wait for one another: "),
    (("orchestrate", "--until-done"), 1, "no task of the plan can start: B needs gone, which is"),
]


@pytest.mark.parametrize(("words", "code", "sentence"), MET, ids=lambda it: str(it)[:30])
def test_it_is_one_sentence_and_an_exit_code(
    live_team: Team, words: tuple[str, ...], code: int, sentence: str
) -> None:
    ring = live_team.project / "ring"
    ring.mkdir()
    for name, needs in (("X", "Y"), ("Y", "X")):
        (ring / f"{name}-spec.md").write_text(f"---\ndepends_on: [{needs}]\n---\n# {name}\n")
    assert live_team.call("tasks", "add", "B", "Never", "--needs", "gone").returncode == 0
    done = live_team.call(*words)
    assert done.returncode == code
    assert done.stderr.startswith(f"Error: {sentence}")
    assert done.stderr.count("\n") == 1
