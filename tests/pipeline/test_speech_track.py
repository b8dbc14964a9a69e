"""A face that takes over hears the rest of the speech on its timeline, and nothing twice."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, MouthShape, SpeechChunk, Viseme, Word
from avatar_app.pipeline.output.speech_track import SpeechTrack, cut
from avatar_app.pipeline.work_tracker import WorkTracker

RATE = 1000


def chunk(start: int, length: int = 400) -> SpeechChunk:
    samples = np.arange(start, start + length, dtype=np.float32)
    words = (Word("one", 0.0, 0.2), Word("two", 0.2, 0.4))
    visemes = (Viseme(MouthShape.AA, 0.0), Viseme(MouthShape.PP, 0.15), Viseme(MouthShape.E, 0.3))
    return SpeechChunk(AudioChunk(samples, RATE, start), "one two", words, visemes)


def script() -> SpeechTrack:
    written = SpeechTrack(WorkTracker())
    for start in (0, 400, 800):
        written.put(chunk(start))
    written.close()
    return written


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.4, 0.44, 0.999, 1.2, 5.0])
def test_the_remaining_speech_is_replayed_once(seconds: float) -> None:
    heard = list(script().since(seconds, Turn(1)))
    samples = np.concatenate([each.audio.samples for each in heard] or [np.zeros(0)])
    assert samples.tolist() == list(range(round(seconds * RATE), 1200))
    for each in heard:
        assert each.audio.start == each.audio.samples[0]


def test_a_chunk_is_cut_with_its_words_and_visemes() -> None:
    rest = cut(chunk(400), 0.65)
    assert rest.text == "two"
    assert rest.words == (Word("two", 0.0, pytest.approx(0.15)),)
    assert [viseme.shape for viseme in rest.visemes] == [MouthShape.PP, MouthShape.E]
    assert [viseme.at for viseme in rest.visemes] == [0.0, pytest.approx(0.05)]


def test_two_faces_get_the_same_speech() -> None:
    written = script()
    first, second = (list(written.since(0.0, Turn(1))) for _ in range(2))
    assert [id(each) for each in first] == [id(each) for each in second]


def test_the_speech_track_ends_with_a_cancelled_turn() -> None:
    part = Turn(1)
    speech = script().since(0.0, part)
    next(speech)
    part.cancel()
    with pytest.raises(TurnCancelled):
        next(speech)


def test_reaches_reports_the_length_of_the_track() -> None:
    written = SpeechTrack(WorkTracker())
    assert not written.reaches(0.1)
    written.put(chunk(0))
    assert written.reaches(0.4)
    assert not written.reaches(0.5)
    written.close()
    assert written.reaches(100.0)
