"""The `devices` and `engines` commands: what can be chosen on this machine."""

from __future__ import annotations

from avatar_app.cli.console import plain_console
from avatar_app.cli.notices import print_notices

_out = plain_console()
_err = plain_console(stderr=True)


def devices() -> int:
    """List microphones and loudspeakers."""
    from avatar_app.cli.tables import device_table

    _out.print(device_table())
    return 0


def engines() -> int:
    """List the engines, their requirements and options."""
    from avatar_app.cli.tables import engine_table
    from avatar_app.runtime.registry import Registry

    registry = Registry()
    print_notices(_err, registry.notices)
    _out.print(engine_table(registry))
    return 0
