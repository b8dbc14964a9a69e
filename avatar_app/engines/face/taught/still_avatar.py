"""Loads the avatars that students can paint: those that stand still."""

from __future__ import annotations

from pathlib import Path

from avatar_app.core.errors import InputInvalid
from avatar_app.engines.face.portrait.avatar import Avatar, load_avatar


def load_still_avatar(folder: Path) -> Avatar:
    """Load an avatar. Raises InputInvalid if its files are damaged or it has an idle loop."""
    avatar = load_avatar(folder)
    if avatar.idle is not None:
        raise InputInvalid(
            f"The avatar {folder.name} moves, which a student cannot do.",
            "Choose another face, or make an avatar from a photo.",
        )
    return avatar
