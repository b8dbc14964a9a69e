"""Resolves a cloned voice's name to its folder if the consent is valid, and stores its latents.

What an engine computes from the voice's recording is stored there, signed with the rest.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from avatar_app.core.engines import HasLatents
from avatar_app.core.errors import AvatarError
from avatar_app.core.home import expanded
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


def with_open_voice(options: dict[str, Any], manifest: Manifest, paths: AppPaths) -> dict[str, Any]:
    """Return `options` with the name of a cloned voice replaced by its folder.

    Raises InputInvalid for a cloned voice without valid consent, however it is named.
    """
    name = options.get(VOICE)
    if not manifest.clones or not name:
        return options
    folder = expanded(name)
    if name in VoiceLibrary.of(paths).names():
        folder = VoiceLibrary.of(paths).folder(name)
    elif not any((folder / file).exists() for file in (MANIFEST, CONSENT, REFERENCE)):
        return options
    return options | {VOICE: str(open_voice(folder, paths).folder)}


def keep_latents(engine: Any, options: dict[str, Any], paths: AppPaths) -> None:
    """Store what `engine`, created with `options`, computed from its cloned voice: the next start
    is quicker. Failures to store it are only logged."""
    if not isinstance(engine, HasLatents) or not (latents := engine.latents()):
        return
    try:
        add_latents(Path(options[VOICE]), latents, paths)
    except AvatarError as error:
        log.warning("the latents of the cloned voice could not be stored: %s", error)
