"""Anything at all stands in what agents write: does each end in a value, a rejection or a flag?"""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from team_supervisor.adapters import intake, workspace
from team_supervisor.adapters.store import Store, open_store
from team_supervisor.apply.importing import import_directory
from team_supervisor.apply.tools import Tools
from team_supervisor.core import conversation, frontmatter
from team_supervisor.core.model import Moment, Session, State
from team_supervisor.core.progress import Activity, fold
from team_supervisor.core.requests import is_rejected, request_name
from team_supervisor.core.world import ImportDirectory
from team_supervisor.hearing import _columns
from team_supervisor.runners import claude
from team_supervisor.settings import Settings

FEW = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ODD_TEXT = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["\x1b]0;owned\x07", "--dangerously-skip-permissions", "\ud83d", "x" * 5000]),
)
NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([10**400, -(10**30), 1e308, float("inf")])
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, ODD_TEXT)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(KEYS) | ODD_TEXT, inner, max_size=5)


KEYS = (
    "type", "subtype", "message", "content", "text", "name", "input", "command", "result", "usage",
    "input_tokens", "output_tokens", "total_cost_usd", "is_error", "errors", "permission_denials",
    "tool_name", "uuid", "isReplay", "rate_limit_info", "status", "resetsAt", "model", "tools",
    "duration_ms", "num_turns", "parent_tool_use_id", "api_error_status",
)  # fmt: skip


JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | _objects(inner))


TYPES = st.sampled_from(["system", "assistant", "user", "result", "rate_limit_event", "stream"])
LINES = st.builds(lambda kind, rest: {**rest, "type": kind}, TYPES, _objects(JSON))
ID = "intern-1706012345678"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(tmp_path / "supervisor.db")
    made.insert(Session(id=ID, persona="intern", name="api", created_at=0.0, directory=ID))
    yield made
    made.close()


@FEW
@given(st.lists(LINES, max_size=6), st.binary(max_size=40))
def test_whatever_a_transcript_says_can_be_written_down(
    store: Store, lines: list[Any], garbage: bytes
) -> None:
    activity = Activity()
    for line in [*(json.dumps(line).encode() for line in lines), garbage]:
        for progress in claude.parse(line):
            activity = fold(activity, progress)
        for entry in conversation.readable(line):
            assert (
                not {c for c in entry.text if c in "\x1b\x07\x9b\x9d\u202e"} or entry.kind == "tool"
            )
    store.update(ID, **_columns(activity, Moment(1.0, 1.0)))
    store.session(ID)


@FEW
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": ODD_TEXT,
            "requester": SCALARS,
            "conversation": ODD_TEXT,
            "resumable": st.booleans(),
            "state": ODD_TEXT | st.sampled_from(list(State)),
            "depth": NUMBERS,
            "cost_usd": NUMBERS,
        },
    )
)
def test_a_session_json_from_anywhere_never_reaches_a_command_line(published: Any) -> None:
    """What is taken over of it is a name, a uuid, and numbers that can be."""
    with tempfile.TemporaryDirectory() as place:
        found = workspace.locate(Path(place) / ".database")
        workspace.create(found)
        directory = found.directory(ID)
        directory.mkdir()
        (directory / "session.json").write_text(json.dumps(published))
        made = open_store(found.database)
        try:
            import_directory(_tools(found, made), ImportDirectory(ID), Moment(1.0, 1.0))
            [row] = made.sessions()
        finally:
            made.close()
        assert len(row.conversation) == 36 and row.conversation.isprintable()
        assert row.name.isascii() and len(row.name) <= 80
        assert 0 <= row.depth <= 1000
        assert 0 <= row.cost_usd < 1e7


def _tools(found: workspace.Workspace, store: Store) -> Tools:
    return Tools(
        workspace=found, settings=Settings(), store=store, personas=dict, started=print, environ={}
    )


@FEW
@given(st.binary(min_size=1, max_size=200).filter(lambda name: not set(name) & {0, ord("/")}))
def test_whatever_a_directory_is_called_it_is_refused_whole_or_none_of_ours(name: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        found = workspace.locate(Path(place) / ".database")
        workspace.create(found)
        raw = b"intern-request-" + name
        os.mkdir(os.path.join(os.fsencode(found.root), raw))
        [entry] = workspace.scan(found).requests or [None]
        if entry is None:
            assert is_rejected(os.fsdecode(raw)) or request_name(os.fsdecode(raw)) is None
            return
        intake.look(found.root / entry.name)
        kept = workspace.refuse(found, entry.name, "a test")
        assert is_rejected(kept)
        assert (found.root / kept / "reason.md").is_file()
        assert not workspace.scan(found).requests


@FEW
@given(st.text(max_size=300) | st.text("[]{}&*:-? \n'\"|>!%a", max_size=300))
def test_yaml_from_anywhere_is_a_value_or_one_kind_of_error(text: str) -> None:
    try:
        frontmatter.load(text)
    except ValueError as error:
        assert str(error)
