"""Builds the command that installs an engine's missing packages into the running Python."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from importlib import metadata
from importlib.util import find_spec

DISTRIBUTION = "avatar-app"
_REQUIREMENT = re.compile(r"""(?P<name>[\w.-]+).*;.*\bextra == ["'](?P<extra>[\w-]+)["']""")


def install_command(packages: Iterable[str], engine: str = "") -> str:
    """Return `python -m pip install …` with the extra that holds all `packages`, or else with them.

    An extra adds what its packages forget to require. `engine`: the extra of that name is preferred
    to another that would do.
    """
    wanted = {_normalized(name) for name in packages}
    fitting = [name for name, holds in _extras().items() if wanted <= holds]
    extra = min(fitting, key=lambda name: (name != engine, len(_extras()[name])), default=None)
    what = [f"{DISTRIBUTION}[{extra}]"] if extra else sorted(wanted)
    return shlex.join([*_installer(), *what])


def _installer() -> list[str]:
    """Return pip; or uv, which makes environments without pip."""
    if find_spec("pip") is None:
        return ["uv", "pip", "install", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install"]


def _extras() -> dict[str, set[str]]:
    """Return the distributions that each extra of the installed program names."""
    found: dict[str, set[str]] = {}
    try:
        lines = metadata.requires(DISTRIBUTION) or ()
    except metadata.PackageNotFoundError:  # the program runs without being installed
        lines = ()
    for line in lines:
        if match := _REQUIREMENT.match(line):
            found.setdefault(match["extra"], set()).add(_normalized(match["name"]))
    return found


def _normalized(name: str) -> str:
    """Normalize a name as pip does (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
