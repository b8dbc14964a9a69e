"""Lips from sound alone: the same for any chunks, closed in silence and for p, b and m."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from avatar_app.core.values import AudioChunk, MouthShape, Samples, SpeechChunk
from avatar_app.engines.face.animation import viseme_network
from avatar_app.engines.face.animation.pose import Mouth
from avatar_app.engines.face.animation.spectrum import BANDS, HOP, Levelling, MelColumns
from avatar_app.engines.face.animation.speech_features import LOOKAHEAD_BY_SOUND, SpeechFeatures
from avatar_app.engines.face.animation.viseme_network import NETWORK, VisemeStream, network
from avatar_app.engines.face.animation.visemes import Segment, blend_visemes
from avatar_app.engines.tts.espeak.library import RATE, Speaker, synthesize
from avatar_app.engines.tts.espeak.visemes import mouth_of

HELD_OUT = "en-us+f2"
"""A variant that the network was not trained on."""
SENTENCE = "My mother bought a big blue umbrella, and then nobody saw the old boat again."


def said(text: str) -> tuple[Samples, list[Segment]]:
    utterance = synthesize(text, Speaker(HELD_OUT), lambda: False)
    track = [Segment(max(at, 0) / RATE, shape) for shape, at in mouth_of(utterance)]
    return (utterance.samples / 32768).astype(np.float32), track


def chunks(samples: Samples, rate: int, seconds: float) -> Iterator[SpeechChunk]:
    step = max(round(seconds * rate), 1)
    for start in range(0, len(samples), step):
        yield SpeechChunk(AudioChunk(samples[start : start + step], rate, start))


def heard(samples: Samples, rate: int = RATE, seconds: float = 0.5) -> SpeechFeatures:
    features = SpeechFeatures()
    for chunk in chunks(samples, rate, seconds):
        features.add(chunk)
    features.end()
    return features


def openings(features: SpeechFeatures, seconds: float) -> np.ndarray:
    return np.array([features.mouth(look / 100).opening for look in range(round(seconds * 100))])


@pytest.mark.parametrize("seconds", [0.003, 0.05, 0.31])
def test_chunks_of_any_length_give_the_same_mouth(seconds: float) -> None:
    samples, _ = said(SENTENCE)
    whole, parts = heard(samples, seconds=60.0), heard(samples, seconds=seconds)
    for look in range(round(len(samples) / RATE * 100)):
        assert parts.mouth(look / 100) == pytest.approx(whole.mouth(look / 100), abs=1e-4)


def test_streamed_mouth_is_final_after_the_look_ahead() -> None:
    samples, _ = said(SENTENCE)
    whole, features = heard(samples), SpeechFeatures()
    for chunk in chunks(samples, RATE, 0.013):
        features.add(chunk)
        if features.known >= 0:
            mouth = whole.mouth(features.known)
            assert features.mouth(features.known) == pytest.approx(mouth, abs=1e-4)


def test_mouth_is_deterministic() -> None:
    samples, _ = said(SENTENCE)
    first, second = (openings(heard(samples), 4.0) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("rate", [8_000, 24_000, 48_000])
def test_mouth_is_nearly_independent_of_the_sample_rate(rate: int) -> None:
    import soxr

    samples, _ = said(SENTENCE)
    seconds = len(samples) / RATE
    other = soxr.resample(samples, RATE, rate)
    likeness = np.corrcoef(
        openings(heard(samples), seconds), openings(heard(other, rate), seconds)
    )[0, 1]
    assert likeness > (0.99 if rate > RATE else 0.95)


@pytest.mark.parametrize("level", [0.0, 0.001, 0.005])
def test_mouth_stays_closed_without_voice(level: float) -> None:
    noise = np.random.default_rng(1).standard_normal(2 * RATE).astype(np.float32) * level
    assert openings(heard(noise), 2.1).max() < 0.03


def test_mouth_closes_in_pauses_and_at_the_end() -> None:
    samples, _ = said("Father saw the car.")
    pause = np.zeros(RATE // 2, np.float32)
    curve = openings(
        heard(np.concatenate([samples, pause, samples])), len(samples) / RATE * 2 + 0.7
    )
    end = round(len(samples) / RATE * 100)
    assert curve[end + 10 : end + 40].max() < 0.02
    assert curve[-5:].max() < 0.02
    assert curve.max() > 0.4


def test_viseme_network_beats_loudness_on_an_unknown_voice() -> None:
    samples, track = said(SENTENCE)
    features = heard(samples, seconds=0.05)
    looks = [look / 100 for look in range(round(len(samples) / RATE * 100))]
    true = [blend_visemes(track, at, Mouth()).opening for at in looks]
    by_sound = np.corrcoef([features.mouth(at).opening for at in looks], true)[0, 1]
    by_loudness = np.corrcoef([features.loudness(at) for at in looks], true)[0, 1]
    assert by_sound > 0.9
    assert by_sound > by_loudness + 0.4


def test_mouth_is_synchronous_with_the_sound() -> None:
    samples, track = said(SENTENCE)
    features = heard(samples, seconds=0.05)
    looks = np.arange(0.1, len(samples) / RATE - 0.1, 0.005)
    true = [blend_visemes(track, at, Mouth()).opening for at in looks]
    lags = np.arange(-0.08, 0.085, 0.005)
    likeness = [
        np.corrcoef([features.mouth(at + lag).opening for at in looks], true)[0, 1] for lag in lags
    ]
    assert abs(lags[int(np.argmax(likeness))]) <= 0.02


def test_lips_close_for_mama_baba_papa() -> None:
    samples, track = said("mama baba papa")
    features = heard(samples, seconds=0.05)
    ends = [*(segment.start for segment in track[1:]), len(samples) / RATE]
    lips = [
        (segment.start, end)
        for segment, end in zip(track, ends, strict=True)
        if segment.shape is MouthShape.PP
    ]
    assert len(lips) == 6
    smallest = [
        min(features.mouth(at).opening for at in np.arange(start, end, 0.01)) for start, end in lips
    ]
    assert sum(opening < 0.08 for opening in smallest) >= 5
    gaps = [np.arange(end, start, 0.01) for (_, end), (start, _) in pairwise(lips)]
    wide = [
        gap for gap in gaps if max(blend_visemes(track, at, Mouth()).opening for at in gap) > 0.8
    ]
    assert len(wide) == 2
    assert all(max(features.mouth(at).opening for at in gap) > 0.5 for gap in wide)


def test_given_visemes_do_not_load_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(viseme_network, "network", lambda: pytest.fail("loaded"))
    from avatar_app.core.values import Viseme

    audio = AudioChunk(np.zeros(RATE, np.float32), RATE)
    features = SpeechFeatures()
    features.add(SpeechChunk(audio, visemes=(Viseme(MouthShape.AA, 0.0),)))
    with pytest.raises(pytest.fail.Exception):
        VisemeStream(RATE)


def test_shipped_network_is_small_and_documents_itself() -> None:
    assert NETWORK.stat().st_size <= 500_000
    facts = network().session.get_modelmeta().custom_metadata_map
    assert facts["classes"].split() == [shape.value for shape in MouthShape]
    assert float(facts["hop_seconds"]) == HOP
    assert float(facts["look_ahead_seconds"]) + HOP <= LOOKAHEAD_BY_SOUND
    assert int(facts["delay_columns"]) == network().delay
    assert facts["training_command"].startswith("python training/visemes/train.py")
    assert network().session.get_inputs()[0].shape[-1] == BANDS


@pytest.mark.parametrize("rate", [16_000, 22_050, 48_000])
def test_mel_of_a_tone_is_independent_of_the_sample_rate(rate: int) -> None:
    at = np.arange(rate) / rate
    columns = MelColumns(rate).add((0.1 * np.sin(2 * np.pi * 700 * at)).astype(np.float32))
    assert len(columns) == 99
    assert np.exp(columns[50]).sum() == pytest.approx(0.0183, rel=0.08)


def test_levelled_mel_columns_hardly_depend_on_the_gain() -> None:
    samples, _ = said(SENTENCE)
    loud, soft = (Levelling().add(MelColumns(RATE).add(samples * gain)) for gain in (0.8, 0.2))
    assert np.abs(loud - soft)[20:].mean() < 0.05
