"""The voice of the starter set: it sounds as published, words are in time, blends lie between."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from starter import StarterSet

from avatar_app.bench.log_mel import mel_distance
from avatar_app.bench.word_errors import normalize_words
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk
from avatar_app.engines.asr.whisper.loading import load
from avatar_app.engines.tts.kokoro.engine import KokoroVoice
from avatar_app.engines.tts.kokoro.graph import prepare_graph
from avatar_app.engines.tts.kokoro.loading import RATE
from avatar_app.media.resample import resampled
from avatar_app.performance import voice_trial
from avatar_app.performance.voice_trial import VoiceTrial
from avatar_app.runtime.registry import Registry
from avatar_app.storage.measurements import Measurements
from avatar_app.system.paths import app_paths
from avatar_app.voices.speaker_embedding import Embeddings, distance, embed

SENTENCE = "The weather will be nice tomorrow, with some clouds in the afternoon and a light wind."
GREETING = "ɡʊd mˈɔːɹnɪŋ pˈiːɾɚ."
NEAR = 2.0
"""dB; quantization itself is 1.4 to 3.9 away from floats."""

pytestmark = [pytest.mark.real_models, pytest.mark.slow, pytest.mark.timeout(600)]


def test_optimized_graph_sounds_like_the_published_one(starter: StarterSet) -> None:
    voice = KokoroVoice(model=str(starter.path(Kind.TTS)))
    model = voice._model
    assert model is not None
    tokens = [0, *model.kokoro.tokenizer.tokenize(GREETING), 0]
    graph = next(starter.path(Kind.TTS).glob("*.onnx"))
    inputs = {
        "tokens": np.array([tokens], np.int64),
        "style": model.voices["af_heart"][len(tokens) - 3],
        "speed": np.ones(1, np.float32),
    }
    sounds = [
        np.ravel(onnxruntime.InferenceSession(source).run(None, inputs)[0])
        for source in (str(graph), prepare_graph(graph))
    ]
    assert mel_distance(sounds[0], sounds[1], RATE) < NEAR


def test_words_begin_where_a_recognizer_hears_them_and_lips_move(starter: StarterSet) -> None:
    voice = KokoroVoice(model=str(starter.path(Kind.TTS)), threads=1)
    chunks = list(voice.speak(SENTENCE, Turn(0)))
    told = [word.start + chunk.audio.start / RATE for chunk in chunks for word in chunk.words]
    spoken = AudioChunk(np.concatenate([chunk.audio.samples for chunk in chunks]), RATE)
    whisper = load(starter.path(Kind.ASR), "cpu", "int8", 1)
    sound = resampled(spoken, MICROPHONE_RATE).samples
    segments, _ = whisper.transcribe(sound, language="en", word_timestamps=True)
    heard = [word for segment in segments for word in segment.words or ()]
    assert normalize_words("".join(word.word for word in heard)) == normalize_words(SENTENCE)
    apart = [abs(word.start - start) for word, start in zip(heard, told, strict=True)]
    assert np.median(apart) < 0.2
    assert len({viseme.shape for chunk in chunks for viseme in chunk.visemes}) > 8


def test_a_blend_lies_between_its_voices(starter: StarterSet) -> None:
    voice = KokoroVoice(model=str(starter.path(Kind.TTS)), threads=1)
    names = ["af_heart", "am_adam"]
    said: dict[float, Embeddings] = {}
    for share in (0.0, 0.3, 0.7, 1.0):
        shares = {name: part for name, part in zip(names, (1 - share, share), strict=True) if part}
        voice.configure(voice=KokoroVoice.blend(shares))
        chunks = list(voice.speak(SENTENCE, Turn(0)))
        sound = AudioChunk(np.concatenate([chunk.audio.samples for chunk in chunks]), RATE)
        said[share] = embed(resampled(sound, MICROPHONE_RATE).samples)
    from_heart = [distance(said[0.0], each) for each in said.values()]
    from_adam = [distance(said[1.0], each) for each in said.values()]
    assert from_heart == sorted(from_heart)
    assert from_adam == sorted(from_adam, reverse=True)


def test_a_voice_slower_than_a_conversation_wants_is_recognized_by_speaking(
    starter: StarterSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVATAR_DATA_DIR", str(tmp_path))
    starter.link(tmp_path / "models")
    models = {model.kind: model for model in starter.models}
    trial = VoiceTrial(Registry(), app_paths())
    assert trial.slowness(models[Kind.ASR]) is None, "no voice"
    monkeypatch.setattr(voice_trial, "ENOUGH", 1e-3)
    slow = trial.slowness(models[Kind.TTS])
    assert slow is not None
    assert slow.message.startswith(f"{models[Kind.TTS].title} needs ")
    with closing(Measurements.of(app_paths())) as measurements:
        [kept] = measurements.trials(Kind.TTS, models[Kind.TTS].engine).values()
    assert f"needs {kept.realtime_factor:.1f} s" in slow.message
    monkeypatch.setattr(voice_trial, "ENOUGH", 1e3)
    assert trial.slowness(models[Kind.TTS]) is None
