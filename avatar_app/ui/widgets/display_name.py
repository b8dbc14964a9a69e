"""How the name of a character or avatar is shown to people."""

from __future__ import annotations


def shown_name(name: str) -> str:
    """`ada-lovelace` is Ada Lovelace."""
    return name.replace("-", " ").replace("_", " ").title()
