"""Display names of characters and avatars."""

from __future__ import annotations


def shown_name(name: str) -> str:
    """Return `Ada Lovelace` for `ada-lovelace`."""
    return name.replace("-", " ").replace("_", " ").title()
