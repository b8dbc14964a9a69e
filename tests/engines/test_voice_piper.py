"""Piper says every word in time, its lips by the graph's durations, and stops when told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from voice_checks import ODD, SENTENCE, check_words_in_time, sound, spoken, starts

from avatar_app.bench.scripted.piper import RATE, SAMPLES, write_piper
from avatar_app.core.errors import ConfigInvalid, InputInvalid, ModelMissing
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import MouthShape
from avatar_app.engines.tts.piper.engine import PiperVoice
from avatar_app.engines.tts.speech.ipa import phonemizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_piper(tmp_path_factory.mktemp("piper"))


@pytest.fixture(scope="module")
def voice(folder: Path) -> PiperVoice:
    return PiperVoice(model=str(folder))


@pytest.fixture(scope="module")
def silent_about_time(tmp_path_factory: pytest.TempPathFactory) -> PiperVoice:
    return PiperVoice(model=str(write_piper(tmp_path_factory.mktemp("untold"), durations=False)))


@pytest.mark.parametrize("text", [SENTENCE, *ODD])
@pytest.mark.parametrize("which", ["voice", "silent_about_time"])
def test_words_have_times(which: str, text: str, request: pytest.FixtureRequest) -> None:
    check_words_in_time(spoken(request.getfixturevalue(which), text), text)


def test_words_and_visemes_follow_the_durations_of_the_graph(voice: PiperVoice) -> None:
    chunks = spoken(voice, "Papa may.")
    numbers = 2 + 2 * len("pˈɑːpə ")  # the beginning, and each phoneme with a pad behind it
    assert starts(chunks)[1] == pytest.approx(numbers * SAMPLES / RATE, abs=0.01)
    shapes = [viseme.shape for chunk in chunks for viseme in chunk.visemes]
    assert [shape for shape in shapes if shape is not MouthShape.SIL][:2] == [
        MouthShape.PP,
        MouthShape.AA,
    ]


def test_visemes_are_missing_without_durations(silent_about_time: PiperVoice) -> None:
    assert not any(chunk.visemes for chunk in spoken(silent_about_time, SENTENCE))


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_speed_changes_the_duration(voice: PiperVoice, speed: float) -> None:
    usual = sum(chunk.audio.seconds for chunk in spoken(voice, SENTENCE))
    voice.configure(speed=speed)
    took = sum(chunk.audio.seconds for chunk in spoken(voice, SENTENCE))
    voice.configure(speed=1.0)
    assert took == pytest.approx(usual / speed, rel=0.1)


def test_speaker_of_a_multi_speaker_model_can_be_chosen(tmp_path: Path) -> None:
    model = str(write_piper(tmp_path, speakers=True))
    assert PiperVoice.speakers(model=model) == ("anna", "bert")
    voice = PiperVoice(model=model, voice="anna")
    quiet = np.abs(sound(spoken(voice, "Hello."))).max()
    for name in ("bert", "1"):
        voice.configure(voice=name)
        assert np.abs(sound(spoken(voice, "Hello."))).max() > 2 * quiet
    with pytest.raises(ConfigInvalid) as refusal:
        voice.configure(voice="carl")
    assert "anna" in refusal.value.hint
    assert spoken(voice, "Still here.")


def test_numerals_are_spoken_as_words(voice: PiperVoice) -> None:
    said, spelled = spoken(voice, "It costs $5."), spoken(voice, "It costs five dollars.")
    assert [word.text for chunk in said for word in chunk.words] == ["It", "costs", "$5."]
    assert len(sound(said)) == len(sound(spelled))


def test_punctuation_is_kept_in_the_phonemes() -> None:
    read = phonemizer()
    assert read(["Hello, world! “Yes”"], "en-us") == ["həlˈoʊ, wˈɜːld! “jˈɛs”"]
    assert read(["", "…"], "de") == ["", "…"]
    with pytest.raises(ConfigInvalid):
        read(["x"], "no such language")


def test_cancelled_turn_stops_synthesis(voice: PiperVoice) -> None:
    turn = Turn(1)
    chunks = voice.speak(SENTENCE * 3, turn)
    next(chunks)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(chunks)
    network, stopped = voice._network, Turn(2)
    assert network is not None
    stopped.cancel()  # the graph is asked to run, and ends
    with pytest.raises(TurnCancelled):
        network.synthesize("həlˈoʊ", 0, 1.0, stopped)
    assert spoken(voice, "It goes on.")


@pytest.mark.parametrize(
    "damage", ["no graph", "no description", "broken graph", "broken description", "other reader"]
)
def test_a_missing_or_damaged_model_is_reported(tmp_path: Path, damage: str) -> None:
    folder = write_piper(tmp_path / "model")
    graph, described = folder / "en_US-test.onnx", folder / "en_US-test.onnx.json"
    match damage:
        case "no graph":
            graph.unlink()
        case "no description":
            described.unlink()
        case "broken graph":
            graph.write_bytes(graph.read_bytes()[:1000])
        case "broken description":
            described.write_text("{}")
        case "other reader":
            other = json.loads(described.read_text()) | {"phoneme_type": "text"}
            described.write_text(json.dumps(other))
    with pytest.raises((ModelMissing, InputInvalid)) as error:
        PiperVoice(model=str(folder))
    assert "avatar-app models download" in error.value.hint
