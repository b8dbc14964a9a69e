"""What is on this computer already and could be used at once: models of other programs, servers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind
from avatar_app.core.network_access import NetworkAccess
from avatar_app.models.discovery import Found, found_models
from avatar_app.models.store import readable
from avatar_app.runtime.kinds import KINDS
from avatar_app.settings.assignments import parse_value
from avatar_app.settings.store import SettingsStore

if TYPE_CHECKING:
    from avatar_app.models.servers import Server

MOST = 4
"""Findings that are offered: the smallest of each kind, and servers first."""
SERVER_ENGINE = "openai"


@dataclass(frozen=True, slots=True)
class LocalFinding:
    """Something that could be used, in one line."""

    title: str
    source: str
    """Whose it is: the program, or the server's address."""
    kind: Kind
    settings: dict[str, Any] = field(hash=False)
    """What to change so that it is used."""
    size: str = ""
    """For a person to read."""


def find_local(settings: SettingsStore) -> tuple[LocalFinding, ...]:
    """Look once, where other programs keep models, and at the usual ports of this computer unless
    no connection is allowed. Takes a second or two."""
    from avatar_app.models.servers import look  # loads what speaks HTTP

    servers: Iterable[Server] = ()
    if settings.settings.network.allowed is not NetworkAccess.NONE:
        try:
            servers = look()
        except AvatarError:  # a package is missing: models remain
            servers = ()
    models = found_models(settings.settings.models.folders)
    findings = [*map(_server, _answering(servers)), *map(_model, _smallest_first(models))]
    return tuple(findings[:MOST])


def _answering(servers: Iterable[Server]) -> list[Server]:
    return [server for server in servers if server.models and not server.needs_key]


def _smallest_first(models: Iterable[Found]) -> list[Found]:
    """Those without a flaw; the smallest of a kind answers soonest."""
    usable = [found for found in models if not found.flaw]
    return sorted(usable, key=lambda found: found.bytes)


def _server(server: Server) -> LocalFinding:
    return LocalFinding(server.models[0], server.program, Kind.DIALOGUE, _values(server.settings))


def _model(found: Found) -> LocalFinding:
    values = _values(found.settings)
    setting = KINDS[found.kind].setting
    prefix = f"{found.kind}."
    named = {f"{setting}.{name.removeprefix(prefix)}": value for name, value in values.items()}
    return LocalFinding(found.name, found.source, found.kind, named, readable(found.bytes))


def _values(assignments: Iterable[str]) -> dict[str, Any]:
    """`name=value` of a command line, as a change of the settings."""
    pairs = (assignment.partition("=") for assignment in assignments)
    return {
        name: parse_value(tuple(name.split(".")), value, name) if value else ""
        for name, _, value in pairs
    }
