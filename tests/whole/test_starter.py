"""The starter set hears, speaks and answers: real weights, real recordings, one round trip."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starter import StarterSet

from avatar_app.bench.word_errors import normalize_words, word_errors
from avatar_app.core.manifest import Kind
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, SpeechChunk
from avatar_app.media.resample import resampled
from avatar_app.media.sound_reader import read_sound
from avatar_app.runtime.registry import Registry
from avatar_app.session.personas import read_persona

DATA = Path(__file__).parents[1] / "data"
RECORDINGS = {
    "jfk.flac": "And so, my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country.",
    "librivox-0870.wav": "and mister john dashwood had then leisure to consider how much there "
    "might be prudently in his power to do for them",
    "librivox-0890.wav": "unless to be rather cold hearted and rather selfish is to be ill "
    "disposed",
    "goforward.wav": "go forward ten meters",
}
SPOKEN = (
    "Good morning! The train leaves at seven, and you will need an umbrella today.",
    "The smallest restaurant near the river has the best soup.",
)

TURNS = itertools.count(1)
"""Of each recording: none goes on with what was said in another."""

pytestmark = [pytest.mark.real_models, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def loaded() -> Iterator[dict[Kind, Any]]:
    """Each engine is loaded once."""
    made: dict[Kind, Any] = {}
    yield made
    for engine in made.values():
        engine.close()


@pytest.fixture
def engines(starter: StarterSet, loaded: dict[Kind, Any]) -> Any:
    """Returns the engine of a kind on its model, here: no host gives up a slow machine."""
    registry = Registry()

    def engine(kind: Kind, **options: Any) -> Any:
        model = next(each for each in starter.models if each.kind is kind)
        manifest = registry.find(kind, model.engine)
        chosen = manifest.checked({"model": str(starter.path(kind)), "threads": 1} | options)
        if kind not in loaded:
            loaded[kind] = registry.load_class(manifest)(**chosen)
        loaded[kind].configure(**chosen)
        return loaded[kind]

    return engine


class Recorded(Iterator[AudioChunk]):
    """A `core.engines.LiveAudio` that is all there: nobody waits for partial texts."""

    ready = True

    def __init__(self, samples: np.ndarray[Any, Any]) -> None:
        self._blocks = (
            AudioChunk(samples[at : at + MICROPHONE_BLOCK], MICROPHONE_RATE, at)
            for at in range(0, len(samples), MICROPHONE_BLOCK)
        )

    def __next__(self) -> AudioChunk:
        return next(self._blocks)


class Arriving(Recorded):
    """A `core.engines.LiveAudio` whose next block is never there yet: a pause is a pause."""

    ready = False


def hear(engine: Any, samples: np.ndarray[Any, Any]) -> str:
    [transcript] = engine.transcribe(Recorded(samples), Turn(next(TURNS)))
    return str(transcript.text)


def error_rate(heard: Iterable[str], said: Iterable[str]) -> float:
    """Wrong words by the number of those said."""
    text = " ".join(said)
    return word_errors(" ".join(heard), text) / len(normalize_words(text))


def test_recordings_are_understood(engines: Any) -> None:
    whisper = engines(Kind.ASR, language="en")
    heard = {name: hear(whisper, read_sound(DATA / name).samples) for name in RECORDINGS}
    assert error_rate(heard.values(), RECORDINGS.values()) <= 0.05, heard


def test_words_before_a_pause_are_not_repeated_after_it(engines: Any) -> None:
    """The decoder is given what was said before, and tends to go on with it by heart."""
    whisper, turn = engines(Kind.ASR, language="en"), Turn(next(TURNS))
    sound = read_sound(DATA / "librivox-0870.wav").samples
    [before] = whisper.transcribe(Recorded(sound), turn)
    later = sound[30_000:72_000]  # "then leisure to consider how much"; long enough to stand alone
    [after] = whisper.transcribe(Recorded(later), turn)
    assert "power" in before.text
    assert after.replaces == 0
    assert "leisure" in after.text
    assert "power" not in after.text


def test_words_between_pauses_are_recognized_together(engines: Any) -> None:
    """Alone, "ask" and "not" are too short: they became "S" and "Not"."""
    whisper, turn = engines(Kind.ASR, language="en"), Turn(next(TURNS))
    sound, texts = read_sound(DATA / "jfk.flac").samples, list[str]()
    for start, end in ((0.0, 2.4), (2.9, 3.95), (3.95, 4.55), (5.0, 7.8)):
        piece = sound[round(start * MICROPHONE_RATE) : round(end * MICROPHONE_RATE)]
        [transcript] = whisper.transcribe(Recorded(piece), turn)
        del texts[len(texts) - transcript.replaces :]
        texts.append(transcript.text)
    said = RECORDINGS["jfk.flac"].split(", ask what")[0]
    assert error_rate(texts, [said]) <= 0.1, texts


def test_a_quiet_last_word_is_heard(engines: Any) -> None:
    """Its end, 25 dB below the voice, was taken for silence, and "them" became "for"."""
    whisper = engines(Kind.ASR, language="en")
    sound = read_sound(DATA / "librivox-0870.wav").samples
    heard = whisper.transcribe(Arriving(sound), Turn(next(TURNS)))
    assert list(heard)[-1].text.endswith("for them.")


def test_whisper_understands_kokoro(engines: Any) -> None:
    kokoro, whisper = engines(Kind.TTS), engines(Kind.ASR, language="en")
    heard = []
    for sentence in SPOKEN:
        chunks: list[SpeechChunk] = list(kokoro.speak(sentence, Turn(0)))
        spoken = np.concatenate([chunk.audio.samples for chunk in chunks])
        sound = AudioChunk(spoken, chunks[0].audio.rate)
        heard.append(hear(whisper, resampled(sound, MICROPHONE_RATE).samples))
    assert error_rate(heard, SPOKEN) <= 0.05, heard


def test_small_model_evaluates_only_new_tokens_per_turn(engines: Any) -> None:
    llama = engines(Kind.DIALOGUE, seed=1)
    said = [Message(Role.SYSTEM, read_persona("mira").system)]
    list(llama.prepare(Prompt(tuple(said)), Turn(0)))
    ahead = llama.evaluated().tokens
    for text in ("Hello, how are you today?", "What should I cook tonight?"):
        said.append(Message(Role.USER, text))
        answer = "".join(map(str, llama.reply(Prompt(tuple(said)), Turn(0))))
        said.append(Message(Role.AVATAR, answer))
        assert 0 < llama.evaluated().tokens < 30 < 100 < ahead
        assert 0 < len(re.findall(r"[.!?](?=\s|$)", answer)) <= 4
        list(llama.prepare(Prompt(tuple(said)), Turn(0)))
        llama.evaluated()


def test_small_model_answers_to_the_point(engines: Any) -> None:
    llama = engines(Kind.DIALOGUE, temperature=0.0, seed=1, longest=60)
    question = Prompt((Message(Role.USER, "What is the capital of France?"),))
    answer = "".join(part for part in llama.reply(question, Turn(0)) if isinstance(part, str))
    assert "Paris" in answer
