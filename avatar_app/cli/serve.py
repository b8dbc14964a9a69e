"""The `serve` commands: run the avatar as a server, pair devices with it, list and revoke them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avatar_app.cli.console import busy, plain_console
from avatar_app.cli.notices import print_notices
from avatar_app.core.errors import ModelMissing
from avatar_app.core.events import Noticed
from avatar_app.system.native_output import stdout_reserved

if TYPE_CHECKING:
    from avatar_app.server.options import ServerOptions
    from avatar_app.server.running import AvatarServer
    from avatar_app.settings.schema import Settings
    from avatar_app.storage.paired_devices import PairedDevices

serve = typer.Typer(
    help="Serve other programs, browsers and machines.", invoke_without_command=True
)
EXTRA = "serve"
PACKAGES = ("fastapi", "python-multipart", "uvicorn", "websockets")
MORE = ("wyoming", "mcp", "ray")
_out = plain_console()
_err = plain_console(stderr=True)


@serve.callback()
def run_server(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="8765; 0: any.")] = None,
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
    ray: Annotated[
        bool, typer.Option("--ray", help="Run the engines on Ray: here, or at RAY_ADDRESS.")
    ] = False,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="Serve the agent at stdin and stdout, too, by MCP.")
    ] = False,
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
    _add_extra(_packages(wyoming is not None, mcp, ray))
    from avatar_app.server.options import PORT, ServerOptions
    from avatar_app.settings.loading import load_settings, parse_overrides

    loaded, notices = load_settings(overrides=parse_overrides(settings or []))
    print_notices(_err, notices)
    options = ServerOptions(
        host,
        port if port is not None else 0 if mcp else PORT,
        sessions,
        voices,
        ray,
        tuple(name or ()),
        certificate,
        key,
        unencrypted,
        wyoming,
        mcp,
        tokens or None,
    )
    _serve(loaded, options)
    return 0


def _packages(*asked: bool) -> tuple[str, ...]:
    """Return what Wyoming, agents and Ray need, of those that are asked for."""
    return tuple(package for package, is_asked in zip(MORE, asked, strict=True) if is_asked)


def _serve(settings: Settings, options: ServerOptions) -> None:
    """Serve until Ctrl+C, or until the agent at stdin has gone."""
    from avatar_app.server.running import AvatarServer
    from avatar_app.system.paths import app_paths

    output = stdout_reserved() if options.mcp else nullcontext()
    with busy(_err, "Loading the engines …"), output:
        server = AvatarServer(settings, app_paths(), options, _print)
    console = _err if options.mcp else _out
    for line in _services(server, options.host):
        console.print(line, soft_wrap=True)
    server.run()


def _services(server: AvatarServer, host: str) -> Iterator[str]:
    yield f"Serving {server.address}/v1 until Ctrl+C"
    yield f"To talk with the avatar in a browser, open {server.address}"
    if server.wyoming is not None:
        yield f"Wyoming: tcp://{host}:{server.wyoming.port}"


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
