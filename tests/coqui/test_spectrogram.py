"""GlowTTS and Tacotron 2 speak through HiFi-GAN: words in time, pieces as the whole, no code."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coqui_parts import RATE
from voice_checks import check_words_in_time, sound, spoken

from avatar_app.core.errors import ConfigInvalid, InputInvalid, ModelMissing
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.engines.tts.coqui import hifigan, spectrogram
from avatar_app.engines.tts.coqui.engine import CoquiVoice
from avatar_app.engines.tts.coqui.mel_scale import MelScale, read_statistics

SENTENCE = "Hello there, this is what I said at 10:30."


@pytest.fixture(scope="module", params=["glow_tts", "tacotron2"])
def voice(request: pytest.FixtureRequest) -> Iterator[CoquiVoice]:
    spectrogram._STEPS_A_SIGN = 1  # an untrained Tacotron never ends by itself
    made = CoquiVoice(model=str(request.getfixturevalue(request.param)), threads=1)
    yield made
    made.close()


def test_every_word_has_its_time_and_the_mouth_moves(voice: CoquiVoice) -> None:
    chunks = spoken(voice, SENTENCE)
    check_words_in_time(chunks, SENTENCE)
    assert {chunk.audio.rate for chunk in chunks} == {RATE}
    assert len({viseme.shape for chunk in chunks for viseme in chunk.visemes}) > 3
    assert np.abs(sound(chunks)).max() > 0


def test_pieces_sound_as_the_whole_and_the_seed_decides(
    voice: CoquiVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = sound(spoken(voice, SENTENCE))
    np.testing.assert_array_equal(pieces, sound(spoken(voice, SENTENCE)))
    monkeypatch.setattr(hifigan, "_FIRST_FRAMES", 10_000)
    np.testing.assert_allclose(pieces, sound(spoken(voice, SENTENCE)), atol=0.5 / 32768)
    voice.configure(seed=2)
    other = sound(spoken(voice, SENTENCE))
    voice.configure(seed=1)
    assert not np.array_equal(pieces, other)


def test_speed(voice: CoquiVoice) -> None:
    usual = len(sound(spoken(voice, "one two three four")))
    voice.configure(speed=2.0)
    quick = len(sound(spoken(voice, "one two three four")))
    voice.configure(speed=1.0)
    assert quick == pytest.approx(usual / 2, rel=0.3)


def test_a_cancelled_turn_ends_it_and_nobody_else_speaks(voice: CoquiVoice) -> None:
    turn = Turn(1)
    speech = voice.speak(SENTENCE * 3, turn)
    next(speech)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(speech)
    with pytest.raises(ConfigInvalid, match="no speaker 'p225'"):
        voice.configure(voice="p225")
    assert spoken(voice, "It goes on.")


def test_coquis_own_folders_are_found(glow_tts: Path, tmp_path: Path) -> None:
    model = shutil.copytree(glow_tts, tmp_path / "tts_models--en--ljspeech--glow-tts")
    shutil.move(model / "vocoder", tmp_path / "vocoder_models--en--ljspeech--hifigan_v2")
    voice = CoquiVoice(model=str(model), threads=1)
    assert spoken(voice, "Hi.")
    voice.close()
    shutil.rmtree(tmp_path / "vocoder_models--en--ljspeech--hifigan_v2")
    with pytest.raises(ModelMissing, match="vocoder") as missing:
        CoquiVoice(model=str(model))
    assert missing.value.hint


class Hostile:
    """Unpickled, it makes a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


def test_statistics_are_read_and_never_run(glow_tts: Path, tmp_path: Path) -> None:
    found = read_statistics(glow_tts / "scale_stats.npy")
    assert found["mel_mean"].shape == found["mel_std"].shape == (80,)
    trace, path = tmp_path / "trace", tmp_path / "scale_stats.npy"
    np.save(path, np.array({"mel_mean": Hostile(trace)}, dtype=object), allow_pickle=True)
    with pytest.raises(InputInvalid, match="names"):
        read_statistics(path)
    path.write_bytes(pickle.dumps(Hostile(trace)))
    with pytest.raises(InputInvalid):
        read_statistics(path)
    assert not trace.exists()


def test_spectrograms_are_converted_as_coqui_does() -> None:
    from TTS.config.shared_configs import BaseAudioConfig
    from TTS.utils.audio import AudioProcessor

    mel = np.random.default_rng(1).uniform(-4, 4, (80, 7)).astype(np.float32)
    ranges: list[dict[str, Any]] = [
        {"max_norm": 4.0, "min_level_db": -100, "ref_level_db": 20, "symmetric_norm": True},
        {"max_norm": 1.0, "min_level_db": -80, "ref_level_db": 0, "symmetric_norm": False},
    ]
    one, other = (
        AudioProcessor(BaseAudioConfig(signal_norm=True, clip_norm=True, **each)) for each in ranges
    )
    converted = MelScale.of(one, Path()).to(MelScale.of(other, Path()), mel)
    np.testing.assert_allclose(converted, other.normalize(one.denormalize(mel)), atol=1e-5)
    assert MelScale.of(one, Path()).fits(MelScale(by_statistics=True)) is False
