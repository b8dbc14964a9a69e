"""Tells whether an avatar is still the one that its students were taught with."""

from __future__ import annotations

import hashlib

import numpy as np

from avatar_app.engines.face.portrait.avatar import Avatar


def face_digest(avatar: Avatar) -> str:
    """Return what tells whether an avatar still has the face that its student was taught with."""
    digest = hashlib.sha256(np.ascontiguousarray(avatar.portrait).data)
    digest.update(np.array(avatar.face_box, np.int64).tobytes())
    digest.update(np.ascontiguousarray(avatar.face_mask).data)
    return digest.hexdigest()
