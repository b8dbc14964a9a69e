"""The built-in voice says every word, in time, with a mouth that fits, and stops when told."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avatar_app.core.errors import ConfigInvalid, ModelMissing
from avatar_app.core.manifest import Manifest, parse_manifest
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import MouthShape, Samples, SpeechChunk, Viseme, Word
from avatar_app.engines.tts.espeak import engine
from avatar_app.engines.tts.espeak.engine import VOICES, EspeakVoice
from avatar_app.engines.tts.speech.phrases import clean, phrases_of

RATE = 22_050
SENTENCE = "The quick brown fox jumps over the lazy dog near the river bank."
ODD = (
    "-",
    "👍",
    "42 €, 3.5kg (e.g. naïve) … *bold* `code` https://x.y/z?a=b … — ok?!",
    "of the of the I am, it's Dr. Who at 10:30 a.m. No. 5",
    "привет 你好。世界！ こんにちは، مرحبا नमस्ते",
    "a\x00b \x01\x1b[31m c\u200d d\ud800e \u0301 \ufeff",
    "<b>x</b> [[h@]] & <say-as> %s",
    "10000000000000000000000000 1,234,567.89 -5 +7 2*3=6 50% #1 @me a_b_c",
    "e\u0301te\u0301 " * 5,
    "- - Hello - - . . ! world 👍 👍",
    "x" * 500,
    "你" * 300,
)


@pytest.fixture(scope="module")
def voice() -> EspeakVoice:
    return EspeakVoice()


def _manifest() -> Manifest:
    path = Path(engine.__file__).with_name("manifest.yaml")
    return parse_manifest(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))


def _speak(voice: EspeakVoice, text: str) -> list[SpeechChunk]:
    return list(voice.speak(text, Turn(1)))


def _sound(chunks: list[SpeechChunk]) -> Samples:
    return np.concatenate([chunk.audio.samples for chunk in chunks])


def _words(chunks: list[SpeechChunk]) -> list[Word]:
    """With times from the start of the speech."""
    return [
        Word(word.text, word.start + chunk.audio.start / RATE, word.end + chunk.audio.start / RATE)
        for chunk in chunks
        for word in chunk.words
    ]


def _visemes(chunks: list[SpeechChunk]) -> list[Viseme]:
    """With times from the start of the speech, without repetitions."""
    track: list[Viseme] = []
    for chunk in chunks:
        for viseme in chunk.visemes:
            if not track or track[-1].shape != viseme.shape:
                track.append(Viseme(viseme.shape, viseme.at + chunk.audio.start / RATE))
    return track


def _shapes(chunks: list[SpeechChunk]) -> list[MouthShape]:
    return [viseme.shape for viseme in _visemes(chunks)]


def _fundamental(sound: Samples) -> float:
    """Hz, the median over voiced pieces of 46 ms, by autocorrelation."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 1024)[::512] * np.hanning(1024)
    spectra = np.abs(np.fft.rfft(frames, 2048)) ** 2
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(1024), 2048)) ** 2)[:500]
    likeness = np.fft.irfft(spectra)[:, :500] / (window / window[0])
    strength = likeness[:, 45:].max(axis=1) / np.maximum(likeness[:, 0], 1e-9)
    lags = likeness[:, 45:].argmax(axis=1) + 45
    return float(np.median(RATE / lags[strength > 0.7]))


def _assert_well_formed(text: str, chunks: list[SpeechChunk]) -> None:
    assert [word.text for chunk in chunks for word in chunk.words] == text.split()
    position = 0
    for chunk in chunks:
        assert chunk.audio.start == position
        assert chunk.text == " ".join(word.text for word in chunk.words)
        assert len(chunk.audio.samples)
        position += len(chunk.audio.samples)
        assert all(0 <= word.start <= chunk.audio.seconds for word in chunk.words)
        assert chunk.visemes[0].at == 0
        assert all(a.at < b.at for a, b in pairwise(chunk.visemes))
        assert chunk.visemes[-1].at < chunk.audio.seconds
    words = _words(chunks)
    assert all(word.start <= word.end <= position / RATE + 1e-9 for word in words)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(words))
    if chunks:
        assert _shapes(chunks)[-1] is MouthShape.SIL


@pytest.mark.parametrize("text", [*ODD, SENTENCE, "", " \n\t"])
def test_keeps_every_word_of_odd_texts(voice: EspeakVoice, text: str) -> None:
    _assert_well_formed(text, _speak(voice, text))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60) | st.text(alphabet="ab1. ,!?-*_`~#()[]'’…—é👍你й\n\"&/:", max_size=80))
