"""The language that the avatar speaks, of those that its personas are written in."""

from __future__ import annotations

from avatar_app.core.errors import AvatarError
from avatar_app.core.manifest import Kind
from avatar_app.runtime.registry import Registry
from avatar_app.session.answer_languages import speaks, spoken_languages
from avatar_app.session.personas import ENGLISH, translated_into
from avatar_app.settings.schema import Settings


def spoken_language(settings: Settings, registry: Registry) -> str:
    """Return it by ISO 639-1; of a voice that speaks several, the window's if that was chosen, or
    else English. English, too, where the voice is not installed or speaks none of them."""
    choice, written = settings.tts, translated_into()
    try:
        manifest = registry.find(Kind.TTS, choice.engine)
        tags = spoken_languages(registry, manifest, manifest.checked(choice.options))
    except AvatarError:
        return ENGLISH
    window = settings.window.language.value
    wanted = (window, *written) if window in written else written
    return next((language for language in wanted if speaks(tags, language)), ENGLISH)
