"""Smart Turn hears what Whisper's feature extractor hears; other files are refused in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from starter import StarterSet

from avatar_app.core.errors import AvatarError, InputInvalid, ModelMissing
from avatar_app.core.manifest import Kind
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.engines.turn.smart_turn.engine import SmartTurn
from avatar_app.engines.turn.smart_turn.features import LENGTH, VARIANCE_FLOOR, whisper_features
from avatar_app.media.sound_reader import read_sound
from avatar_app.session.offline.simulated_user import silence, trim_silence

DATA = Path(__file__).parents[1] / "data"
SILERO = Path(__file__).parents[2] / "avatar_app/engines/vad/silero/silero_vad_16k.onnx"


def recording(name: str) -> Samples:
    return read_sound(DATA / name, MICROPHONE_RATE).samples


def normalized(samples: Samples) -> Samples:
    """Eight seconds of mean 0 and variance 1, with silence before what is shorter."""
    sound = np.pad(samples[-LENGTH:], (max(0, LENGTH - len(samples)), 0))
    return (sound - sound.mean()) / np.sqrt(sound.var() + VARIANCE_FLOOR)


@pytest.mark.parametrize("name", ["goforward.wav", "librivox-0870.wav", "jfk.flac"])
def test_features_equal_those_of_whispers_extractor(name: str) -> None:
    from faster_whisper.feature_extractor import FeatureExtractor

    samples = recording(name)
    reference = FeatureExtractor(chunk_length=8)(normalized(samples), padding=0)[:, :800]
    assert whisper_features(samples) == pytest.approx(reference, abs=2e-3)
    assert np.abs(whisper_features(samples) - reference).mean() < 1e-5


def test_features_of_silence_are_finite() -> None:
    assert np.isfinite(whisper_features(np.zeros(10, np.float32))).all()
    assert whisper_features(np.zeros(0, np.float32)).shape == (80, 800)


def test_missing_model_is_reported_with_a_hint() -> None:
    with pytest.raises(ModelMissing) as caught:
        SmartTurn()
    assert "models download smart-turn-v3.2" in caught.value.hint


@pytest.mark.parametrize("content", [b"", b"no model", None])
def test_unexpected_file_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = SILERO
    if content is not None:
        path = tmp_path / "other.onnx"
        path.write_bytes(content)
    with pytest.raises(InputInvalid) as caught:
        SmartTurn(str(path))
    assert isinstance(caught.value, AvatarError)
    assert path.name in caught.value.message


@pytest.mark.real_models
def test_smart_turn_distinguishes_a_pause_from_an_end(starter: StarterSet) -> None:
    engine = SmartTurn(str(starter.path(Kind.TURN)))
    kennedy = trim_silence(recording("jfk.flac"))
    pause = silence(0.2)

    def judge(samples: Samples) -> float:
        return engine.probability(AudioChunk(np.concatenate([samples, pause]), MICROPHONE_RATE))

    assert judge(trim_silence(recording("goforward.wav"))) > 0.9
    assert judge(kennedy) > 0.5
    for seconds in (3.39, 3.99, 7.22):  # "ask not", "ask not what", "can do for you,"
        assert judge(kennedy[: round(seconds * MICROPHONE_RATE)]) < 0.2
    engine.close()
