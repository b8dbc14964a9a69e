"""Where new versions come from: addresses and trusted keys, as the installer carries them.

A checkout carries none; publishers of installers add `root.json` and `source.json` to
assets/updates with packaging/publish_update.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from avatar_app.core.errors import ConfigInvalid
from avatar_app.system.paths import assets

ROOT, SOURCE = "root.json", "source.json"


@dataclass(frozen=True, slots=True)
class UpdateSource:
    """A repository of The Update Framework."""

    metadata_url: str
    targets_url: str
    root: bytes
    """The keys that are trusted at first; the repository can only replace them in steps that the
    keys before have signed."""


def shipped_source(folder: Path | None = None) -> UpdateSource:
    """Return the source that came with the program; raises ConfigInvalid if there is none."""
    folder = folder or assets() / "updates"
    try:
        described = json.loads((folder / SOURCE).read_text(encoding="utf-8"))
        root = (folder / ROOT).read_bytes()
        return UpdateSource(str(described["metadata"]), str(described["targets"]), root)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigInvalid(
            "This build names no source of updates.",
            "Get new versions where you got this one; a clone is updated with git pull.",
        ) from error
