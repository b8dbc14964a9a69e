"""Foreign tools as the avatar's own: described, asked for and called, only as approved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar_app.agents.mcp.approval import Approvals, Change, McpTool, change
from avatar_app.agents.mcp.arguments import outside, wrong_argument
from avatar_app.agents.mcp.results import marked
from avatar_app.agents.mcp.servers import FILE, McpServer, Servers, read_servers
from avatar_app.core.errors import AvatarError
from avatar_app.core.prompt import ToolDescription
from avatar_app.core.values import (
    Permission,
    PermissionRequest,
    ToolCall,
    ToolEffect,
    ToolResult,
)

if TYPE_CHECKING:
    from avatar_app.agents.mcp.hub import McpHub

BETWEEN = "__"
"""Between the names of server and tool."""
LONGEST_NAME = 64
"""Characters of a function's name in OpenAI's format."""
LONGEST_DETAILS = 300
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")


class McpTools:
    """The tools of all servers that are switched on. No server runs before one of them is called,
    and what is called is compared with what was approved first."""

    def __init__(self, config: Path, approved: Path, log: Path | None = None) -> None:
        """`config`: the folder of mcp.yaml; `approved`: the folder of what the user approved."""
        self._file, self._approvals = config / FILE, Approvals(approved)
        self._log = log
        self._servers: Servers = {}
        self._tools: dict[str, tuple[str, McpTool]] = {}
        self._checked: set[str] = set()
        self.notice = ""
        """One sentence for the user where the file cannot be used."""
        self.reload()

    def reload(self) -> None:
        """Read again which servers and tools there are."""
        try:
            self._servers, self.notice = read_servers(self._file), ""
        except AvatarError as error:
            self._servers, self.notice = {}, str(error)
        self._tools = {name: (server, tool) for name, server, tool in self._named()}
        self._checked.clear()

    @property
    def descriptions(self) -> tuple[ToolDescription, ...]:
        return tuple(
            ToolDescription(name, f"{tool.description} ({server})", dict(tool.parameters))
            for name, (server, tool) in self._tools.items()
        )

    def owns(self, name: str) -> bool:
        """Whether it is a tool of a server."""
        return name in self._tools

    def effect(self, name: str) -> ToolEffect:
        """Return what a tool may change. A server's own word counts only where it is trusted."""
        if (found := self._found(name)) is None:
            return ToolEffect.OUTWARD
        _, described, tool = found
        trusted = described.trusted and tool.only_reads
        return ToolEffect.READ if trusted else ToolEffect.OUTWARD

    def call(self, call: ToolCall) -> ToolResult:
        """Call a tool, or return what the user must be asked before."""
        if (found := self._found(call.name)) is None:
            return ToolResult(error=f"Unknown tool {call.name!r}.")
        server, described, tool = found
        if wrong := wrong_argument(call.arguments, tool.parameters):
            return ToolResult(error=f"{call.name}: the argument {wrong}.")
        if path := outside(call.arguments, described.folders):
            return ToolResult(error=f"{path} lies outside the folders that {server} may see.")
        asks = self.effect(call.name) is ToolEffect.OUTWARD or call.suspect
        if asks and call.consent is Permission.NONE:
            return ToolResult(asks=_request(call, server, tool))
        try:
            self._check(server, described, tool)
            arguments = dict(call.arguments)
            text, failed = self._hub.call(server, described, tool.name, arguments, call.turn)
        except AvatarError as error:
            return ToolResult(error=str(error), foreign=True)
        if failed:
            return ToolResult(error=f"The server {server} says: {text}", foreign=True)
        return ToolResult(marked(server, text), foreign=True)

    def close(self) -> None:
        """End all servers."""
        if "_hub" in self.__dict__:
            self._hub.close()

    def _found(self, name: str) -> tuple[str, McpServer, McpTool] | None:
        """None for a tool that the user has switched off since it was offered."""
        server, tool = self._tools.get(name, ("", None))
        described = self._servers.get(server)
        return None if tool is None or described is None else (server, described, tool)

    @cached_property
    def _hub(self) -> McpHub:
        from avatar_app.agents.mcp.hub import McpHub  # it loads asyncio

        return McpHub(self._log)

    def _check(self, name: str, server: McpServer, tool: McpTool) -> None:
        """Raise ServerChanged unless the server offers exactly what was approved. Once in a run."""
        if name not in self._checked:
            found = change(self._approvals.tools(name), self._hub.tools(name, server))
            if tool.name in (*found.changed, *found.gone):
                self._hub.drop(name)
                raise ServerChanged(name, found)
            self._checked.add(name)

    def _named(self) -> Iterator[tuple[str, str, McpTool]]:
        for server, described in self._servers.items():
            if described.enabled:
                for tool in self._approvals.tools(server):
                    yield tool_name(server, tool), server, tool


class ServerChanged(AvatarError):
    """A server's tools are not those that the user approved."""

    def __init__(self, server: str, found: Change) -> None:
        super().__init__(
            f"The server {server} has changed its tools since you approved them ({found}).",
            "Look at them in the settings, or with: avatar-app mcp test",
        )
        self._arguments = server, found

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments


def tool_name(server: str, tool: McpTool) -> str:
    """Return the name under which a language model calls a tool."""
    return f"{server}{BETWEEN}{_NOT_IN_NAMES.sub('_', tool.name)}"[:LONGEST_NAME]


def _request(call: ToolCall, server: str, tool: McpTool) -> PermissionRequest:
    """The question is made of names: a description could say anything."""
    said = "; ".join(f"{name}: {_brief(value)}" for name, value in call.arguments.items())
    return PermissionRequest(call, f"{tool.words} with {server}", said[:LONGEST_DETAILS])


def _brief(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split())
