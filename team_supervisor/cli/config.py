"""What did the person set for all projects of this machine, and how is it changed?"""

import json
import os
from typing import Any

import click

from team_supervisor.cli import options
from team_supervisor.core import telling
from team_supervisor.errors import UsageError

EVENT = "notify.events."
KEYS = ("verbose", "notify.channel", *(EVENT + name for name in telling.EVENTS))


@click.group("config", epilog="Example: team-supervisor config set verbose true")
def command() -> None:
    """Get and set what holds for all projects of this machine (config.yaml)."""


@command.command("get", epilog="Example: team-supervisor config get verbose")
@click.argument("key")
def get(key: str) -> None:
    """Print one setting; of a channel only its kind, as the rest is secret."""
    click.echo(_words(_values()[_known(key)]))


@command.command("list", epilog="Example: team-supervisor config list --json")
@options.as_json
def list_(as_json: bool) -> None:
    """Print all settings; of a channel only its kind."""
    values = _values()
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    for key, value in values.items():
        click.echo(f"{key}: {_words(value)}")


@command.command("set", epilog="Example: team-supervisor config set notify.events.task-start off")
@click.argument("key")
@click.argument("value")
def set_(key: str, value: str) -> None:
    """Change one setting; `none` takes a channel away. Comments in the file stay."""
    from team_supervisor import preferences
    from team_supervisor.adapters import userfiles

    parts = _parts(_known(key))
    meant = _meant(key, value)
    path = preferences.path(os.environ)

    def change(values: Any) -> None:
        inner = values
        for part in parts[:-1]:
            if not hasattr(inner.get(part), "items"):
                inner[part] = {}
            inner = inner[part]
        inner[parts[-1]] = meant
        preferences.checked(_plain(values), path)

    userfiles.make_directory(os.environ)
    userfiles.change(path, path.with_name(f"{path.name}.lock"), change)
    click.echo(f"{key}: {_words(_values()[key])}")


def _known(key: str) -> str:
    if key not in KEYS:
        raise UsageError(f"there is no setting {key!r}: there are {', '.join(KEYS)}")
    return key


def _parts(key: str) -> list[str]:
    return ["notify", "events", key[len(EVENT) :]] if key.startswith(EVENT) else key.split(".")


def _meant(key: str, value: str) -> Any:
    if key == "notify.channel":
        if value != "none" and "://" not in value and not value.startswith("${"):
            raise UsageError("notify.channel must be a URL of apprise, as slack://… or ${NAME}")
        return None if value == "none" else value
    words = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}
    if value.lower() not in words:
        raise UsageError(f"{key} is on or off, not {value!r}")
    return words[value.lower()]


def _plain(values: Any) -> Any:
    """Without the comments."""
    if hasattr(values, "items"):
        return {str(key): _plain(value) for key, value in values.items()}
    return str(values) if isinstance(values, str) else values


def _values() -> dict[str, Any]:
    from team_supervisor import preferences

    found = preferences.load(os.environ)
    events = {EVENT + name: telling.rule(name, found.notify).enabled for name in telling.EVENTS}
    return {
        "verbose": found.verbose,
        "notify.channel": telling.shown(found.notify.channel),
        **events,
    }


def _words(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
