"""A reference is judged by what is heard: real recordings pass, each fault has its sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from spoken import HER, HIM, STORY, spoken, written

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.media.sound_reader import read_sound
from avatar_app.voices import speaker_embedding
from avatar_app.voices.cloning import raise_failed
from avatar_app.voices.consent import FARTHEST
from avatar_app.voices.reference import checks, read_reference

DATA = Path(__file__).parents[1] / "data"
PRESIDENT, READER, READER_AGAIN = "jfk.flac", "librivox-0870.wav", "librivox-0890.wav"


def heard(name: str) -> Samples:
    return read_sound(DATA / name).samples


def noisy(samples: Samples) -> Samples:
    noise = np.random.default_rng(1).normal(0, 0.05, len(samples))
    return (samples + noise).astype(np.float32)


def too_loud(samples: Samples) -> Samples:
    return np.clip(samples * 20, -1, 1)


def followed_by_another(samples: Samples) -> Samples:
    return np.concatenate([samples[: 6 * MICROPHONE_RATE], heard(READER)])


@pytest.mark.parametrize("name", [PRESIDENT, READER, READER_AGAIN])
def test_real_recordings_of_one_person_pass(name: str) -> None:
    found = list(checks(read_reference(DATA / name)))
    assert [check.name for check in found if not check.passed] == []
    assert {check.name for check in found} == {
        "length",
        "speech",
        "level",
        "clipping",
        "noise",
        "one speaker",
    }


@pytest.mark.parametrize(
    ("spoil", "fault", "hint"),
    [
        (lambda sound: sound * np.float32(0.004), "level", "closer to the microphone"),
        (too_loud, "clipping", "turn the microphone down"),
        (noisy, "noise", "where it is quiet"),
        (followed_by_another, "one speaker", "Only the person who consents"),
        (lambda sound: np.zeros_like(sound), "speech", "at least 2 seconds of speech"),
    ],
)
def test_each_recording_fault_has_its_message(
    spoil: Callable[[Samples], Samples], fault: str, hint: str, tmp_path: Path
) -> None:
    path = written(tmp_path / "spoilt.wav", spoil(heard(PRESIDENT)))
    found = tuple(checks(read_reference(path)))
    assert fault in [check.name for check in found if not check.passed]
    assert hint in next(check.hint for check in found if check.name == fault)
    with pytest.raises(InputInvalid, match="The reference cannot be used"):
        raise_failed(found)


@pytest.mark.parametrize("seconds", [2.9, 30.1])
def test_too_short_and_too_long_recordings_are_reported(seconds: float, tmp_path: Path) -> None:
    silence = np.zeros(round(seconds * MICROPHONE_RATE), np.float32)
    with pytest.raises(InputInvalid, match=f"is {seconds} s long"):
        read_reference(written(tmp_path / "odd.wav", silence))


def test_embeddings_of_one_person_are_closer_than_of_others() -> None:
    embedded = {
        name: speaker_embedding.embed(heard(name)) for name in (PRESIDENT, READER, READER_AGAIN)
    }
    assert speaker_embedding.distance(embedded[READER], embedded[READER_AGAIN]) < FARTHEST
    for name in (READER, READER_AGAIN):
        assert speaker_embedding.distance(embedded[PRESIDENT], embedded[name]) > 1.5 * FARTHEST


def test_embeddings_are_of_length_one_and_hardly_depend_on_the_level() -> None:
    sound = heard(READER)
    embeddings = speaker_embedding.embed(sound)
    assert embeddings.shape[1:] == (256,)
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    quieter = speaker_embedding.embed(sound * np.float32(0.3))
    assert speaker_embedding.distance(embeddings, quieter) < 0.05


def test_synthesized_speakers_are_distinguished() -> None:
    her, him = (
        speaker_embedding.embed(spoken(STORY, HER)),
        speaker_embedding.embed(spoken(STORY, HIM)),
    )
    assert speaker_embedding.distance(her, him) > FARTHEST


def test_clicks_and_silence_have_no_speaker_embedding() -> None:
    ticks = np.arange(4 * MICROPHONE_RATE)
    assert len(speaker_embedding.embed(np.zeros(len(ticks), np.float32))) == 0
    clicks = (ticks % MICROPHONE_RATE == 0).astype(np.float32)
    assert len(speaker_embedding.embed(clicks)) == 0
