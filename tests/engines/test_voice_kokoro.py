"""Kokoro says every word in time, alike with the same seed, in any blend, and stops when told."""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from voice_checks import ODD, SENTENCE, check_words_in_time, sound, spoken, starts

from avatar_app.bench.scripted.kokoro import PHONEME, VOICES, write_kokoro
from avatar_app.core.errors import ConfigInvalid, InputInvalid, ModelMissing
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import MouthShape
from avatar_app.engines.tts.kokoro.engine import KokoroVoice
from avatar_app.engines.tts.kokoro.voices import language_of, parts_of, style_of
from avatar_app.engines.tts.speech.phrases import gather_phrases, phrases_of
from avatar_app.engines.tts.speech.reading import read

RATE = 24_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_kokoro(tmp_path_factory.mktemp("kokoro"))


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> KokoroVoice:
    """Its graph tells the phonemes' durations."""
    return KokoroVoice(model=str(write_kokoro(tmp_path_factory.mktemp("told"), durations=True)))


@pytest.fixture(scope="module")
def voice(folder: Path) -> KokoroVoice:
    return KokoroVoice(model=str(folder))


@pytest.mark.parametrize("text", [SENTENCE, *ODD])
@pytest.mark.parametrize("which", ["voice", "telling"])
def test_words_have_times(which: str, text: str, request: pytest.FixtureRequest) -> None:
    check_words_in_time(spoken(request.getfixturevalue(which), text), text)


def test_words_begin_where_the_graph_says_their_phonemes_do(telling: KokoroVoice) -> None:
    chunks = spoken(telling, "Papa may.")
    phonemes = len("pˈɑːpə ")
    assert starts(chunks)[1] - starts(chunks)[0] == pytest.approx(
        phonemes * PHONEME / RATE, abs=0.01
    )


def test_without_durations_words_share_the_sound_in_proportion(
    voice: KokoroVoice, telling: KokoroVoice
) -> None:
    known, guessed = starts(spoken(telling, SENTENCE)), starts(spoken(voice, SENTENCE))
    assert max(abs(a - b) for a, b in zip(known, guessed, strict=True)) < 0.6


def test_visemes_require_durations_from_the_graph(voice: KokoroVoice, telling: KokoroVoice) -> None:
    assert not any(chunk.visemes for chunk in spoken(voice, SENTENCE))
    shapes = [viseme.shape for chunk in spoken(telling, "Papa.") for viseme in chunk.visemes]
    assert [shape for shape in shapes if shape is not MouthShape.SIL][:2] == [
        MouthShape.PP,
        MouthShape.AA,
    ]


def test_words_joined_by_espeak_are_separated(voice: KokoroVoice) -> None:
    model = voice._model
    assert model is not None
    phrase = next(gather_phrases(phrases_of("of the of the house")))
    reading = read(phrase, model.phonemize, "en-us")
    pieces = [reading.phonemes[a:] for a in reading.starts]
    assert [piece[:2] for piece in pieces] == ["ʌv", "ðɪ", "ʌv", "ðə", "hˈ"]


def test_synthesis_is_deterministic_with_the_same_seed(tmp_path: Path) -> None:
    noisy = str(write_kokoro(tmp_path, noise=0.01))
    once, again, other = (
        sound(spoken(KokoroVoice(model=noisy, seed=seed), SENTENCE)) for seed in (7, 7, 8)
    )
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_blended_voice_lies_between_its_voices(voice: KokoroVoice) -> None:
    loudness = {}
    for name in ("af_heart", "am_adam", "af_heart:0.5+am_adam:0.5"):
        voice.configure(voice=name)
        loudness[name] = float(np.abs(sound(spoken(voice, "Hello."))).max())
    voice.configure(voice="af_heart")
    heart, adam, both = loudness.values()
    assert both == pytest.approx((heart + adam) / 2, rel=0.02)
    assert parts_of("a:3+b:1") == {"a": 0.75, "b": 0.25}


def test_a_blend_is_the_weighted_mean_of_styles(voice: KokoroVoice) -> None:
    assert voice._model is not None
    styles = voice._model.voices
    mixed = style_of(KokoroVoice.blend({"af_heart": 0.7, "am_adam": 0.3}), styles)
    mean = 0.7 * styles["af_heart"] + 0.3 * styles["am_adam"]
    assert mixed == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("name", ["", "nobody", "af_heart:x", "af_heart:-1+am_adam", "+", "a:nan"])
