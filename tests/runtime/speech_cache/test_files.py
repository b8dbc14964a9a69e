"""What a voice says often is kept: the same speech without the voice, whatever becomes of files."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avatar_app.bench.scripted.kokoro import write_kokoro
from avatar_app.core.events import Noticed
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import SpeechChunk
from avatar_app.engines.tts.espeak.engine import EspeakVoice
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.loading import load_engines
from avatar_app.runtime.registry import Registry
from avatar_app.runtime.speech_cache.cached_voice import (
    CachedSynthesizer,
    speech_cache_from,
    with_cache,
)
from avatar_app.runtime.speech_cache.files import SpeechCache
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import app_paths

TEXT = "Hello there, what can I do for you?"


class Counting(EspeakVoice):
    """Counts what it is asked to say, and says the same text in the same way: espeak-ng's breath is
    drawn by lot where another library of the process keeps it loaded."""

    def __init__(self, **options: Any) -> None:
        self.asked: list[str] = []
        self._as_before: dict[str, list[SpeechChunk]] = {}
        super().__init__(**options)

    def configure(self, **options: Any) -> None:
        super().configure(**options)
        self._as_before.clear()

    def speak(self, text: str, turn: Turn) -> Iterator[SpeechChunk]:
        self.asked.append(text)
        if text not in self._as_before:
            self._as_before[text] = list(super().speak(text, turn))
        for chunk in self._as_before[text]:
            turn.check()
            yield chunk


@pytest.fixture
def sentences(tmp_path: Path) -> SpeechCache:
    return SpeechCache(tmp_path / "sentences")


@pytest.fixture
def voice(sentences: SpeechCache) -> CachedSynthesizer:
    return CachedSynthesizer(Counting(), "espeak", {}, sentences)


def asked(voice: CachedSynthesizer) -> list[str]:
    engine = voice._voice
    assert isinstance(engine, Counting)
    return engine.asked


def said(voice: Any, text: str = TEXT) -> list[SpeechChunk]:
    return list(voice.speak(text, Turn(1)))


def files(sentences: SpeechCache, ending: str) -> list[Path]:
    return sorted(sentences.folder.glob(f"*.{ending}"))


def test_a_repeated_sentence_comes_from_the_cache(
    voice: CachedSynthesizer, sentences: SpeechCache
) -> None:
    first = said(voice)
    assert not files(sentences, "npz")
    said(voice)
    again = said(voice)
    assert asked(voice) == [TEXT, TEXT]
    assert len(first) == len(again) > 2
    for one, other in zip(first, again, strict=True):
        assert (one.text, one.words, one.visemes) == (other.text, other.words, other.visemes)
        assert (one.audio.rate, one.audio.start) == (other.audio.rate, other.audio.start)
        np.testing.assert_allclose(one.audio.samples, other.audio.samples, atol=0.6 / 32767)
    assert not files(sentences, "once")
    assert b"Hello" not in b"".join(path.read_bytes() for path in sentences.folder.iterdir())


def test_options_and_model_are_part_of_the_cache_key(
    sentences: SpeechCache, tmp_path: Path
) -> None:
    voice = CachedSynthesizer(Counting(), "espeak", {"model": str(tmp_path / "m")}, sentences)
    for _ in range(3):
        said(voice)
    voice.configure(speed=2.0)
    assert sum(c.audio.seconds for c in said(voice)) < 1.5
    voice.configure(speed=1.0)
    said(voice)  # once with the speed told, and before without
    before = len(asked(voice))
    (tmp_path / "m").touch()
    said(voice)
    assert len(asked(voice)) == before + 1


@pytest.mark.parametrize(
    "damage", ["empty", "cut", "last byte", "pickle", "folder", "array", "another"]
)
def test_a_damaged_cache_file_is_synthesized_again(
    voice: CachedSynthesizer, sentences: SpeechCache, damage: str
) -> None:
    usual = said(voice)
    said(voice)
    (path,) = files(sentences, "npz")
    content = path.read_bytes()
    match damage:
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(content[: len(content) // 2])
        case "last byte":
            path.write_bytes(content[:-1])
        case "pickle":
            path.write_bytes(pickle.dumps({"samples": [1]}))
        case "folder":
            path.unlink()
            path.mkdir()
        case "array":
            with path.open("wb") as file:
                np.save(file, np.zeros(3))
        case "another":
            with path.open("wb") as file:
                np.savez(file, words=np.zeros((1, 2)))
    again = said(voice)
    assert asked(voice) == [TEXT] * 3
    assert [chunk.words for chunk in again] == [chunk.words for chunk in usual]


def test_the_cache_stays_within_its_size_limit(sentences: SpeechCache) -> None:
    small = SpeechCache(sentences.folder, most_bytes=300_000)
    voice = CachedSynthesizer(Counting(), "espeak", {}, small)
    for number in range(8):
        for _ in range(2):
            said(voice, f"This is the sentence that has number {number}.")
    cached = files(sentences, "npz")
    assert 1 <= len(cached) < 8
    assert sum(path.stat().st_size for path in cached) <= 300_000
    before = len(asked(voice))
    said(voice, "This is the sentence that has number 7.")
    assert len(asked(voice)) == before  # the latest stayed


def test_a_cancelled_or_long_text_is_not_cached(
    voice: CachedSynthesizer, sentences: SpeechCache
) -> None:
    for _ in range(3):
        turn = Turn(1)
        speech = voice.speak(TEXT, turn)
        next(speech)
        turn.cancel()
        with pytest.raises(TurnCancelled):
            list(speech)
        said(voice, "word " * 60)
    assert not sentences.folder.exists()
    for _ in range(2):
        said(voice)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(voice.speak(TEXT, turn))


def test_full_disk_does_not_affect_speech(voice: CachedSynthesizer, sentences: SpeechCache) -> None:
    sentences.folder.write_bytes(b"in the way")
    for _ in range(3):
        assert [word.text for chunk in said(voice) for word in chunk.words] == TEXT.split()


def test_a_cloned_voice_is_not_cached(sentences: SpeechCache, tmp_path: Path) -> None:
    voice = CachedSynthesizer(Counting(), "espeak", {"voice": str(tmp_path)}, sentences)
    for _ in range(3):
        said(voice)
    assert len(asked(voice)) == 3
    assert not sentences.folder.exists()


def test_clearing_deletes_all_sentences(voice: CachedSynthesizer, sentences: SpeechCache) -> None:
    sentences.forget()
    for _ in range(2):
        said(voice)
    said(voice, "Something else.")
    sentences.forget()
    assert list(sentences.folder.iterdir()) == []


@pytest.mark.parametrize("keep", [True, False])
def test_caching_follows_the_setting_history_keep(tmp_path: Path, *, keep: bool) -> None:
    model = str(write_kokoro(tmp_path / "model"))
    overrides = {
        "history.keep": keep,
        "tts.engine": "kokoro",
        "tts.options.model": model,
        "tts.options.threads": 1,
    }
    settings, _ = load_settings(overrides=overrides)
    notices: list[Noticed] = []
    engines = load_engines(settings, Registry(), notices.append)
    try:
        for _ in range(3):
            said(engines.engines[Kind.TTS])
    finally:
        engines.close()
    assert speech_cache_from(app_paths()).folder.is_dir() is keep
    assert not notices


def test_only_slow_voices_are_cached_in_their_process(tmp_path: Path) -> None:
    registry = Registry()
    quick = registry.find(Kind.TTS, "espeak")
    engine = EspeakVoice()
    assert with_cache(engine, quick, {}, app_paths()) is engine
    slow = registry.find(Kind.TTS, "kokoro")
    options = {"model": str(write_kokoro(tmp_path / "model")), "threads": 1}
    hosted = create_engine(registry, slow, options)
    try:
        spoken = [said(hosted, "Hello there.") for _ in range(3)]
    finally:
        hosted.close()
    assert len({json.dumps([c.text for c in chunks]) for chunks in spoken}) == 1
    assert len(files(speech_cache_from(app_paths()), "npz")) == 1