def test_keeps_every_word_of_any_text(text: str) -> None:
    _assert_well_formed(text, _speak(EspeakVoice(), text))


def test_says_nothing_for_blank_text(voice: EspeakVoice) -> None:
    assert not _speak(voice, " \n ")


def test_word_times_match_the_sound(voice: EspeakVoice) -> None:
    """Only what is not said has no length."""
    words = _words(_speak(voice, "One - 👍 extraordinary of the cat"))
    lengths = {word.text: word.end - word.start for word in words}
    assert lengths["-"] == lengths["👍"] == 0
    assert lengths["extraordinary"] > 1.5 * lengths["cat"] > 1.5 * lengths["of"] > 0.1
    assert lengths["the"] > 0.04
    words = _words(_speak(voice, "Weighs 3.5kg now"))
    assert words[1].end - words[1].start > 1 > 2 * (words[2].end - words[2].start)


def test_word_starts_with_its_sound(voice: EspeakVoice) -> None:
    chunks = _speak(voice, "Tea. Two, top? Yes!")
    sound = _sound(chunks)
    for word in _words(chunks)[1:]:
        start = round(word.start * RATE)
        assert not sound[start - 1000 : start].any()
        assert np.abs(sound[start : start + 600]).max() > 0.02


def test_phrase_is_synthesized_lazily(voice: EspeakVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    synthesize = engine.synthesize

    def listening(text: str, *rest: object) -> object:
        said.append(text)
        return synthesize(text, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "synthesize", listening)
    speech = voice.speak("Hello, here I am. " * 20, Turn(1))
    assert next(speech).audio.seconds <= 0.6
    assert said == ["Hello,"]


def test_chunks_are_short(voice: EspeakVoice) -> None:
    for text in (SENTENCE * 3, "x" * 500, "你" * 300):
        assert max(chunk.audio.seconds for chunk in _speak(voice, text)) <= 0.61


def test_stops_within_a_chunk(voice: EspeakVoice) -> None:
    turn = Turn(1)
    speech = voice.speak("word " * 100, turn)
    next(speech)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(speech)


def test_stops_while_it_synthesizes() -> None:
    """The library asks for every 100 ms of sound, and ends when told."""
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(True)
        return len(asked) >= 3

    utterance = engine.synthesize("word " * 100, engine.Speaker("en-us"), stop)
    assert len(asked) == 3
    assert 0 < len(utterance.samples) < RATE / 2


def test_synthesis_is_independent_of_earlier_speech(voice: EspeakVoice) -> None:
    first = _sound(_speak(voice, SENTENCE))
    _speak(EspeakVoice(language="de", voice="m3"), "Etwas ganz anderes.")
    np.testing.assert_array_equal(_sound(_speak(voice, SENTENCE)), first)
    np.testing.assert_array_equal(_sound(_speak(EspeakVoice(), SENTENCE)), first)


def test_two_voices_can_alternate() -> None:
    low, high = EspeakVoice(voice="m6"), EspeakVoice(voice="f5")
    alone = [_sound(_speak(voice, SENTENCE)) for voice in (low, high)]
    text = f"{SENTENCE} {SENTENCE}"
    pairs = list(zip(low.speak(text, Turn(1)), high.speak(text, Turn(2)), strict=False))
    for index, before in enumerate(alone):
        together = _sound([pair[index] for pair in pairs])
        shared = min(len(together), len(before)) - RATE
        np.testing.assert_array_equal(together[:shared], before[:shared])


def test_voice_works_after_another_was_closed(voice: EspeakVoice) -> None:
    other = EspeakVoice()
    other.close()
    assert _speak(voice, "Hello.")


def test_double_speed_halves_the_duration() -> None:
    normal = len(_sound(_speak(EspeakVoice(), SENTENCE)))
    assert 0.42 < len(_sound(_speak(EspeakVoice(speed=2.0), SENTENCE))) / normal < 0.6
    assert 1.6 < len(_sound(_speak(EspeakVoice(speed=0.5), SENTENCE))) / normal < 2.3


@pytest.mark.parametrize("semitones", [-8, -4, 4, 8, 12, -12])
def test_pitch_is_in_semitones(voice: EspeakVoice, semitones: int) -> None:
    usual = _fundamental(_sound(_speak(voice, SENTENCE)))
    changed = _fundamental(_sound(_speak(EspeakVoice(pitch=semitones), SENTENCE)))
    assert 12 * np.log2(changed / usual) == pytest.approx(semitones, abs=1)


def test_a_pitch_beyond_its_range_needs_a_library(
    voice: EspeakVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = _speak(EspeakVoice(pitch=8), SENTENCE)
    higher = _speak(EspeakVoice(pitch=12), SENTENCE)
    assert [word for chunk in higher for word in chunk.words] == [
        word for chunk in usual for word in chunk.words
    ]
    monkeypatch.setitem(sys.modules, "pedalboard", None)
    EspeakVoice(pitch=8)
    with pytest.raises(ModelMissing, match="pedalboard"):
        EspeakVoice(pitch=12)


def test_options_apply_from_the_next_call() -> None:
    voice = EspeakVoice()
    speech = voice.speak(f"{SENTENCE} {SENTENCE}", Turn(1))
    begun = [next(speech)]
    voice.configure(speed=2.0)
    assert len(_sound(begun + list(speech))) > 1.6 * len(_sound(_speak(voice, SENTENCE * 2)))


@pytest.mark.parametrize("voice", VOICES)
def test_every_voice_is_equally_loud_and_never_clips(voice: str) -> None:
    sound = _sound(_speak(EspeakVoice(voice=voice), SENTENCE))
    assert 20 * np.log10(np.sqrt(np.mean(sound**2))) == pytest.approx(-20, abs=2.5)
    assert np.abs(sound).max() < 1


def test_volume_scales_the_level() -> None:
    quiet, usual, loud = (
        np.sqrt(np.mean(_sound(_speak(EspeakVoice(volume=volume), SENTENCE)) ** 2))
        for volume in (0.5, 1.0, 2.0)
    )
    assert quiet == pytest.approx(usual / 2, rel=0.05)
    assert usual * 1.5 < loud < usual * 2.01
    assert not _sound(_speak(EspeakVoice(volume=0.0), SENTENCE)).any()


@pytest.mark.parametrize("text", ["Hello.", "Papa.", "Sister.", "Yes, of course."])
def test_sound_begins_without_leading_silence(voice: EspeakVoice, text: str) -> None:
    loud = np.flatnonzero(np.abs(_sound(_speak(voice, text))) > 0.005)
    assert loud[0] < 0.03 * RATE


def test_pauses_are_natural(voice: EspeakVoice) -> None:
    def longest(text: str) -> float:
        loud = np.flatnonzero(np.abs(_sound(_speak(voice, text))) > 0.003)
        return float(np.diff(loud).max() / RATE)

    assert 0.1 < longest("Hello, Anna") < 0.2
    assert 0.25 < longest("Hello. Anna") < 0.4
    assert longest("Hello Dr. Anna") < longest("Hello, Anna")


def test_chunk_borders_have_no_clicks(voice: EspeakVoice) -> None:
    chunks = _speak(voice, f"{SENTENCE} Mama, papa! {SENTENCE}")
    sound = _sound(chunks)
    steps = np.abs(np.diff(sound))
    borders = [chunk.audio.start - 1 for chunk in chunks[1:]]
    assert steps[borders].max() <= np.quantile(steps, 0.999)
    silent = np.abs(sound) < 1e-6
    edges = np.flatnonzero(silent[1:] != silent[:-1])
    assert steps[edges].max() < 0.01


def test_lips_close_for_mama_papa_baba(voice: EspeakVoice) -> None:
    chunks = _speak(voice, "mama papa baba")
    assert _shapes(chunks).count(MouthShape.PP) == 6
    track = _visemes(chunks)
    held = [b.at - a.at for a, b in pairwise(track) if a.shape is MouthShape.PP]
    assert min(held) > 0.04


def test_lips_close_before_the_burst_of_p(voice: EspeakVoice) -> None:
    chunks = _speak(voice, "papa, papa")
    closed = [viseme.at for viseme in _visemes(chunks) if viseme.shape is MouthShape.PP]
    burst = _words(chunks)[1].start
    assert any(0.02 < burst - at < 0.06 for at in closed)


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("fee", "FF ih"),
        ("thaw", "TH oh"),
        ("do", "DD ou"),
        ("key", "kk ih"),
        ("chew", "CH ou"),
        ("see", "SS ih"),
        ("no", "nn oh ou"),
        ("row", "RR oh ou"),
        ("my", "PP aa ih"),
        ("cow", "kk aa ou"),
        ("hoe", "oh ou"),
        ("cats", "kk aa DD SS"),
    ],
)
def test_english_texts_have_the_expected_mouth_shapes(
    voice: EspeakVoice, text: str, shapes: str
) -> None:
    spoken = [shape.value for shape in _shapes(_speak(voice, text)) if shape is not MouthShape.SIL]
    assert " ".join(spoken) == shapes


