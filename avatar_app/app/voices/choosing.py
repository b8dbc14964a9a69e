"""A cloned voice may be chosen by its name; an engine is told its folder, if consent holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from avatar_app.app.places import user_places
from avatar_app.app.voices.shelf import CONSENT, MANIFEST, VoiceShelf, open_voice
from avatar_app.core.manifest import Kind, Manifest, OptionType

VOICE = "voice"
"""The option that may name a cloned voice, where it is a text."""


def with_open_voice(options: dict[str, Any], manifest: Manifest) -> dict[str, Any]:
    """`options`, with the folder of a cloned voice in place of its name.

    Raises InputInvalid for a cloned voice whose consent does not hold, however it is named.
    """
    takes_text = any(
        each.name == VOICE and each.type is OptionType.TEXT for each in manifest.options
    )
    name = options.get(VOICE)
    if manifest.kind is not Kind.TTS or not takes_text or not name:
        return options
    places = user_places()
    folder = Path(name).expanduser()
    if name in VoiceShelf(places).names():
        folder = VoiceShelf(places).folder(name)
    elif not any((folder / file).exists() for file in (MANIFEST, CONSENT)):
        return options
    return options | {VOICE: str(open_voice(folder, places).folder)}
