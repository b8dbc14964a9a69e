"""Builds the command that installs an engine's missing packages."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from importlib.util import find_spec

from avatar_app.system.extras.declared import DISTRIBUTION, DeclaredExtras


def install_command(
    packages: Iterable[str], engine: str = "", extras: DeclaredExtras | None = None
) -> str:
    """Return `avatar-app extras add NAME` with the extra that holds all `packages`, or else the
    command of pip.

    An extra adds what its packages forget to require. `engine`: the extra of that name is preferred
    to another that would do. `extras`: the program's, where they have been read already.
    """
    from packaging.utils import canonicalize_name

    wanted = sorted(map(canonicalize_name, packages))
    extras = DeclaredExtras.read() if extras is None else extras
    extra = extras.with_packages(wanted, engine)
    if extra is None:
        return shlex.join([*_installer(), *wanted])
    if extra.name not in extras.offered:
        return shlex.join([*_installer(), f"{DISTRIBUTION}[{extra.name}]"])
    return f"{DISTRIBUTION} extras add {extra.name}"


def _installer() -> list[str]:
    """Return pip; or uv, which makes environments without pip."""
    if find_spec("pip") is None:
        return ["uv", "pip", "install", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install"]