@pytest.mark.parametrize(
    ("language", "text", "shapes"),
    [
        ("de", "Schöne Füße müssen wohl Pfiff haben", {"CH", "oh", "FF", "ou", "SS", "PP", "nn"}),
        ("fr", "Bonjour, un bon vin blanc et du pain", {"PP", "oh", "CH", "ou", "FF", "DD"}),
        ("es", "Hola, ¿qué tal? Muchas gracias", {"oh", "kk", "E", "DD", "PP", "CH", "SS"}),
        ("cmn", "你好，世界", {"nn", "ih", "aa", "ou"}),
        ("ru", "Привет, мир", {"PP", "ih", "FF", "RR"}),
    ],
)
def test_other_languages_have_expected_mouth_shapes(
    language: str, text: str, shapes: set[str]
) -> None:
    chunks = _speak(EspeakVoice(language=language), text)
    _assert_well_formed(text, chunks)
    assert shapes <= set(_shapes(chunks))


@pytest.mark.parametrize(
    ("token", "spoken"),
    [
        ("**bold**,", "bold,"),
        ("_it_", "it"),
        ("snake_case", "snake case"),
        ("`code`", "code"),
        ("[docs](https://x.y/z)", "docs"),
        ("https://www.example.com/a?b=1", "example.com"),
        ("(https://x.org).", "(x.org)."),
        ("2*3", "2×3"),
        ("C#", "C#"),
        ("#", ""),
        ("a|b", "a b"),
        ("👨‍👩‍👧", ""),
        ("1️⃣", "1"),
        ("❤️love", "love"),
        ("→", ""),
        ("20°", "20°"),
        ("x^2", "x^2"),
        ("a\xad\x00b", "ab"),
        ("می‌خواهم", "می‌خواهم"),
        ("e\u0301", "é"),
        ("\ud800", ""),
        ("—", ""),
    ],
)
def test_clean_text_returns_the_spoken_form(token: str, spoken: str) -> None:
    assert clean(token) == spoken


