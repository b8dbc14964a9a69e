"""What Wyoming's clients are offered: one recognizer, one voice engine, one dialogue."""

from __future__ import annotations

from typing import Any

from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    TtsProgram,
    TtsVoice,
    WakeModel,
    WakeProgram,
)

from avatar_app import __version__
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.server.parts import AVATAR
from avatar_app.server.wyoming_service.wake import name_of
from avatar_app.session.served.shared_engines import SharedEngines
from avatar_app.session.served.wake_words import offered_wake_word

_ANY = ["en"]
"""Languages of an engine that names none."""


def describe(engines: SharedEngines) -> Info:
    """Return the services, named by the engines in use."""
    asr, tts, dialogue = (engines.manifests[kind] for kind in (Kind.ASR, Kind.TTS, Kind.DIALOGUE))
    voices = engines.voices() or (tts.name,)
    languages = _languages(tts)
    return Info(
        asr=[AsrProgram(models=[AsrModel(languages=_languages(asr), **_of(asr))], **_program(asr))],
        tts=[
            TtsProgram(
                voices=[
                    TtsVoice(languages=languages, speakers=None, **(_of(tts) | {"name": voice}))
                    for voice in voices
                ],
                **_program(tts),
            )
        ],
        handle=[
            HandleProgram(
                models=[HandleModel(languages=_languages(dialogue), **_of(dialogue))],
                **_program(dialogue),
            )
        ],
        wake=_wake(engines),
    )


def _wake(engines: SharedEngines) -> list[WakeProgram]:
    if (offered := offered_wake_word(engines)) is None:
        return []
    manifest, phrase = offered
    named = _of(manifest) | {"name": name_of(phrase)}
    model = WakeModel(languages=_languages(manifest), phrase=phrase, **named)
    return [WakeProgram(models=[model], **_program(manifest))]


def _languages(manifest: Manifest) -> list[str]:
    return list(manifest.languages) or _ANY


def _of(manifest: Manifest) -> dict[str, Any]:
    return {
        "name": manifest.name,
        "attribution": Attribution(manifest.title, ""),
        "installed": True,
        "description": manifest.title,
        "version": __version__,
    }


def _program(manifest: Manifest) -> dict[str, Any]:
    return _of(manifest) | {"name": AVATAR}
