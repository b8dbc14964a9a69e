"""A tape keeps the words on their sound, at any rate of the voice."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from avatar_app.core.values import PLAYBACK_RATE, AudioChunk, SpeechChunk, Word
from avatar_app.pipeline.output.speech_buffer import SpeechBuffer


def pulse(rate: int, seconds: float, at: float, text: str = "tick") -> SpeechChunk:
    """A word that is one short pulse, `at` seconds into the chunk."""
    times = np.arange(round(seconds * rate)) / rate
    samples = np.exp(-(((times - at) / 0.002) ** 2)).astype(np.float32)
    return SpeechChunk(AudioChunk(samples, rate), text, (Word(text, at, at + 0.05),))


def spoken(tape: SpeechBuffer) -> np.ndarray:
    return tape.read(0, len(tape))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100, 48000])
def test_words_are_located_on_their_sound(rate: int) -> None:
    tape = SpeechBuffer()
    for index in range(20):
        tape.append(pulse(rate, 0.237, 0.05 + 0.005 * index))
    tape.finish()
    sound = spoken(tape)
    assert len(sound) == pytest.approx(20 * round(0.237 * rate) / rate * PLAYBACK_RATE, abs=4)
    for word in tape.words:
        start = round(word.start * PLAYBACK_RATE)
        near = sound[max(start - 1000, 0) : start + 1000]
        peak = int(np.argmax(near)) - min(start, 1000)
        assert abs(peak) <= 48  # a millisecond
        assert near.max() == pytest.approx(1, abs=0.1)


def test_a_voice_may_change_its_rate_in_mid_turn() -> None:
    tape = SpeechBuffer()
    for rate in itertools.islice(itertools.cycle((22050, 48000, 16000)), 12):
        tape.append(pulse(rate, 0.2, 0.1))
    tape.finish()
    assert len(tape) == pytest.approx(12 * 0.2 * PLAYBACK_RATE, abs=60)
    for word in tape.words:
        start = round(word.start * PLAYBACK_RATE)
        assert abs(int(np.argmax(spoken(tape)[start - 1000 : start + 1000])) - 1000) <= 96


def test_chunks_are_joined_without_a_seam() -> None:
    rate = 22050
    tone = np.sin(2 * np.pi * 220 * np.arange(rate) / rate).astype(np.float32)
    whole, parts = SpeechBuffer(), SpeechBuffer()
    whole.append(SpeechChunk(AudioChunk(tone, rate)))
    for piece in np.array_split(tone, 37):
        parts.append(SpeechChunk(AudioChunk(piece, rate)))
    whole.finish()
    parts.finish()
    assert len(whole) == len(parts)
    np.testing.assert_allclose(spoken(parts), spoken(whole), atol=1e-5)


def test_a_word_is_heard_when_more_than_half_of_it_was() -> None:
    tape = SpeechBuffer()
    for text in ("one", "two"):
        sound = AudioChunk(np.ones(9600, np.float32), PLAYBACK_RATE)
        tape.append(SpeechChunk(sound, text, (Word(text, 0.0, 0.2),)))
    counts = [tape.heard_words(position) for position in (0, 4800, 4801, 9600, 14400, 14401)]
    assert counts == [0, 0, 1, 1, 1, 2]


def test_at_the_end_all_words_were_heard() -> None:
    tape = SpeechBuffer()
    sound = AudioChunk(np.ones(4800, np.float32), PLAYBACK_RATE)
    tape.append(SpeechChunk(sound, "late", (Word("late", 0.09, 0.3),)))
    assert tape.heard_words(4800) == 0
    tape.finish()
    assert tape.heard_words(4800) == 1


def test_word_start_is_found() -> None:
    tape = SpeechBuffer()
    words = (Word("one", 0.1, 0.3), Word("two", 0.5, 0.7))
    tape.append(SpeechChunk(AudioChunk(np.ones(48000, np.float32), PLAYBACK_RATE), "", words))
    assert tape.word_start(0) == 0
    assert tape.word_start(4799) == 0
    assert tape.word_start(4800) == 4800
    assert tape.word_start(20000) == 4800  # between the words: the one before is said again
    assert tape.word_start(40000) == 24000


def test_the_buffer_holds_long_speech_and_reads_to_its_end() -> None:
    tape = SpeechBuffer()
    ramp = np.linspace(0, 1, 48000, dtype=np.float32)
    for _ in range(30):
        tape.append(SpeechChunk(AudioChunk(ramp, PLAYBACK_RATE)))
    assert len(tape) == 30 * 48000
    np.testing.assert_array_equal(tape.read(17 * 48000, 48000), ramp)
    assert len(tape.read(30 * 48000 - 100, 480)) == 100
    assert len(tape.read(30 * 48000, 480)) == 0
