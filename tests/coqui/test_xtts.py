"""XTTS streams any of its speakers and cloned voices, whose recordings it hears once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from coqui_parts import XTTS_RATE, XTTS_SPEAKERS, write_xtts
from voice_checks import sound, spoken

from avatar_app.core.errors import ConfigInvalid, InputInvalid, ModelMissing
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import SpeechChunk
from avatar_app.engines.tts.coqui import cloned
from avatar_app.engines.tts.coqui.engine import CoquiVoice
from avatar_app.voices import library

SENTENCE = "Hello there, it is 10:30."


@pytest.fixture(scope="module")
def loaded(xtts: Path) -> Iterator[CoquiVoice]:
    voice = CoquiVoice(model=str(xtts), threads=1)
    yield voice
    voice.close()


@pytest.fixture
def voice(loaded: CoquiVoice) -> CoquiVoice:
    loaded.configure(
        voice="", language="en", speed=1.0, seed=1, pitch=0.0, temperature=0.75, top_k=50
    )
    return loaded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three seconds of a person, as far as a network with random weights knows."""
    seconds = np.arange(3 * 44_100) / 44_100
    tone = 0.2 * np.sin(2 * np.pi * 140 * seconds) * np.sin(2 * np.pi * 3 * seconds)
    soundfile.write(tmp_path / cloned.REFERENCE, tone, 44_100)
    return tmp_path


def said(voice: CoquiVoice, text: str = SENTENCE) -> list[SpeechChunk]:
    return spoken(voice, text)


def network(voice: CoquiVoice) -> Any:
    return voice._network._model  # type: ignore[union-attr]


def test_words_are_spoken_once_in_order(voice: CoquiVoice) -> None:
    chunks = said(voice)
    assert [word.text for chunk in chunks for word in chunk.words] == SENTENCE.split()
    assert {chunk.audio.rate for chunk in chunks} == {XTTS_RATE}
    starts = [c.audio.start / XTTS_RATE + word.start for c in chunks for word in c.words]
    assert starts == sorted(starts)
    assert np.abs(sound(chunks)).max() > 0.01


def test_xtts_streams_while_it_computes(voice: CoquiVoice) -> None:
    """The sound of the first twenty steps comes before the others are computed."""
    steps: list[int] = []
    counting = network(voice).gpt.final_norm.register_forward_hook(lambda *_: steps.append(1))
    speech = voice.speak("hello there", Turn(1))
    try:
        next(speech)
        first = len(steps)
        list(speech)
    finally:
        counting.remove()
    assert 20 <= first < len(steps)


def test_speakers_and_languages_can_be_chosen(voice: CoquiVoice, xtts: Path) -> None:
    assert CoquiVoice.speakers(str(xtts)) == XTTS_SPEAKERS
    first = sound(said(voice, "hello"))
    voice.configure(voice=XTTS_SPEAKERS[1])
    assert not np.array_equal(sound(said(voice, "hello")), first)
    for wrong in ({"voice": "Nobody"}, {"language": "fi"}):
        with pytest.raises(ConfigInvalid) as error:
            voice.configure(**wrong)
        assert XTTS_SPEAKERS[0] in error.value.hint or "zh" in error.value.hint
    voice.configure(voice="", language="de")
    assert [w.text for c in said(voice, "Grüß dich.") for w in c.words] == ["Grüß", "dich."]


