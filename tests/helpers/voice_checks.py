"""What every voice promises: words in time, speakers that can be chosen, an end when cancelled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from avatar_app.core.engines import HasBlends, HasLatents, HasSpeakers
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import Samples, SpeechChunk
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry

SENTENCE = "The friend of the house, it is said, came at 10:30."
ODD = (
    "…",
    "1,000",
    "👍 - - Hello - - . . ! world 👍",
    "привет 你好。世界",
    "a_b <b>x</b> [[h]]",
    "x" * 700,
)


def spoken(voice: Any, text: str = SENTENCE) -> list[SpeechChunk]:
    return list(voice.speak(text, Turn(1)))


def sound(chunks: Sequence[SpeechChunk]) -> Samples:
    return np.concatenate([chunk.audio.samples for chunk in chunks])


def starts(chunks: Sequence[SpeechChunk]) -> list[float]:
    """Of all words, in seconds of the speech."""
    return [
        word.start + chunk.audio.start / chunk.audio.rate
        for chunk in chunks
        for word in chunk.words
    ]


def check_words_in_time(chunks: Sequence[SpeechChunk], text: str) -> None:
    """Every word once and in order, and one sound without a gap."""
    assert [word.text for chunk in chunks for word in chunk.words] == text.split()
    assert " ".join(chunk.text for chunk in chunks if chunk.text) == " ".join(text.split())
    position = 0
    for chunk in chunks:
        assert chunk.audio.start == position
        assert chunk.audio.samples.dtype == np.float32
        position += len(chunk.audio.samples)
    assert starts(chunks) == sorted(starts(chunks))
    assert all(word.start <= word.end for chunk in chunks for word in chunk.words)
    assert np.abs(sound(chunks)).max() <= 1


def check_behind_its_process(name: str, **options: Any) -> None:
    """In a process of its own it speaks as its manifest says, takes its options, and stops."""
    registry = Registry()
    manifest = registry.find(Kind.TTS, name)
    hosted = create_engine(registry, manifest, options)
    try:
        chunks = spoken(hosted)
        assert {chunk.audio.rate for chunk in chunks} == {manifest.rate}
        check_words_in_time(chunks, SENTENCE)
        for option in manifest.options:
            if option.name != "model":
                value = option.check(option.default)
                hosted.configure(**{option.name: value})
        turn = Turn(2)
        rest: Iterator[SpeechChunk] = hosted.speak("One two three. " * 100, turn)
        next(rest)
        turn.cancel()
        with pytest.raises(TurnCancelled):
            list(rest)
    finally:
        hosted.close()


def check_speakers(manifest: Manifest, **options: Any) -> tuple[str, ...]:
    """`core.engines.HasSpeakers`: named without loading, each can be chosen, nobody else can."""
    engine_class = Registry().load_class(manifest)
    assert isinstance(engine_class, HasSpeakers)
    names = engine_class.speakers(**options)
    assert names == engine_class.speakers(**options)
    assert isinstance(names, tuple)
    assert len(set(names)) == len(names)
    assert all(name.strip() == name != "" for name in names)
    engine = engine_class(**options)
    try:
        for name in names:
            _choose(engine, manifest, name)
            assert spoken(engine, "Hi.")
        if names:
            with pytest.raises(ConfigInvalid) as refused:
                engine.configure(**_chosen(manifest, "nobody at all"))
            assert refused.value.hint
    finally:
        engine.close()
    return names


def check_latents(manifest: Manifest, **options: Any) -> None:
    """`core.engines.HasLatents`: of every engine that clones, and empty without a cloned voice."""
    engine_class = Registry().load_class(manifest)
    assert issubclass(engine_class, HasLatents) == manifest.clones
    if manifest.clones:
        engine = engine_class(**options)
        try:
            assert engine.latents() is None
            assert spoken(engine, "Hi.")
            assert engine.latents() is None
        finally:
            engine.close()


def check_blends(manifest: Manifest, **options: Any) -> bool:
    """`core.engines.HasBlends`: any two speakers are mixed, sound, and are named again; False for
    a voice that does not mix."""
    engine_class = Registry().load_class(manifest)
    if not issubclass(engine_class, HasBlends):
        return False
    one, other = engine_class.speakers(**options)[:2]
    engine = engine_class(**options)
    try:
        for share in (0.05, 0.3, 0.95):
            voice = engine_class.blend({one: 1 - share, other: share})
            assert engine_class.blended(voice) == pytest.approx({one: 1 - share, other: share})
            engine.configure(**_chosen(manifest, voice))
            assert spoken(engine, "Hi.")
        assert engine_class.blended(one) == {one: 1.0}
    finally:
        engine.close()
    return True


def _choose(engine: Any, manifest: Manifest, name: str) -> None:
    """A speaker whose own language cannot be read says so, and speaks another one."""
    usual = next(option.default for option in manifest.options if option.name == "language")
    try:
        engine.configure(**_chosen(manifest, name), language=usual)
    except ConfigInvalid as refused:
        if "a language" not in refused.hint:
            raise
        engine.configure(**_chosen(manifest, name), language="en-us")


def _chosen(manifest: Manifest, name: str) -> dict[str, Any]:
    option = next(option for option in manifest.options if option.name == "voice")
    return {"voice": option.check(name)}
