"""The built-in recognizer understands real recordings while they are spoken."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rapidfuzz.distance import Levenshtein

from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    AudioChunk,
    Samples,
    Transcript,
)
from avatar_app.engines.asr.pocketsphinx.commands import GRAMMAR
from avatar_app.engines.asr.pocketsphinx.engine import PocketsphinxRecognizer

RECORDINGS = Path(__file__).parents[1] / "data"
SAID = {
    "librivox-0870.wav": "and mister john dashwood had then leisure to consider how much"
    " there might be prudently in his power to do for them",
    "goforward.wav": "go forward ten meters",
}


def _recording(name: str) -> Samples:
    return soundfile.read(RECORDINGS / name, dtype="float32")[0]


def _blocks(samples: Samples, length: int = MICROPHONE_BLOCK) -> Iterator[AudioChunk]:
    for start in range(0, len(samples), length):
        yield AudioChunk(samples[start : start + length], MICROPHONE_RATE, start)


@pytest.fixture(scope="module")
def recognizer() -> Iterator[PocketsphinxRecognizer]:
    made = PocketsphinxRecognizer()
    yield made
    made.close()


def _transcripts(recognizer: PocketsphinxRecognizer, samples: Samples) -> list[Transcript]:
    return list(recognizer.transcribe(_blocks(samples), Turn(1)))


def test_utterance_waits_for_the_previous_one_to_end(recognizer):
    """One that was given up has not ended yet when the next one begins."""
    samples = _recording("goforward.wav")
    first, found = recognizer.transcribe(_blocks(samples), Turn(1)), list[Transcript]()
    next(first)
    second = threading.Thread(target=lambda: found.extend(_transcripts(recognizer, samples)))
    second.start()
    *_, final = first
    second.join()
    assert final.text == found[-1].text == SAID["goforward.wav"]


@pytest.mark.parametrize(("name", "errors"), [("librivox-0870.wav", 8), ("goforward.wav", 0)])
def test_recording_is_recognized(recognizer, name, errors):
    *partials, final = _transcripts(recognizer, _recording(name))
    assert final.final
    assert not any(partial.final for partial in partials)
    assert Levenshtein.distance(final.text.split(), SAID[name].split()) <= errors


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("espeak-stop-talking.flac", "stop talking about football"),
        ("espeak-cancel-the-timer.flac", "cancel the timer"),
        ("goforward.wav", "go forward ten meters"),
    ],
)
def test_leading_silence_does_not_count_as_voice(recognizer, name, said):
    """A microphone always brings half a second of it along; -80 dB of hiss are inaudible."""
    speech = np.r_[np.zeros(8000, np.float32), _recording(name)]
    hiss = np.random.default_rng(1).normal(0, 1e-4, len(speech)).astype(np.float32)
    assert _transcripts(recognizer, speech + hiss)[-1].text == said


def test_partial_transcripts_arrive_during_speech(recognizer):
    heard = 0

    def live() -> Iterator[AudioChunk]:
        nonlocal heard
        for block in _blocks(_recording("librivox-0870.wav")):
            heard += 1
            yield block

    seen = [(heard, t.text) for t in recognizer.transcribe(live(), Turn(1)) if not t.final]
    assert len(seen) >= 10
    assert seen[0][0] < 150
    assert all(later[0] - earlier[0] >= 12 for earlier, later in pairwise(seen))
    assert all(later[1] != earlier[1] for earlier, later in pairwise(seen))


def test_blocks_and_the_whole_file_give_the_same_text(recognizer):
    samples = _recording("librivox-0870.wav")
    streamed = _transcripts(recognizer, samples)[-1]
    whole = list(recognizer.transcribe(_blocks(samples, len(samples)), Turn(2)))[-1]
    assert whole.text == streamed.text


def test_recognition_is_independent_of_earlier_utterances():
    recognizer = PocketsphinxRecognizer()
    first = _transcripts(recognizer, _recording("goforward.wav"))[-1]
    _transcripts(recognizer, _recording("librivox-0870.wav"))
    later = _transcripts(recognizer, _recording("goforward.wav"))[-1]
    assert later.words == first.words
    assert later.confidence == pytest.approx(first.confidence, abs=0.02)
    recognizer.close()


def test_words_have_times_in_order_and_make_up_the_text(recognizer):
    final = _transcripts(recognizer, _recording("goforward.wav"))[-1]
    assert " ".join(word.text for word in final.words) == final.text
    times = [time for word in final.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= 2.8


def test_cancelled_turn_stops_immediately_and_recognizer_stays_usable(recognizer):
    turn = Turn(1)
    transcripts = recognizer.transcribe(_blocks(_recording("librivox-0870.wav")), turn)
    next(transcripts)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(transcripts)
    assert _transcripts(recognizer, _recording("goforward.wav"))[-1].text == "go forward ten meters"


def test_recognizer_stays_usable_after_a_closed_generator(recognizer):
    transcripts = recognizer.transcribe(_blocks(_recording("librivox-0870.wav")), Turn(1))
    next(transcripts)
    transcripts.close()
    assert _transcripts(recognizer, _recording("goforward.wav"))[-1].text == "go forward ten meters"


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.3, 2.0])
def test_silence_yields_no_words(recognizer, seconds):
    silence = np.zeros(round(seconds * MICROPHONE_RATE), dtype=np.float32)
    final = _transcripts(recognizer, silence)[-1]
    assert final.final
    assert final.text == ""
    assert final.confidence == 0.0


def _between_silences(samples: Samples) -> Samples:
    generator = np.random.default_rng(4)
    room = 3e-4 * generator.standard_normal(len(samples) + round(0.8 * MICROPHONE_RATE))
    start = round(0.3 * MICROPHONE_RATE)
    room[start : start + len(samples)] += samples
    return room.astype(np.float32)


def _cough(seed: int) -> Samples:
    """A burst of noise through the resonances of a throat, with the shape of a cough."""
    generator = np.random.default_rng(seed)
    time = np.arange(round(0.33 * MICROPHONE_RATE)) / MICROPHONE_RATE
    spectrum = np.fft.rfft(generator.standard_normal(len(time)))
    hertz = np.fft.rfftfreq(len(time), 1 / MICROPHONE_RATE)
    throat = sum(np.exp(-(((hertz - peak) / (0.2 * peak)) ** 2)) for peak in (500, 1200, 2700))
    envelope = np.minimum(time / 0.008, 1) * np.exp(-time / 0.07)
    cough = np.fft.irfft(spectrum * (0.1 + throat), len(time)) * envelope
    return (0.4 * cough / np.abs(cough).max()).astype(np.float32)


def _click() -> Samples:
    click = np.zeros(320, dtype=np.float32)
    click[:8] = (0.6, -0.5, 0.4, -0.3, 0.2, -0.15, 0.1, -0.05)
    return click


def _breath() -> Samples:
    generator = np.random.default_rng(5)
    return (0.02 * generator.standard_normal(12_000) * np.hanning(12_000)).astype(np.float32)


@pytest.mark.parametrize(
    "noise", [*(_cough(seed) for seed in range(2)), _click(), _breath()], ids=range(4)
)
def test_coughs_clicks_and_breath_yield_no_words(recognizer, noise):
    transcripts = _transcripts(recognizer, _between_silences(noise))
    assert [transcript.text for transcript in transcripts] == [""]
    assert transcripts[-1].confidence == 0.0


def test_words_have_higher_confidence_than_a_sustained_tone(recognizer):
    words = _transcripts(recognizer, _recording("goforward.wav"))[-1]
    time = np.arange(MICROPHONE_RATE) / MICROPHONE_RATE
    tone = sum(0.1 / k * np.sin(2 * np.pi * 120 * k * time) for k in range(1, 9))
    hum = _transcripts(recognizer, _between_silences(tone))[-1]
    assert words.confidence > 0.6
    assert hum.confidence < 0.3


@pytest.mark.parametrize("command", ["show the transcript", "cancel the timer"])
def test_known_command_is_recognized_where_free_recognition_fails(recognizer, command):
    name = f"espeak-{command.replace(' ', '-')}.flac"
    *partials, final = _transcripts(recognizer, _recording(name))
    assert partials[-1].text != command
    assert final.text == command
    assert final.confidence > 0.5


def test_sentence_beginning_like_a_command_is_not_a_command(recognizer):
    final = _transcripts(recognizer, _recording("espeak-stop-talking.flac"))[-1]
    assert "football" in final.text


def test_every_command_word_is_in_the_dictionary(recognizer):
    rules = GRAMMAR.read_text("utf-8").split("grammar commands;")[1]
    words = set(re.findall(r"[a-z']+", re.sub(r"//.*|<\w+>|public", "", rules)))
    assert len(words) > 100
    assert [word for word in sorted(words) if not recognizer._decoder.lookup_word(word)] == []