def test_text_is_divided_into_phrases() -> None:
    text = 'Dr. Who met Mr. X. Yes. I do, e.g. this. "No." No. 5 is here: ok — a J. S. Bach.'
    assert [phrase.spoken.split() for phrase in phrases_of(text)] == [
        ["Dr.", "Who", "met", "Mr.", "X.", "Yes."],
        ["I", "do,"],
        ["e.g.", "this."],
        ['"No."'],
        ["No.", "5", "is", "here:"],
        ["ok"],
        ["a", "J.", "S.", "Bach."],
    ]


def test_mouth_takes_the_vowel_shape_during_h(voice: EspeakVoice) -> None:
    vowel = next(viseme for viseme in _visemes(_speak(voice, "Hoe")) if viseme.shape == "oh")
    assert vowel.at < 0.02


def test_markdown_and_emoji_are_not_spoken(voice: EspeakVoice) -> None:
    plain = _sound(_speak(voice, "This is bold code and a link here."))
    marked = _sound(
        _speak(voice, "This is **bold** `code` and a [link](https://x.y/long) here. 👍")
    )
    np.testing.assert_array_equal(marked, plain)


def test_missing_voices_and_libraries_are_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigInvalid, match="zz"):
        EspeakVoice(language="zz")
    with pytest.raises(ConfigInvalid, match="f99"):
        EspeakVoice(voice="f99")
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(ModelMissing, match="voices") as raised:
        EspeakVoice()
    assert raised.value.hint
    monkeypatch.undo()
    monkeypatch.setattr(espeakng_loader, "get_library_path", lambda: str(tmp_path / "none.so"))
    with pytest.raises(ModelMissing, match="loaded"):
        EspeakVoice()
    monkeypatch.undo()
    assert _speak(EspeakVoice(), "Hello.")


def test_invalid_voice_leaves_the_current_one() -> None:
    voice = EspeakVoice()
    before = _sound(_speak(voice, "Hello."))
    with pytest.raises(ConfigInvalid):
        voice.configure(language="zz", speed=2.0)
    voice.configure(expressiveness=1.0)
    np.testing.assert_array_equal(_sound(_speak(voice, "Hello.")), before)


def test_manifest_matches_the_installed_voices() -> None:
    manifest = _manifest()
    options = {option.name: option for option in manifest.options}
    assert manifest.rate == RATE
    assert options["voice"].values == VOICES
    assert EspeakVoice()._options == engine._Options(**manifest.defaults())
    for language in options["language"].values:
        assert EspeakVoice(language=language)._manner.speaker.voice
    assert {language.partition("-")[0] for language in options["language"].values} == set(
        manifest.languages
    )
