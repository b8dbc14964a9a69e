"""Describes in a few words why a library rejected a file."""

from __future__ import annotations

import pickle
import re

_LONGEST = 200
_COLORS = re.compile(r"\x1b\[\d*m")


def reason_of(error: Exception) -> str:
    """Return the first sentence of an error, without its period."""
    if isinstance(error, pickle.UnpicklingError):
        return "it holds other things than numbers, which are not run"
    words = " ".join(_COLORS.sub("", str(error)).split())
    return re.split(r"[.!?:] ", words)[0][:_LONGEST].rstrip(".")
