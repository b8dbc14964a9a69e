"""A cloned voice may be chosen by its name; an engine is told its folder, if consent holds.

What an engine computes of the voice's recording is kept there, signed with the rest.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from avatar_app.core.engines import HasLatents
from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Manifest
from avatar_app.system.paths import AppPaths
from avatar_app.voices.library import (
    CONSENT,
    MANIFEST,
    REFERENCE,
    VoiceLibrary,
    add_latents,
    open_voice,
)

log = logging.getLogger(__name__)

VOICE = "voice"
"""The option of an engine that `clones` which may name a cloned voice."""


def with_open_voice(
    options: dict[str, Any], manifest: Manifest, places: AppPaths
) -> dict[str, Any]:
    """`options`, with the folder of a cloned voice in place of its name.

    Raises InputInvalid for a cloned voice whose consent does not hold, however it is named.
    """
    name = options.get(VOICE)
    if not manifest.clones or not name:
        return options
    folder = Path(name).expanduser()
    if name in VoiceLibrary.of(places).names():
        folder = VoiceLibrary.of(places).folder(name)
    elif not any((folder / file).exists() for file in (MANIFEST, CONSENT, REFERENCE)):
        return options
    return options | {VOICE: str(open_voice(folder, places).folder)}


def keep_latents(engine: Any, options: dict[str, Any], places: AppPaths) -> None:
    """Keep what `engine`, made with `options`, computed of its cloned voice: the next start is
    quicker. Where it cannot be kept, the voice speaks all the same."""
    if not isinstance(engine, HasLatents) or not (latents := engine.latents()):
        return
    try:
        add_latents(Path(options[VOICE]), latents, places)
    except AvatarError as error:
        log.warning("what was computed of the cloned voice is not kept: %s", error)