def test_unknown_voice_is_refused(voice: KokoroVoice, name: str) -> None:
    with pytest.raises(ConfigInvalid) as refusal:
        voice.configure(voice=name)
    assert refusal.value.hint
    assert spoken(voice, "Still here.")


def test_language_follows_the_voice() -> None:
    assert language_of("bf_emma", "auto") == "en-gb"
    assert language_of("if_sara:0.7+af_heart:0.3", "auto") == "it"
    assert language_of("jf_alpha", "en-us") == "en-us"
    with pytest.raises(ConfigInvalid, match="Japanese"):
        language_of("jf_alpha", "auto")
    styles = {name: np.zeros((2, 1, 256), np.float32) for name in VOICES}
    assert style_of("if_sara", styles).shape == (2, 1, 256)


@pytest.mark.parametrize("speed", [0.5, 2.0])
def test_speed_changes_the_duration(voice: KokoroVoice, speed: float) -> None:
    usual = sum(chunk.audio.seconds for chunk in spoken(voice, SENTENCE))
    voice.configure(speed=speed)
    chunks = spoken(voice, SENTENCE)
    voice.configure(speed=1.0)
    assert sum(chunk.audio.seconds for chunk in chunks) == pytest.approx(usual / speed, rel=0.1)


def test_pitch_and_volume_do_not_move_words(telling: KokoroVoice) -> None:
    before = spoken(telling, SENTENCE)
    telling.configure(pitch=5.0, volume=0.5, expressiveness=1.5)
    after = spoken(telling, SENTENCE)
    telling.configure(pitch=0.0, volume=1.0, expressiveness=1.0)
    assert starts(after) == pytest.approx(starts(before), abs=0.001)
    assert len(sound(after)) == len(sound(before))


def test_cancelled_turn_stops_during_inference(voice: KokoroVoice) -> None:
    turn = Turn(1)
    chunks = voice.speak(SENTENCE, turn)
    next(chunks)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(chunks)
    model = voice._model
    assert model is not None
    style = style_of("af_heart", model.voices)
    stopped = Turn(2)
    running = threading.Event()

    class Slow:
        """Cancels once the graph is asked to run: what it computes is thrown away."""

        def __getattr__(self, name: str) -> Any:
            return getattr(model.session, name)

        def run(self, names: Any, inputs: Any) -> Any:
            running.set()
            stopped.cancel()
            return model.session.run(names, inputs)

    session_before, model.kokoro.sess = model.kokoro.sess, Slow()
    with pytest.raises(TurnCancelled):
        model.synthesize("həlˈoʊ", style, 1.0, stopped)
    model.kokoro.sess = session_before
    assert running.is_set()
    assert spoken(voice, "It goes on.")


def test_late_cancellation_does_not_affect_the_next_turn(voice: KokoroVoice) -> None:
    first, second = Turn(1), Turn(2)
    list(voice.speak("One.", first))
    speech = voice.speak("Two. Three.", second)
    next(speech)
    first.cancel()
    assert list(speech)
    assert spoken(voice, "Four.")


@pytest.mark.parametrize(
    "damage",
    ["no model", "no voices", "broken graph", "broken voices", "cut voices", "one array", "wrong"],
)
def test_a_missing_or_damaged_model_is_reported(tmp_path: Path, damage: str) -> None:
    folder = write_kokoro(tmp_path / "model")
    graph, voices = folder / "kokoro-v1.0.onnx", folder / "voices-v1.0.bin"
    match damage:
        case "no model":
            graph.unlink()
        case "no voices":
            voices.unlink()
        case "broken graph":
            graph.write_bytes(graph.read_bytes()[:1000])
        case "broken voices":
            voices.write_bytes(b"\x80\x04N." * 10)  # a pickle is never loaded
        case "cut voices":
            voices.write_bytes(voices.read_bytes()[:-30])
        case "one array":
            with voices.open("wb") as file:
                np.save(file, np.zeros((3, 1, 256), np.float32))
        case "wrong":
            with voices.open("wb") as file:
                np.savez(file, af_heart=np.zeros((3, 7), np.float32))
    with pytest.raises((ModelMissing, InputInvalid)) as error:
        KokoroVoice(model=str(folder))
    assert "avatar-app models download" in error.value.hint
    del error
    gc.collect()  # a file that was left open would warn


def test_spoken_words_keep_their_written_form(voice: KokoroVoice) -> None:
    chunks = spoken(voice, "It costs $5.")
    assert [word.text for chunk in chunks for word in chunk.words] == ["It", "costs", "$5."]
    longer = spoken(voice, "It costs five dollars.")
    assert len(sound(chunks)) == len(sound(longer))
