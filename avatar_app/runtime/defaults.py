"""The engines that need nothing and take over where others fail."""

from __future__ import annotations

from avatar_app.core.manifest import Kind

BUILTIN = {
    Kind.AEC: "none",
    Kind.VAD: "webrtc",
    Kind.ASR: "pocketsphinx",
    Kind.DIALOGUE: "embedded",
    Kind.TTS: "espeak",
    Kind.FACE: "illustrated",
    Kind.ENHANCE: "none",
}
"""The engine of each kind that needs nothing and is taken where another fails."""


PHOTO = "photo"
"""The embedded face that moves any avatar without weights."""


FOR_FILES = frozenset({Kind.ENHANCE})
"""Kinds that no conversation needs: they are loaded when a film is written."""
