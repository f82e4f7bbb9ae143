"""How do rows and values of ours become each other, and which queries are there?"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from team_supervisor.core.model import (
    Delivery,
    DeliveryKind,
    Doing,
    Request,
    RequestStatus,
    Session,
    Standing,
    State,
    Wanted,
)

if TYPE_CHECKING:
    from team_supervisor.core.events import Event

Row = Mapping[str, Any]
_HERE = Path(__file__).parent
COLUMNS = tuple(f.name for f in fields(Session))
_columns = itemgetter(*COLUMNS)
# An enum's own look-up takes ten times as long, four times for each of thousands of rows.
_STATES, _WANTED, _DOING, _STANDING = (
    {member.value: member for member in kind} for kind in (State, Wanted, Doing, Standing)
)
# Python shows the bytes of a file name that are not UTF-8 as lone surrogates, which SQLite
# refuses: in the database they are characters for private use.
TO_TEXT = {0xDC00 + byte: 0xFDC00 + byte for byte in range(0x80, 0x100)}
_TO_NAME = {text: name for name, text in TO_TEXT.items()}


def queries(file: str) -> dict[str, str]:
    """`-- name --` blocks of an SQL file (the way procrastinate keeps its SQL)."""
    blocks: dict[str, str] = {}
    name = ""
    for line in (_HERE / file).read_text().splitlines():
        if line.startswith("-- ") and line.endswith(" --"):
            name = line[3:-3]
            blocks[name] = ""
        elif name:
            blocks[name] += line + "\n"
    return blocks


QUERIES = queries("queries.sql")


class Named:
    """A row as a dict; the names of a statement's columns are put together once."""

    def __init__(self) -> None:
        self._description: object = None
        self._names: tuple[str, ...] = ()

    def __call__(self, cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
        if cursor.description is not self._description:
            self._description = cursor.description
            self._names = tuple(column[0] for column in cursor.description)
        return dict(zip(self._names, row, strict=True))


def session(row: Row) -> Session:
    values = dict(zip(COLUMNS, _columns(row), strict=True))
    values["state"] = _STATES[values["state"]]
    values["wanted"] = _WANTED[values["wanted"]]
    values["doing"] = _DOING[values["doing"]]
    values["standing"] = _STANDING[values["standing"]]
    values["ending"] = _STATES[values["ending"]] if values["ending"] else None
    return Session(**values)


def request(row: Row) -> Request:
    name = row["name"].translate(_TO_NAME)
    return Request(**{**row, "name": name, "status": RequestStatus(row["status"])})


def delivery(row: Row) -> Delivery:
    return Delivery(**{**row, "kind": DeliveryKind(row["kind"])})


def event(row: Row) -> tuple[int, float, "Event"]:
    """(id, wall seconds, event)"""
    from team_supervisor.core.events import revive

    asked = row["request"] and row["request"].translate(_TO_NAME)
    found = revive(row["kind"], row["session"], asked, json.loads(row["details"]))
    return row["id"], row["at"], found
