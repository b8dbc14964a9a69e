"""Recognizer, language model and voice follow the window's language, as far as they are here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from installed import install

from avatar_app.runtime.registry import Registry
from avatar_app.session.language_plan import LanguagePart, LanguagePlan
from avatar_app.session.model_library import ModelLibrary
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths

HEARING, ANSWERS = LanguagePart.HEARING, LanguagePart.ANSWERS
WHISPER = {"asr.engine": "whisper", "asr.options.model": "whisper-base"}
QWEN = {"dialogue.engine": "llama", "dialogue.options.model": "qwen2.5-0.5b"}
KOKORO = {"tts.engine": "kokoro", "tts.options.model": "kokoro-v1.0-int8"}


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def settings(registry: Registry) -> SettingsStore:
    store = SettingsStore(app_paths().settings_file, {})
    store.know_engines(registry.all())
    return store


@pytest.fixture
def library(settings: SettingsStore, registry: Registry) -> Iterator[ModelLibrary]:
    library = ModelLibrary(settings, app_paths(), registry)
    yield library
    library.close()


def plan(library: ModelLibrary, language: str) -> LanguagePlan:
    return library.language_plan(language)


def values(library: ModelLibrary, language: str) -> dict[str, Any]:
    found = plan(library, language)
    assert found.lacking == ()
    return dict(found.settings)


def test_built_in_engines_stay_english_and_a_model_that_would_help_is_named(library) -> None:
    found = plan(library, "de")
    assert found.settings == {}, "nobody reads English answers with a German voice"
    assert found.lacking == (HEARING, ANSWERS)
    assert found.helps is not None
    assert found.helps.kind == "dialogue"
    assert "multilingual" in found.helps.languages


def test_english_needs_nothing(library) -> None:
    assert values(library, "en") == {}


def test_all_that_is_installed_follows(library) -> None:
    install("whisper-base", "qwen2.5-0.5b", "kokoro-v1.0-int8")
    assert values(library, "es") == {
        **WHISPER,
        "asr.options.language": "es",
        **QWEN,
        "tts.engine": "kokoro",
        "tts.options.voice": "ef_dora",
    }
    german = values(library, "de")
    assert german["tts.engine"] == "espeak", "the only one that speaks it"
    assert german["tts.options.language"] == "de"
    assert values(library, "zh")["tts.options.language"] == "cmn"


def test_without_a_recognizer_answers_and_voice_follow(library) -> None:
    install("qwen2.5-0.5b", "kokoro-v1.0-int8")
    found = plan(library, "fr")
    assert found.lacking == (HEARING,)
    assert found.settings == {**QWEN, "tts.engine": "kokoro", "tts.options.voice": "ff_siwis"}
    assert found.helps is not None
    assert found.helps.id == "whisper-base"


def test_what_speaks_the_language_already_stays(library, settings: SettingsStore) -> None:
    install("whisper-base", "whisper-small", "qwen2.5-0.5b", "qwen2.5-1.5b", "kokoro-v1.0-int8")
    chosen = WHISPER | {"asr.options.model": "whisper-small"} | QWEN | KOKORO
    settings.change(chosen | {"tts.options.voice": "ff_siwis"})
    assert values(library, "fr") == {"asr.options.language": "fr"}


def test_a_chosen_model_that_is_gone_counts_for_nothing(library, settings: SettingsStore) -> None:
    install("qwen2.5-0.5b")
    settings.change(WHISPER)
    assert plan(library, "de").lacking == (HEARING,)


def test_a_language_model_for_english_alone_makes_room(library, settings: SettingsStore) -> None:
    install("smollm2-135m", "qwen2.5-0.5b")
    settings.change({"dialogue.engine": "llama", "dialogue.options.model": "smollm2-135m"})
    assert QWEN["dialogue.options.model"] == plan(library, "ar").settings["dialogue.options.model"]


def test_who_speaks_several_languages_is_not_held_to_one(library, settings) -> None:
    install("whisper-base", "qwen2.5-0.5b")
    settings.change(WHISPER | QWEN | {"conversation.answer_in_spoken_language": True})
    assert not any(name.startswith("asr.") for name in values(library, "es"))


def test_back_to_english_the_usual_voice_returns(library, settings: SettingsStore) -> None:
    install("whisper-base", "qwen2.5-0.5b", "kokoro-v1.0-int8")
    settings.change(values(library, "es"))
    english = values(library, "en")
    assert english == {
        "asr.options.language": "en",
        "tts.engine": "kokoro",
        "tts.options.voice": "af_heart",
    }


def test_a_cloned_voice_speaks_the_new_language_itself(library, settings, monkeypatch) -> None:
    install("qwen2.5-0.5b", "xtts-v2")
    library.store.accept(library.catalog().find("xtts-v2"))
    cloned = {"tts.engine": "coqui", "tts.options.model": "xtts-v2", "tts.options.voice": "granny"}
    settings.change(cloned | QWEN)
    assert plan(library, "de").settings == {"tts.options.language": "de"}


def test_a_voice_of_one_language_gives_way(library, settings: SettingsStore) -> None:
    install("qwen2.5-0.5b", "piper-en-us-joe-medium")
    settings.change(QWEN | {"tts.engine": "piper", "tts.options.model": "piper-en-us-joe-medium"})
    assert plan(library, "fr").settings == {
        "tts.engine": "espeak",
        "tts.options.language": "fr",
    }
