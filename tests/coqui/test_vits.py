"""VITS speaks in any of its speakers, in pieces that sound as the whole, and stops at any layer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coqui_parts import RATE, SPEAKERS
from voice_checks import sound, spoken, starts

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import MouthShape, SpeechChunk
from avatar_app.engines.tts.coqui import vits as engine
from avatar_app.engines.tts.coqui.engine import CoquiVoice

SENTENCE = "Hello there, this is what I said at 10:30 on the 3rd of May."


@pytest.fixture(scope="module")
def loaded(vits: Path) -> Iterator[CoquiVoice]:
    voice = CoquiVoice(model=str(vits), threads=1)
    yield voice
    voice.close()


@pytest.fixture
def voice(loaded: CoquiVoice) -> CoquiVoice:
    loaded.configure(voice="p226", speed=1.0, seed=1, pitch=0.0, expressiveness=1.0, volume=1.0)
    return loaded


def said(voice: CoquiVoice, text: str = SENTENCE) -> list[SpeechChunk]:
    return spoken(voice, text)


def test_words_are_spoken_once_in_order_with_times_and_visemes(voice: CoquiVoice) -> None:
    chunks = said(voice)
    assert [word.text for chunk in chunks for word in chunk.words] == SENTENCE.split()
    place = 0
    for chunk in chunks:
        assert chunk.audio.rate == RATE
        assert chunk.audio.start == place
        assert chunk.audio.samples.dtype == np.float32
        place += len(chunk.audio.samples)
    assert starts(chunks) == sorted(starts(chunks))
    assert len({viseme.shape for chunk in chunks for viseme in chunk.visemes}) > 6
    assert [viseme.shape for viseme in chunks[-1].visemes] == [MouthShape.SIL]


def test_streamed_pieces_equal_the_whole_phrase(
    voice: CoquiVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as half an amplitude of 16 bits; a margin that is too small is heard as a click."""
    pieces = sound(said(voice))
    monkeypatch.setattr(engine, "_FIRST_FRAMES", 10_000)
    whole = sound(said(voice))
    assert len(pieces) > 2 * RATE
    np.testing.assert_allclose(pieces, whole, atol=0.5 / 32768)


def test_vits_streams_before_the_phrase_is_computed(voice: CoquiVoice) -> None:
    decoded: list[int] = []
    decoder = voice._network._model.waveform_decoder  # type: ignore[union-attr]
    counting = decoder.register_forward_hook(lambda _, given, __: decoded.append(given[0].shape[2]))
    speech = voice.speak("this is a phrase that has no comma in it and takes a while", Turn(1))
    try:
        next(speech)
        before = list(decoded)
        remaining = list(speech)
    finally:
        counting.remove()
    assert len(before) <= 2  # one of them is of a single frame, which the network insists on
    assert len(decoded) > len(before) + 1
    assert remaining


def test_speakers_sound_different_and_the_seed_decides(voice: CoquiVoice, vits: Path) -> None:
    assert CoquiVoice.speakers(str(vits)) == SPEAKERS
    first = sound(said(voice))
    np.testing.assert_array_equal(first, sound(said(voice)))
    voice.configure(seed=2)
    assert not np.array_equal(first, sound(said(voice)))
    voice.configure(seed=1, voice="p330")
    assert not np.array_equal(first, sound(said(voice)))
    with pytest.raises(ConfigInvalid, match="no speaker 'p999'") as error:
        voice.configure(voice="p999")
    assert "p225" in error.value.hint
    voice.configure(voice="p226")
    np.testing.assert_array_equal(first, sound(said(voice)))


def test_single_speaker_needs_no_name(lone_vits: Path) -> None:
    voice = CoquiVoice(model=str(lone_vits), threads=1)
    assert CoquiVoice.speakers(str(lone_vits)) == ()
    assert [word.text for chunk in said(voice, "One two.") for word in chunk.words] == [
        "One",
        "two.",
    ]
    with pytest.raises(ConfigInvalid, match="no speaker"):
        voice.configure(voice="p226")
    voice.close()


@pytest.mark.parametrize(("speed", "factor"), [(0.5, 2.0), (2.0, 0.5)])
def test_speed_changes_the_duration(voice: CoquiVoice, speed: float, factor: float) -> None:
    usual = len(sound(said(voice)))
    voice.configure(speed=speed)
    assert len(sound(said(voice))) == pytest.approx(usual * factor, rel=0.2)  # whole frames


@pytest.mark.parametrize("options", [{"pitch": 12.0}, {"pitch": -12.0}, {"expressiveness": 0.0}])
def test_pitch_and_expressiveness_change_the_sound_and_not_its_times(
    voice: CoquiVoice, options: dict[str, Any]
) -> None:
    usual = said(voice)
    voice.configure(**options)
    changed = said(voice)
    assert len(sound(changed)) == len(sound(usual))
    assert not np.allclose(sound(changed), sound(usual), atol=1e-3)
    assert starts(changed) == pytest.approx(starts(usual), abs=0.01)


def test_volume_scales_the_level(voice: CoquiVoice) -> None:
    usual = sound(said(voice))
    voice.configure(volume=0.5)
    np.testing.assert_allclose(sound(said(voice)), usual * 0.5, atol=1e-4)


def test_cancelled_turn_stops_before_the_next_layer(voice: CoquiVoice) -> None:
    turn, layers = Turn(1), 0

    def count(_layer: Any, _given: Any, _made: Any) -> None:
        nonlocal layers
        layers += 1
        if layers == 40:
            turn.cancel()

    network = voice._network._model  # type: ignore[union-attr]
    hooks = [layer.register_forward_hook(count) for layer in network.modules()]
    try:
        with pytest.raises(TurnCancelled):
            list(voice.speak(SENTENCE, turn))
        ended = layers
        assert [word.text for chunk in said(voice) for word in chunk.words] == SENTENCE.split()
    finally:
        for hook in hooks:
            hook.remove()
    assert 40 <= ended < 45  # those that the cancelled layer lies in may still end
    assert layers > 200


def test_unpronounceable_text_becomes_silence(voice: CoquiVoice) -> None:
    chunks = said(voice, "🙂 ***")
    assert [word.text for chunk in chunks for word in chunk.words] == ["🙂", "***"]
    assert not sound(chunks).any()
    assert said(voice, " ") == []


def test_vits_refuses_cloned_voices(voice: CoquiVoice, tmp_path: Path) -> None:
    (tmp_path / "reference.wav").touch()
    with pytest.raises(ConfigInvalid, match="cloned"):
        voice.configure(voice=str(tmp_path))
