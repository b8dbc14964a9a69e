"""Streams of small chunks are the same speech, and a thread that reads ahead ends with them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from avatar_app.core.errors import ConfigInvalid, EngineFailed
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, MouthShape, SpeechChunk, Viseme, Word
from avatar_app.engines.tts.espeak.engine import EspeakVoice
from avatar_app.settings.schema import EngineChoice
from avatar_app.speech.streaming import in_phonemes, read_ahead
from avatar_app.speech.text_to_speech import TTSEngine, TTSStreamer

TEXT = "Hello there, this is what I say."
RATE = 1000


def chunk(seconds: float, *shapes: float, words: tuple[Word, ...] = ()) -> SpeechChunk:
    samples = np.arange(round(seconds * RATE), dtype=np.float32)
    visemes = tuple(Viseme(MouthShape.AA, at) for at in shapes)
    text = " ".join(word.text for word in words)
    return SpeechChunk(AudioChunk(samples, RATE, 500), text, words, visemes)


def test_a_chunk_is_cut_where_the_mouth_changes() -> None:
    words = (Word("one", 0.0, 0.25), Word("two", 0.25, 0.5))
    whole = chunk(0.5, 0.0, 0.1, 0.2, 0.3, 0.4, words=words)
    pieces = list(in_phonemes([whole], 2))
    assert [piece.audio.start for piece in pieces] == [500, 700, 900]
    assert [piece.text for piece in pieces] == ["one", "two", ""]
    assert [[v.at for v in piece.visemes] for piece in pieces] == [
        [0.0, 0.1],
        pytest.approx([0.0, 0.1]),
        [0.0],
    ]
    assert pieces[1].words[0].start == pytest.approx(0.05)


def test_without_mouth_shapes_it_is_cut_into_equal_parts() -> None:
    pieces = list(in_phonemes([chunk(0.5)], 1))
    assert [len(piece.audio.samples) for piece in pieces] == [80] * 5 + [100]
    assert [len(piece.audio.samples) for piece in in_phonemes([chunk(0.0)], 1)] == [0]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_small_chunks_are_the_same_speech(size: int) -> None:
    usual = list(EspeakVoice().speak(TEXT, Turn(1)))
    small = list(in_phonemes(usual, size))
    samples = [np.concatenate([c.audio.samples for c in each]) for each in (usual, small)]
    np.testing.assert_array_equal(*samples)
    assert [word.text for each in small for word in each.words] == TEXT.split()
    starts = [
        [word.start + each.audio.start / each.audio.rate for each in chunks for word in each.words]
        for chunks in (usual, small)
    ]
    assert starts[0] == pytest.approx(starts[1])
    position = 0
    for each in small:
        assert each.audio.start == position
        position += len(each.audio.samples)
    if size == 1:
        middle = sorted(each.audio.seconds for each in small)[len(small) // 2]
        assert 0.03 < middle < 0.2, "as long as a phoneme"


def test_chunks_are_synthesized_ahead_and_in_order() -> None:
    made: list[int] = []
    enough = threading.Event()

    def numbers(turn: Turn) -> Iterator[SpeechChunk]:
        for number in range(10):
            turn.check()
            made.append(number)
            if len(made) == 4:
                enough.set()
            yield chunk(number / 10)

    stream = read_ahead(numbers, 3, Turn(1))
    first = next(stream)
    assert enough.wait(30), "three more than were taken"
    assert len(made) == 4
    assert [len(each.audio.samples) for each in [first, *stream]] == list(range(0, 1000, 100))


@pytest.mark.parametrize("end", ["closed", "cancelled", "failed"])
def test_the_thread_ends_with_the_stream(end: str) -> None:
    turn, before = Turn(1), threading.active_count()

    def endless(part: Turn) -> Iterator[SpeechChunk]:
        for number in range(1000):
            part.check()
            if end == "failed" and number == 2:
                raise EngineFailed("It broke.", "Try again.")
            yield chunk(0.1)

    stream = read_ahead(endless, 2, turn)
    next(stream)
    match end:
        case "closed":
            stream.close()
        case "cancelled":
            turn.cancel()
            with pytest.raises(TurnCancelled):
                list(stream)
        case "failed":
            with pytest.raises(EngineFailed):
                list(stream)
    assert threading.active_count() == before


def test_a_streamer_has_both_sizes() -> None:
    with TTSEngine(EngineChoice(engine="espeak"), chunk_size=1, buffer_size=4) as tts:
        small = list(tts.synthesize_stream(TEXT))
        left = tts.synthesize_stream(TEXT)
        next(left)
        left.close()
    with TTSStreamer(EngineChoice(engine="espeak")) as tts:
        usual = list(tts.synthesize_stream(TEXT))
    assert len(small) > 3 * len(usual)
    assert sum(each.audio.seconds for each in small) == pytest.approx(
        sum(each.audio.seconds for each in usual)
    )


@pytest.mark.parametrize("sizes", [{"chunk_size": -1}, {"buffer_size": 1001}, {"chunk_size": 1.5}])
def test_impossible_sizes_are_reported(sizes: dict[str, int]) -> None:
    with pytest.raises(ConfigInvalid, match=next(iter(sizes))):
        TTSStreamer(EngineChoice(engine="espeak"), **sizes)
