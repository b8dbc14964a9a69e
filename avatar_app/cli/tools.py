"""The command line's `tools`: what the avatar can do, what it must ask before, and what it did."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from avatar_app.cli.console import plain_console
from avatar_app.cli.notices import print_warning

tools = typer.Typer(
    help="What the avatar can do, what it must ask before, and what it did.", no_args_is_help=True
)
out = plain_console()
err = plain_console(stderr=True)

_CONSENT = {"": "", "said": "you said yes", "clicked": "you allowed it"}


@tools.command("list")
def show_tools() -> int:
    """List all tools: those that read, those that “undo” takes back, and those that ask first."""
    from avatar_app.tools.box import BUILT_IN
    from avatar_app.tools.effects import EFFECTS

    table = Table("tool", "class", "what it does", box=None, header_style="bold")
    for function in sorted(BUILT_IN, key=lambda each: (EFFECTS[each.__name__], each.__name__)):
        about = (function.__doc__ or "").split("\n\n")[0]
        effect = EFFECTS[function.__name__].value
        table.add_row(*map(Text, (function.__name__, effect, " ".join(about.split()))))
    out.print(table)
    return 0


@tools.command()
def log(
    most: Annotated[int, typer.Option("--most", min=1, help="How many.")] = 50,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """List the latest calls, the newest first: when, what, with what, and whether you agreed."""
    from avatar_app.storage.tool_log import ToolLog
    from avatar_app.system.paths import app_paths

    with closing(ToolLog(app_paths().tool_log_file)) as kept:
        if kept.notice:
            print_warning(err, kept.notice)
        calls = kept.latest(most)
    if as_json:
        rows = [
            {
                "at": call.at.isoformat(),
                "tool": call.tool,
                "arguments": call.arguments,
                "class": call.effect.value,
                "consent": call.consent.value,
                "outcome": call.outcome,
                "failed": call.failed,
            }
            for call in calls
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    if not calls:
        out.print("No tool was used yet.")
        return 0
    table = Table("when", "tool", "with", "consent", "outcome", box=None, header_style="bold")
    for call in calls:
        when = f"{call.at.astimezone():%Y-%m-%d %H:%M:%S}"
        outcome = f"failed: {call.outcome}" if call.failed else call.outcome
        said = call.arguments if call.arguments != "{}" else ""
        table.add_row(*map(Text, (when, call.tool, said, _CONSENT[call.consent.value], outcome)))
    out.print(table)
    return 0


@tools.command()
def clear() -> int:
    """Delete the log."""
    from avatar_app.storage.tool_log import ToolLog
    from avatar_app.system.paths import app_paths

    with closing(ToolLog(app_paths().tool_log_file)) as kept:
        kept.clear()
    out.print("The log is empty.")
    return 0