def test_language_without_its_reader_package_is_reported(
    voice: CoquiVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avatar_app.engines.tts.coqui.xtts.find_spec", lambda _name: None)
    with pytest.raises(ModelMissing, match="cutlet") as error:
        voice.configure(language="ja")
    assert error.value.hint == "Type: pip install cutlet"


def test_sampling_options_change_the_sound(voice: CoquiVoice) -> None:
    """The likeliest of all sounds is the same whatever the seed; among many it is not."""
    voice.configure(top_k=1)
    certain = sound(said(voice, "hello"))
    voice.configure(seed=7)
    np.testing.assert_allclose(sound(said(voice, "hello")), certain, atol=1e-4)
    voice.configure(top_k=50, temperature=1.5)
    free = sound(said(voice, "hello"))
    voice.configure(seed=8)
    assert not np.array_equal(sound(said(voice, "hello")), free)
    voice.configure(seed=7)
    np.testing.assert_array_equal(sound(said(voice, "hello")), free)


def test_speed_and_pitch_can_be_changed(voice: CoquiVoice) -> None:
    usual = sound(said(voice, "hello"))
    voice.configure(speed=0.5)
    assert len(sound(said(voice, "hello"))) == pytest.approx(2 * len(usual), rel=0.1)
    voice.configure(speed=1.0, pitch=5.0)
    higher = sound(said(voice, "hello"))
    assert len(higher) == len(usual)
    assert not np.allclose(higher, usual, atol=1e-3)


def test_cancelled_turn_stops_between_two_layers(voice: CoquiVoice) -> None:
    turn, layers = Turn(1), 0

    def count(*_: Any) -> None:
        nonlocal layers
        layers += 1
        if layers == 100:
            turn.cancel()

    hooks = [layer.register_forward_hook(count) for layer in network(voice).modules()]
    try:
        with pytest.raises(TurnCancelled):
            list(voice.speak(SENTENCE, turn))
    finally:
        for hook in hooks:
            hook.remove()
    assert 100 <= layers < 110
    assert said(voice, "hello")


def test_no_phrase_is_longer_than_the_language_allows(voice: CoquiVoice) -> None:
    voice.configure(language="zh-cn")
    encoded: list[str] = []
    tokenizer = network(voice).tokenizer
    encode = tokenizer.encode
    tokenizer.encode = lambda text, lang: encoded.append(text) or encode("你好", lang)
    try:
        said(voice, "你好" * 100)
    finally:
        tokenizer.encode = encode
    assert sum(len(text.replace(" ", "")) for text in encoded) == 200
    assert max(map(len, encoded)) <= tokenizer.char_limits["zh"]


def heard(voice: CoquiVoice, folder: Path) -> int:
    """How many recordings are listened to when the voice in `folder` is chosen."""
    calls: list[int] = []
    encoder = network(voice).hifigan_decoder.speaker_encoder
    hear = encoder.forward
    encoder.forward = lambda *given, **options: calls.append(1) or hear(*given, **options)
    try:
        voice.configure(voice=str(folder))
    finally:
        encoder.forward = hear
    return len(calls)


def test_latents_of_a_reference_are_computed_once(
    voice: CoquiVoice, xtts: Path, folder: Path
) -> None:
    usual = sound(said(voice, "hello"))
    assert heard(voice, folder) == 1
    latents = voice.latents()
    assert latents is not None
    mine = sound(said(voice, "hello"))
    assert not np.array_equal(mine, usual)
    voice.configure(voice="")
    assert heard(voice, folder) == 0
    (folder / cloned.LATENTS_FILE).write_bytes(latents)
    another = CoquiVoice(model=str(xtts), threads=1)
    assert heard(another, folder) == 0
    assert another.latents() is None
    np.testing.assert_allclose(sound(said(another, "hello")), mine, atol=1e-6)
    another.close()


def test_latents_of_another_model_are_not_used(
    voice: CoquiVoice, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    heard(voice, folder)
    (folder / cloned.LATENTS_FILE).write_bytes(voice.latents() or b"")
    other = CoquiVoice(model=str(write_xtts(tmp_path_factory.mktemp("other"), seed=2)), threads=1)
    assert heard(other, folder) == 1
    assert other.latents() is not None
    other.close()


def test_removed_voice_stops_immediately(voice: CoquiVoice, folder: Path) -> None:
    copy = shutil.copytree(folder, folder / "ada")
    voice.configure(voice=str(copy))
    assert said(voice, "hello")
    shutil.rmtree(copy)
    with pytest.raises(InputInvalid, match="The cloned voice ada is no longer there"):
        said(voice, "hello")


def test_recloning_under_the_same_name_recomputes_latents(voice: CoquiVoice, folder: Path) -> None:
    assert heard(voice, folder) == 1
    path = folder / cloned.REFERENCE
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    assert heard(voice, folder) == 1
    assert heard(voice, folder) == 0


@pytest.mark.parametrize("file", [cloned.REFERENCE, cloned.LATENTS_FILE])
@pytest.mark.parametrize("content", [b"", b"RIFF and nothing more", b"\x80\x04cos\nsystem\n."])
def test_a_damaged_cloned_voice_is_reported(
    voice: CoquiVoice, folder: Path, file: str, content: bytes
) -> None:
    copy = shutil.copytree(folder, folder / "copy")
    (copy / file).write_bytes(content)
    with pytest.raises(InputInvalid, match="damaged") as error:
        voice.configure(voice=str(copy))
    assert error.value.hint
    assert said(voice, "hello")


def test_library_and_engine_use_the_same_file_names() -> None:
    assert (cloned.REFERENCE, cloned.LATENTS_FILE) == (library.REFERENCE, library.LATENTS)
