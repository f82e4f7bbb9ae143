import os
from pathlib import Path

import pytest

from team_supervisor.errors import UsageError
from team_supervisor.settings import Settings, load


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "team.yaml"


def test_without_a_file_the_defaults_hold(path: Path) -> None:
    settings, warnings = load(path, {})
    assert (settings, warnings) == (Settings(), ())
    assert (settings.limits.sessions, settings.limits.depth) == (8, 4)
    assert (settings.limits.spawned_per_hour, settings.limits.disk_free_mb) == (60, 256)
    assert (settings.settle, settings.request_timeout, settings.stop_grace) == (0.3, 300.0, 10.0)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}\n"])
def test_a_file_that_says_nothing_changes_nothing(path: Path, text: str) -> None:
    path.write_text(text)
    assert load(path, {}) == (Settings(), ())


def test_what_is_set_holds_and_the_rest_keeps_its_default(path: Path) -> None:
    path.write_text(
        "limits: {sessions: 2, per_persona: {intern: 1}}\n"
        "restarts:\n  failures: 3\n"
        "env: {pass: [ANTHROPIC_*], drop: [AWS_*]}\n"
        "runners: {command: {argv: [sh, -c, 'echo hi']}}\n"
        "claude: /opt/claude\n"
        "quiet: 1\n"
    )
    settings, warnings = load(path, {})
    assert warnings == ()
    assert (settings.limits.sessions, settings.limits.per_persona) == (2, {"intern": 1})
    assert settings.limits.spawned_per_hour == 60
    assert (settings.restarts.failures, settings.restarts.max_delay) == (3, 300.0)
    assert (settings.env.pass_, settings.env.drop) == (("ANTHROPIC_*",), ("AWS_*",))
    assert settings.runners.command.argv == ("sh", "-c", "echo hi")
    assert (settings.claude, settings.quiet, settings.completion.quiet) == ("/opt/claude", 1.0, 1.0)


def test_the_environment_outweighs_the_file(path: Path) -> None:
    path.write_text("claude: /opt/claude\nfile_events: true\n")
    environ = {"TEAM_SUPERVISOR_CLAUDE": "/mine", "TEAM_SUPERVISOR_FILE_EVENTS": "off"}
    settings, _ = load(path, environ)
    assert (settings.claude, settings.file_events) == ("/mine", False)


def test_an_empty_variable_is_none(path: Path) -> None:
    settings, _ = load(path, {"TEAM_SUPERVISOR_CLAUDE": "", "TEAM_SUPERVISOR_FILE_EVENTS": ""})
    assert (settings.claude, settings.file_events) == (None, True)


def test_unknown_settings_are_named_wherever_they_are(path: Path) -> None:
    path.write_text("limit: 3\nlimits: {session: 2}\n1: x\nenv: {allow: []}\n")
    settings, warnings = load(path, {})
    assert settings == Settings()
    assert sorted(warnings) == [
        f"{path}: unknown setting `{name}`"
        for name in ("1", "env.allow", "limit", "limits.session")
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("limits: {sessions: many}", "`limits.sessions`: expected `int`, got `str`"),
        ("limits: 3", "`limits`: expected `object`, got `int`"),
        ("quiet: true", "`quiet`: expected `float`, got `bool`"),
        ("claude: [claude]", "`claude`: expected `str | null`, got `array`"),
        ("settle: -1", "`settle` is -1.0, but it cannot be negative"),
        ("limits: {depth: -1}", "`limits.depth` is -1, but it cannot be negative"),
        ("restarts: {failures: -1}", "`restarts.failures` is -1, but it cannot be negative"),
        ("- a list", "must hold settings as `name: value` lines, not a list or a text"),
        ("just a text", "must hold settings as `name: value` lines, not a list or a text"),
        ("limits: [\nquiet: 2", "is not valid YAML (did not find expected ',' or ']', line 3)"),
        ("a: &a [*a, *a]", "uses a YAML anchor or alias"),
        ("a: " + "[" * 5000, "is nested too deep"),
        ("quiet: \x00", "is not valid YAML"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence_with_its_place(
    path: Path, text: str, words: str
) -> None:
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        load(path, {})
    assert str(path) in str(error.value)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_what_is_no_small_regular_file_is_refused(path: Path) -> None:
    path.symlink_to("elsewhere")
    with pytest.raises(UsageError, match="is a symbolic link"):
        load(path, {})
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UsageError, match="is not a regular file"):
        load(path, {})
    path.unlink()
    path.write_text("# " + "x" * (1 << 20))
    with pytest.raises(UsageError, match="is larger than 1,024 KiB"):
        load(path, {})


def test_a_duration_is_a_number(path: Path) -> None:
    path.write_text("settle: .nan\n")
    with pytest.raises(UsageError, match="settle"):
        load(path, {})


def test_a_limit_of_a_persona_cannot_be_negative(path: Path) -> None:
    path.write_text("limits: {per_persona: {intern: -1}}\n")
    with pytest.raises(UsageError, match=r"per_persona"):
        load(path, {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("team: {usd: .nan}", "`budgets.team.usd` is nan, but it must be a number"),
        ("day: {tokens: -1}", "`budgets.day.tokens` is -1, but it cannot be negative"),
        ("session: {seconds: -2}", "`budgets.session.seconds` is -2.0, but it cannot be negative"),
        ("reserve_usd: -3", "`budgets.reserve_usd` is -3.0, but it cannot be negative"),
        ("warn_at: .nan", "`budgets.warn_at` is nan, but it must be a number"),
    ],
)
def test_a_budget_that_would_never_be_spent_is_refused(path: Path, text: str, words: str) -> None:
    path.write_text(f"budgets: {{{text}}}\n")
    with pytest.raises(UsageError) as refused:
        load(path, {})
    assert words in str(refused.value)


def test_a_warning_that_could_never_come_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "team.yaml"
    path.write_text("budgets: {warn_at: 80}\n")
    with pytest.raises(UsageError, match="warn_at` is 80, but it is a share"):
        load(path, {})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cpu_warning: 99", "`health.cpu_warning` and `cpu_critical` contradict each other"),
        ("memory_warning_mb: -1", "`health.memory_warning_mb` is -1.0, but it cannot be negative"),
        ("heartbeat_stalled: .nan", "`health.heartbeat_stalled` is nan, but it must be a number"),
    ],
)
def test_thresholds_of_health_that_make_no_sense_are_refused(
    path: Path, text: str, words: str
) -> None:
    path.write_text(f"health: {{{text}}}\n")
    with pytest.raises(UsageError) as refused:
        load(path, {})
    assert words in str(refused.value)
