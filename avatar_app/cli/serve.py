"""The `serve` commands: run the avatar as a server, pair devices with it, list and revoke them."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avatar_app.cli.console import busy, plain_console
from avatar_app.cli.notices import print_notices
from avatar_app.core.errors import ModelMissing
from avatar_app.core.events import Noticed

if TYPE_CHECKING:
    from avatar_app.storage.paired_devices import PairedDevices

serve = typer.Typer(
    help="Serve other programs, browsers and machines.", invoke_without_command=True
)
EXTRA = "serve"
PACKAGES = ("fastapi", "python-multipart", "uvicorn", "websockets")
WYOMING = ("wyoming",)
_out = plain_console()
_err = plain_console(stderr=True)


@serve.callback()
def run_server(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8765,
    sessions: Annotated[int, typer.Option(min=1, max=64, help="Conversations at once.")] = 4,
    voices: Annotated[
        int, typer.Option(min=1, max=16, help="Voices and language models that are loaded.")
    ] = 1,
    name: Annotated[
        list[str] | None, typer.Option(help="A name by which clients call this machine.")
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="For TLS: PEM.")] = None,
    key: Annotated[Path | None, typer.Option(help="For TLS: PEM.")] = None,
    wyoming: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Serve Home Assistant by Wyoming on this port."),
    ] = None,
    *,
    unencrypted: Annotated[
        bool, typer.Option("--unencrypted", help="Serve other machines without TLS.")
    ] = False,
    tokens: Annotated[
        bool, typer.Option("--tokens", help="Ask for tokens on this machine, too.")
    ] = False,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Change a setting.")
    ] = None,
) -> int:
    """Run the server until Ctrl+C: OpenAI-compatible, and for this machine alone by default."""
    if context.invoked_subcommand is not None:
        return 0
    _add_extra(WYOMING if wyoming is not None else ())
    from avatar_app.server.running import AvatarServer, ServerOptions
    from avatar_app.settings.loading import load_settings, parse_overrides
    from avatar_app.system.paths import app_paths

    loaded, notices = load_settings(overrides=parse_overrides(settings or []))
    print_notices(_err, notices)
    options = ServerOptions(
        host,
        port,
        sessions,
        voices,
        tuple(name or ()),
        certificate,
        key,
        unencrypted,
        wyoming,
        tokens or None,
    )
    with busy(_err, "Loading the engines …"):
        server = AvatarServer(loaded, app_paths(), options, _print)
    _out.print(f"Serving {server.address}/v1 until Ctrl+C", soft_wrap=True)
    _tell(f"To talk with the avatar in a browser, open {server.address}")
    if server.wyoming is not None:
        _tell(f"Wyoming: tcp://{host}:{server.wyoming.port}")
    server.run()
    return 0


@serve.command()
def pair() -> int:
    """Show a code with which one device can be paired within ten minutes."""
    with _devices() as devices:
        code = devices.begin_pairing()
    _tell(f"The code is {code[:4]} {code[4:]}, for ten minutes and one device.")
    _tell('The device sends it: POST /v1/devices/pair {"code": "…", "name": "…"}')
    return 0


@serve.command("devices")
def list_devices(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> int:
    """List the paired devices."""
    with _devices() as devices:
        known = devices.all()
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in known]))
        return 0
    for each in known:
        _tell(f"{each.id}  {each.name}, paired {each.paired}")
    if not known:
        _tell("No device is paired.")
    return 0


@serve.command()
def revoke(
    device: Annotated[str, typer.Argument(help="Its number or name, as `devices` lists it.")],
) -> int:
    """Refuse a device from now on."""
    with _devices() as devices:
        revoked = devices.revoke(device)
    _tell(f"{revoked.name} is refused from now on.")
    return 0


def _add_extra(more: tuple[str, ...] = ()) -> None:
    """Let this process import the packages of the server. Raises ModelMissing where they are not
    installed."""
    from avatar_app.system.extras.installed import add_to_path, is_part_of_program, is_provided
    from avatar_app.system.packages import install_command
    from avatar_app.system.paths import app_paths

    extras, needed = app_paths().extras, (*PACKAGES, *more)
    missing = [
        name for name in needed if not is_part_of_program([name]) and not is_provided(name, extras)
    ]
    if missing:
        raise ModelMissing(
            f"The server needs {', '.join(missing)}, which is not installed.",
            f"Type: {install_command(missing, EXTRA)}",
        )
    add_to_path(needed, extras)


def _devices() -> AbstractContextManager[PairedDevices]:
    from avatar_app.storage.paired_devices import PairedDevices
    from avatar_app.system.paths import app_paths

    return closing(PairedDevices.of(app_paths()))


def _print(notice: Noticed) -> None:
    print_notices(_err, [notice])


def _tell(text: str) -> None:
    _out.print(text, soft_wrap=True)
