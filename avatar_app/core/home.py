"""Paths that begin with the user's home folder."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return a path with the folder that `~` means at its beginning. Where it is nobody's, as in
    `~nobody/file`, it is left as it is: no such file exists."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
