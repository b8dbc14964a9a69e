"""The `servers` commands: find language model servers on this machine, and store API keys."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from avatar_app.cli.console import plain_console
from avatar_app.cli.renamed import keep_former_name

servers = typer.Typer(
    help="Language model servers: find them, store API keys.", no_args_is_help=True
)

out = plain_console()
err = plain_console(stderr=True)


@servers.command("scan")
def scan_servers(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> int:
    """Query this machine's usual ports, once, for language models."""
    from avatar_app.models.servers import USUAL_PORTS, look

    found = look()
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found]))
        return 0
    for each in found:
        key = "asks for a key: avatar-app servers key" if each.needs_key else ""
        what = ", ".join(each.models) or key or "no model is loaded"
        _tell(f"{each.address} ({each.program}'s port): {what}")
        use = " ".join(f"--set {shlex.quote(setting)}" for setting in each.settings)
        _tell(f"  avatar-app run {use}")
    if not found:
        known = ", ".join(f"{name} ({port})" for port, name in USUAL_PORTS.items())
        _tell(f"No server responds on this machine; checked the ports of {known}.")
    return 0


keep_former_name(servers, "servers look", "servers scan", scan_servers)


@servers.command()
def key(
    address: Annotated[str, typer.Argument(help="As in dialogue.options.address.")],
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Delete the stored key.")] = False,
) -> int:
    """Store the key for a server in the system's keyring; it is entered hidden."""
    from avatar_app.models.servers import checked_address, is_overheard, remove_key, store_key

    address = checked_address(address)
    if remove:
        existed = remove_key(address)
        _tell(f"The key for {address} {'was removed' if existed else 'did not exist'}.")
        return 0
    if is_overheard(address):
        err.print("http:// sends the key unencrypted; use https:// instead", style="yellow")
    if sys.stdin.isatty():
        given = typer.prompt(f"Key for {address}", hide_input=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    store_key(address, given)
    _tell(f"The key for {address} is in the keyring, and goes to no other server.")
    return 0


def _tell(text: str) -> None:
    out.print(text, soft_wrap=True)
