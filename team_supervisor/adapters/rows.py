"""How do rows and values of ours become each other, and which queries are there?"""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from team_supervisor.core.events import Event, revive
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

Row = Mapping[str, Any]
_HERE = Path(__file__).parent
COLUMNS = tuple(f.name for f in fields(Session))
# Python shows the bytes of a file name that are not UTF-8 as lone surrogates, which SQLite
# refuses: in the database they are characters for private use.
TO_TEXT = {0xDC00 + byte: 0xFDC00 + byte for byte in range(0x80, 0x100)}
_TO_NAME = {text: name for name, text in TO_TEXT.items()}


def _queries() -> dict[str, str]:
    """`-- name --` blocks of queries.sql (the way procrastinate keeps its SQL)."""
    blocks: dict[str, str] = {}
    name = ""
    for line in (_HERE / "queries.sql").read_text().splitlines():
        if line.startswith("-- ") and line.endswith(" --"):
            name = line[3:-3]
            blocks[name] = ""
        elif name:
            blocks[name] += line + "\n"
    return blocks


QUERIES = _queries()


def session(row: Row) -> Session:
    values = {name: row[name] for name in COLUMNS}
    values["state"] = State(values["state"])
    values["wanted"] = Wanted(values["wanted"])
    values["doing"] = Doing(values["doing"])
    values["standing"] = Standing(values["standing"])
    values["ending"] = State(values["ending"]) if values["ending"] else None
    return Session(**values)


def request(row: Row) -> Request:
    name = row["name"].translate(_TO_NAME)
    return Request(**{**row, "name": name, "status": RequestStatus(row["status"])})


def delivery(row: Row) -> Delivery:
    return Delivery(**{**row, "kind": DeliveryKind(row["kind"])})


def event(row: Row) -> tuple[int, float, Event]:
    """(id, wall seconds, event)"""
    found = revive(row["kind"], row["session"], row["request"], json.loads(row["details"]))
    return row["id"], row["at"], found
