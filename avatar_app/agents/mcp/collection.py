"""Adding, testing, switching off and removing servers: for the command line and the window."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from avatar_app.agents.mcp.approval import Approvals, Change, McpTool, change
from avatar_app.agents.mcp.servers import (
    FILE,
    McpServer,
    checked_name,
    read_servers,
    write_servers,
)
from avatar_app.core.errors import InputInvalid
from avatar_app.system.file_lock import hold_folder
from avatar_app.system.paths import AppPaths


@dataclass(frozen=True, slots=True)
class ListedServer:
    """A server as it is listed."""

    name: str
    server: McpServer
    tools: tuple[McpTool, ...]
    """That the user approved."""


@dataclass(frozen=True, slots=True)
class TestedServer:
    """What a server offers now."""

    name: str
    tools: tuple[McpTool, ...]
    change: Change
    """Since it was approved."""


class McpLibrary:
    """The servers in the user's folder. `test` and `look` take seconds; all raise AvatarError."""

    def __init__(self, paths: AppPaths, changed: Callable[[], None] = lambda: None) -> None:
        """`changed`: called after the servers, or what is approved, changed."""
        self._file, self._log = paths.config / FILE, paths.logs / "mcp.log"
        self._approvals, self._changed = Approvals(paths.mcp), changed

    def servers(self) -> tuple[ListedServer, ...]:
        """Return all servers, as they stand in the file."""
        return tuple(
            ListedServer(name, server, self._approvals.tools(name))
            for name, server in read_servers(self._file).items()
        )

    def look(self, name: str, server: McpServer) -> tuple[McpTool, ...]:
        """Return what a server offers, before it is added. Nothing is kept."""
        from avatar_app.agents.mcp.hub import McpHub  # it loads asyncio

        checked_name(name)
        with closing(McpHub(self._log)) as hub:
            return hub.tools(name, server)

    def add(self, name: str, server: McpServer, tools: tuple[McpTool, ...]) -> None:
        """Keep a server with the tools that the user approved."""
        with hold_folder(self._file.parent):
            servers = read_servers(self._file)
            if name in servers:
                raise InputInvalid(
                    f"There is a server {name} already.", "Choose another name, or remove it first."
                )
            self._approvals.approve(checked_name(name), tools)
            write_servers(self._file, {**servers, name: server})
        self._changed()

    def test(self, name: str) -> TestedServer:
        """Connect to a server and compare what it offers with what was approved."""
        server = self._server(name)
        tools = self.look(name, server)
        return TestedServer(name, tools, change(self._approvals.tools(name), tools))

    def approve(self, name: str, tools: tuple[McpTool, ...]) -> None:
        """From now on these tools of the server may be called."""
        self._server(name)
        self._approvals.approve(name, tools)
        self._changed()

    def enable(self, name: str, *, enabled: bool) -> None:
        """Switch a server on or off."""
        with hold_folder(self._file.parent):
            switched = self._server(name).model_copy(update={"enabled": enabled})
            write_servers(self._file, {**read_servers(self._file), name: switched})
        self._changed()

    def remove(self, name: str) -> None:
        """Remove a server, and what was approved of it."""
        with hold_folder(self._file.parent):
            self._server(name)
            others = {key: each for key, each in read_servers(self._file).items() if key != name}
            write_servers(self._file, others)
        self._changed()
        self._approvals.forget(name)

    def _server(self, name: str) -> McpServer:
        try:
            return read_servers(self._file)[name]
        except KeyError as error:
            raise InputInvalid(
                f"There is no server {name}.", "See which there are: avatar-app mcp list"
            ) from error


def server_from(text: str) -> McpServer:
    """Return the server that a line describes: an address, or a command with its arguments."""
    text = text.strip()
    if text.startswith(("http://", "https://")):
        return McpServer(url=text)
    try:
        command = tuple(shlex.split(text))
    except ValueError as error:
        raise InputInvalid(f"The command can't be read: {error}.", "Close its quotes.") from error
    if not command:
        raise InputInvalid("Give a command or an address.")
    return McpServer(command=command)
