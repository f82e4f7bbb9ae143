"""Is each error that has a name one sentence, with the exit code that is told?"""

import pytest

from team_supervisor import errors

BY_NAME = [
    (errors.AgentNotFound("api"), 2, "agent not found: there is no session 'api'"),
    (errors.UnknownTask("T1", ["T10", "T11"]), 2, "did you mean T10, T11?"),
    (errors.UnknownTask("T1"), 2, "see `team-supervisor tasks list`"),
    (errors.ProjectNotRegistered("web", "known are api"), 2, "known are api"),
    (errors.DependencyCycle("a needs b needs a"), 2, "a needs b needs a"),
    (errors.NoAvailableWork("T2 waits for T1, which is failed"), 1, "T1, which is failed"),
    (errors.SingletonViolated("manager", "manager-1"), 1, "manager-1 lives"),
]


@pytest.mark.parametrize(("error", "code", "words"), BY_NAME, ids=lambda it: type(it).__name__)
def test_an_error_by_name_is_one_sentence_that_says_whom_it_is_about(
    error: errors.TeamError, code: int, words: str
) -> None:
    assert (error.exit_code, words in str(error), "\n" in str(error)) == (code, True, False)
