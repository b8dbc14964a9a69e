"""The wake word of a server: each client that asks has a detector of its own."""

from __future__ import annotations

from avatar_app.core.engines import WakeWordDetector
from avatar_app.core.errors import AvatarError, ConfigInvalid
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.kinds import BUILTIN, choices
from avatar_app.session.served.shared_engines import SharedEngines


def wake_word(engines: SharedEngines) -> WakeWordDetector:
    """Return a new detector, which the caller closes. Raises ConfigInvalid where the settings
    choose none, ModelMissing."""
    choice = choices(engines.settings)[Kind.WAKE]
    if choice.engine == BUILTIN[Kind.WAKE]:
        raise ConfigInvalid(
            "This server listens for no wake word.", "Start it with --set wake.engine=livekit."
        )
    manifest = engines.registry.find(Kind.WAKE, choice.engine)
    detector: WakeWordDetector = create_engine(engines.registry, manifest, dict(choice.options))
    engines.wake_phrase = detector.phrase
    return detector


def offered_wake_word(engines: SharedEngines) -> tuple[Manifest, str] | None:
    """Return the engine and its phrase; None where there is none, or it cannot be loaded. Loads it
    once: clients ask often."""
    if engines.wake_phrase is None:
        try:
            wake_word(engines).close()
        except AvatarError:
            return None
    manifest = engines.registry.find(Kind.WAKE, choices(engines.settings)[Kind.WAKE].engine)
    return manifest, engines.wake_phrase or ""
