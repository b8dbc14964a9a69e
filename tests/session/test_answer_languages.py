"""The voice and the request for an answer in the language that was spoken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.engines.asr.whisper.language import SpokenLanguage
from avatar_app.runtime.engine_set import EngineSet
from avatar_app.runtime.registry import Registry
from avatar_app.session.answer_languages import SpokenLanguages
from avatar_app.settings.schema import EngineChoice

PROMPT = Prompt((Message(Role.SYSTEM, "You are Mira."), Message(Role.USER, "Wie geht es dir?")))


@pytest.fixture
def notices() -> list[Noticed]:
    return []


@pytest.fixture
def languages(notices) -> Iterator[SpokenLanguages]:
    """Those of a conversation whose voice is the built-in English one, without models."""
    engine_set = EngineSet(Registry())
    engine_set.put(Kind.TTS, EngineChoice(engine="espeak"))
    languages = SpokenLanguages(engine_set, notices.append)
    yield languages
    languages.close()
    engine_set.close()


def test_language_request_is_appended_to_the_users_words(languages):
    asked = languages.asked(PROMPT, "de")
    assert asked.messages[0] == PROMPT.messages[0], "what was processed already stays"
    assert asked.user_text == "Wie geht es dir?\n(Answer in German.)"


@pytest.mark.parametrize("language", ["", "en", "xx"])
def test_no_language_request_for_english_or_unknown(languages, language):
    assert languages.asked(PROMPT, language) is PROMPT


def test_current_voice_is_kept_in_its_own_language(languages):
    assert languages.voice("en") is None
    assert languages.voice("") is None


def test_the_built_in_voice_speaks_german_where_no_model_does(languages):
    voice = languages.voice("de")
    assert voice is not None
    assert languages.voice("de") is voice, "it is kept"
    speech = list(voice.speak("Guten Tag.", Turn(1)))
    assert sum(len(chunk.audio.samples) for chunk in speech) > 5_000


def test_language_without_a_voice_is_reported_once(languages, notices):
    assert languages.voice("xx") is None
    assert languages.voice("xx") is None
    assert [notice.message for notice in notices] == ["No installed voice speaks xx."]


def test_language_change_needs_a_longer_sentence():
    heard = [("en", 0.05), ("es", 0.9)]
    assert SpokenLanguage("en").choose(heard, 1.0) == "en", "a second of sound deceives"
    assert SpokenLanguage("en").choose(heard, 4.0) == "es"
