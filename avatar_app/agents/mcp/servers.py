"""The servers that the user added, in config/mcp.yaml: how each is reached, and what it may see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.home import expanded
from avatar_app.system.files import replace_file

FILE = "mcp.yaml"
MOST_SERVERS = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,23}")
_HEAD = "# Servers of the Model Context Protocol that the avatar may use: `avatar-app mcp`.\n"
_OWNER_ONLY = 0o600
"""The file may hold keys of servers."""


class McpServer(BaseModel):
    """A program that is started, or an address that is called."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: tuple[str, ...] = ()
    """The program and its arguments; empty for an address."""
    url: str = ""
    """Of a server that speaks streamable HTTP; empty for a program."""
    env: Mapping[str, str] = {}
    """Variables for the program. It gets no others than PATH, HOME and the like."""
    headers: Mapping[str, str] = {}
    """For the address, such as Authorization."""
    folders: tuple[Path, ...] = ()
    """The only folders whose files it may be asked about."""
    enabled: bool = True
    trusted: bool = False
    """Whether its own word counts for which of its tools only read; else each call is asked."""
    patience: Annotated[float, Field(gt=0, le=600)] = 30.0
    """Seconds after which a call is given up."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> McpServer:
        if bool(self.command) == bool(self.url):
            raise ValueError("give a command or an address, and not both")
        if self.url and urlsplit(self.url).scheme not in ("http", "https"):
            raise ValueError("the address begins with http:// or https://")
        return self

    @property
    def place(self) -> str:
        """Return the program or address, for the user."""
        return self.url or " ".join(self.command)


Servers = dict[str, McpServer]


def checked_name(name: str) -> str:
    """Return the name, or raise InputInvalid: it begins the names of the server's tools."""
    if not _NAME.fullmatch(name):
        raise InputInvalid(
            f"{name!r} can't be the name of a server.",
            "Use up to 24 lower-case letters, digits, - and _, for example: files",
        )
    return name


def read_servers(path: Path) -> Servers:
    """Read the file; empty where there is none. Raises ConfigInvalid."""
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ConfigInvalid(
            f"{path} can't be read: {_brief(error)}.", "Correct the file."
        ) from error
    entries = document.get("servers") if isinstance(document, dict) else document
    if entries is None:
        return {}
    if not isinstance(entries, dict) or len(entries) > MOST_SERVERS:
        raise ConfigInvalid(
            f"{path} must have an entry for each server below servers:, {MOST_SERVERS} at most.",
            "Correct the file.",
        )
    return {str(name): _server(path, str(name), entry) for name, entry in entries.items()}


def write_servers(path: Path, servers: Mapping[str, McpServer]) -> None:
    """Write the file, readable by its owner only. Raises ConfigInvalid."""
    entries = {name: _entry(server) for name, server in servers.items()}
    text = yaml.safe_dump({"servers": entries}, allow_unicode=True, sort_keys=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, (_HEAD + text).encode("utf-8"), _OWNER_ONLY)
    except OSError as error:
        raise ConfigInvalid(
            f"{path} can't be written: {error.strerror}.", "Check the disk and the folder's owner."
        ) from error


def whole_paths(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Return the folders as they are on the disk. Raises InputInvalid where one does not exist."""
    whole = tuple(expanded(folder).resolve() for folder in folders)
    for folder in whole:
        if not folder.is_dir():
            raise InputInvalid(f"There is no folder {folder}.", "Name folders that exist.")
    return whole


def _server(path: Path, name: str, entry: Any) -> McpServer:
    try:
        checked_name(name)
        return McpServer.model_validate(entry)
    except (ValidationError, InputInvalid) as error:
        raise ConfigInvalid(
            f"The server {name!r} in {path} is described wrongly: {_brief(error)}.",
            "Correct it, or remove it with: avatar-app mcp remove",
        ) from error


def _entry(server: McpServer) -> dict[str, Any]:
    return server.model_dump(mode="json", exclude_defaults=True) | {"enabled": server.enabled}


def _brief(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        return f"{place}: {first['msg']}" if place else str(first["msg"])
    return str(error).splitlines()[0]
