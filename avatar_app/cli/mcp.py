"""The command line's `mcp`: programs and servers whose tools the avatar may use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from avatar_app.cli.console import plain_console

if TYPE_CHECKING:
    from avatar_app.agents.mcp.approval import McpTool
    from avatar_app.agents.mcp.collection import McpLibrary

mcp = typer.Typer(
    help="Tools of other programs, by the Model Context Protocol.", no_args_is_help=True
)
out = plain_console()
err = plain_console(stderr=True)

Name = Annotated[str, typer.Argument(help="As `mcp list` shows it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@mcp.command("list")
def show_servers() -> int:
    """List the servers, what they may see, and which of their tools you approved."""
    servers = _library().servers()
    if not servers:
        out.print("No server was added. Add one: avatar-app mcp add NAME COMMAND …")
        return 0
    table = Table("server", "", "where", "folders", "tools", box=None, header_style="bold")
    for each in servers:
        state = "on" if each.server.enabled else "off"
        folders = ", ".join(map(str, each.server.folders))
        tools = ", ".join(tool.name for tool in each.tools)
        table.add_row(*map(Text, (each.name, state, each.server.place, folders, tools)))
    out.print(table)
    return 0


@mcp.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def add(
    name: Annotated[str, typer.Argument(help="A short name, with which its tools begin.")],
    where: Annotated[list[str], typer.Argument(help="An address, or a command with arguments.")],
    *,
    folder: Annotated[
        list[Path] | None,
        typer.Option("--folder", help="A folder whose files it may be asked for."),
    ] = None,
    env: Annotated[list[str] | None, typer.Option("--env", help="A variable: KEY=VALUE.")] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", help="For an address: NAME=VALUE.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Believe it which of its tools only read.")
    ] = False,
    yes: Yes = False,
) -> int:
    """Connect to a server, show its tools, and add it if you approve them."""
    from avatar_app.agents.mcp.collection import server_from
    from avatar_app.agents.mcp.servers import McpServer, whole_paths

    first = where[0]
    server = server_from(first) if first.startswith("http") else McpServer(command=tuple(where))
    server = server.model_copy(
        update={
            "folders": whole_paths(folder or ()),
            "env": _pairs(env),
            "headers": _pairs(header),
            "trusted": trust,
        }
    )
    library = _library()
    tools = library.look(name, server)
    _show_tools(tools)
    if not yes and not typer.confirm(f"May the avatar use {_counted(tools)} of {name}?", err=True):
        return 1
    library.add(name, server, tools)
    out.print(Text(f"{name} is added. Before each call that may change something you are asked."))
    return 0


@mcp.command("test")
def try_server(name: Name, *, yes: Yes = False) -> int:
    """Connect to a server, and show its tools and what has changed since you approved them."""
    library = _library()
    tested = library.test(name)
    _show_tools(tested.tools)
    if not tested.change:
        out.print(Text(f"{name} answers; it offers what you approved."))
        return 0
    err.print(Text(f"{name} is not as you approved it: {tested.change}"), style="yellow")
    if not yes and not typer.confirm("Do you approve its tools as they are now?", err=True):
        return 1
    library.approve(name, tested.tools)
    out.print("Approved.")
    return 0


@mcp.command()
def remove(name: Name) -> int:
    """Remove a server."""
    _library().remove(name)
    out.print(Text(f"{name} is removed."))
    return 0


@mcp.command()
def enable(name: Name) -> int:
    """Switch a server on."""
    _library().enable(name, enabled=True)
    out.print(Text(f"{name} is on."))
    return 0


@mcp.command()
def disable(name: Name) -> int:
    """Switch a server off; it stays in the list."""
    _library().enable(name, enabled=False)
    out.print(Text(f"{name} is off."))
    return 0


def _library() -> McpLibrary:
    from avatar_app.agents.mcp.collection import McpLibrary
    from avatar_app.system.paths import app_paths

    return McpLibrary(app_paths())


def _pairs(given: list[str] | None) -> dict[str, str]:
    from avatar_app.core.errors import InputInvalid

    pairs = {}
    for each in given or ():
        key, equals, value = each.partition("=")
        if not (key and equals):
            raise InputInvalid(f"{each!r} is not of the form NAME=VALUE.")
        pairs[key] = value
    return pairs


def _show_tools(tools: tuple[McpTool, ...]) -> None:
    table = Table("tool", "", "what it says of itself", box=None, header_style="bold")
    for tool in tools:
        reads = "reads, it says" if tool.only_reads else "may change"
        table.add_row(*map(Text, (tool.name, reads, tool.description)))
    out.print(table)


def _counted(tools: tuple[McpTool, ...]) -> str:
    return "this 1 tool" if len(tools) == 1 else f"these {len(tools)} tools"
