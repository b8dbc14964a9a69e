"""A replica dies in the middle of its work: another one does the rest, and nothing is repeated."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from avatar_app.core.errors import EngineDied
from avatar_app.core.prompt import Message, Prompt, Role
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, SpeechChunk, Transcript, Word
from avatar_app.runtime.sharing.clients import SharedDialogue, SharedRecognizer, SharedSynthesizer
from avatar_app.runtime.sharing.replicas import ReplicaPool

RATE = 1000
WORDS = ["one", "two", "three", "four", "five", "six"]
RAMP = np.arange(6 * RATE, dtype=np.float32)
PROMPT = Prompt((Message(Role.USER, "hello"),))


class Mortal:
    """Does its work up to `dies_after` pieces of it; `seconds` of speech in each."""

    def __init__(self, dies_after: int, seconds: int) -> None:
        self.left, self.seconds, self.is_closed = dies_after, seconds, False
        self.heard: list[float] = []

    def _live(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise EngineDied("The voice ended.", "Ask again.")

    def speak(self, _text: str, _turn: Turn) -> Iterator[SpeechChunk]:
        for at in range(0, 6, self.seconds):
            self._live()
            words = WORDS[at : at + self.seconds]
            timed = tuple(Word(word, n, n + 1) for n, word in enumerate(words))
            samples = RAMP[at * RATE : (at + self.seconds) * RATE]
            yield SpeechChunk(AudioChunk(samples, RATE), " ".join(words), timed)

    def reply(self, _prompt: Prompt, _turn: Turn) -> Iterator[str]:
        for word in ("", "Good ", "day."):
            self._live()
            yield word

    def transcribe(self, audio: Iterator[AudioChunk], _turn: Turn) -> Iterator[Transcript]:
        for block in audio:
            self._live()
            self.heard.append(float(block.samples[0]))
        yield Transcript(f"{self.heard}", final=True)

    def close(self) -> None:
        self.is_closed = True


def pool_of(*lives: tuple[int, int]) -> tuple[ReplicaPool, list[Mortal]]:
    """A pool of one place, in which these follow each other."""
    made: list[Mortal] = []

    def make() -> Mortal:
        made.append(Mortal(*lives[min(len(made), len(lives) - 1)]))
        return made[-1]

    return ReplicaPool("Voice", make, 1), made


@pytest.mark.parametrize("seconds", [1, 2, 3, 6])
@pytest.mark.parametrize("dies_after", [0, 1, 3])
def test_a_sentence_is_ended_by_the_next_voice(dies_after: int, seconds: int) -> None:
    """Also by one that speaks in pieces of another length."""
    pool, made = pool_of((dies_after, 1), (99, seconds))
    chunks = list(SharedSynthesizer(pool, "a").speak("x", Turn(1)))
    assert (np.concatenate([chunk.audio.samples for chunk in chunks]) == RAMP).all()
    assert " ".join(chunk.text for chunk in chunks).split() == WORDS
    at = 0.0
    for chunk in chunks:
        for word in chunk.words:
            assert at + word.start == pytest.approx(WORDS.index(word.text), abs=0.001)
        at += chunk.audio.seconds
    assert [each.is_closed for each in made] == [True, False]
    pool.close()


def test_a_replica_that_is_there_is_taken_before_one_that_has_to_load() -> None:
    made: list[Mortal] = []
    may_load, was_loaded = threading.Event(), threading.Event()

    def make() -> Mortal:
        if len(made) == 2:
            assert may_load.wait(60)
        made.append(Mortal(1 if not made else 99, 1))
        if len(made) == 3:
            was_loaded.set()
        return made[-1]

    pool = ReplicaPool("Voice", make, 2)
    with pool.engine("a", Turn(1)), pool.engine("b", Turn(2)):
        assert pool.loaded == 2
    chunks = list(SharedSynthesizer(pool, "a").speak("x", Turn(3)))
    assert " ".join(chunk.text for chunk in chunks).split() == WORDS
    assert [len(made), made[1].left] == [2, 93], "the other one has spoken, before a third loaded"
    may_load.set()
    assert was_loaded.wait(60), "the place is filled again in the background"
    pool.close()


def test_an_answer_that_has_not_begun_is_given_by_the_next_dialogue() -> None:
    pool, made = pool_of((1, 1), (99, 1))
    assert "".join(SharedDialogue(pool, "a").reply(PROMPT, Turn(1))) == "Good day."
    assert len(made) == 2
    pool.close()


def test_an_answer_that_was_half_given_is_an_error_and_the_next_one_works() -> None:
    pool, _ = pool_of((2, 1), (99, 1))
    reply, said = SharedDialogue(pool, "a").reply(PROMPT, Turn(1)), list[Any]()
    with pytest.raises(EngineDied):
        said += reply
    assert "".join(SharedDialogue(pool, "a").reply(PROMPT, Turn(2))) == "Good day."
    pool.close()


def test_what_was_heard_already_is_heard_again_by_the_next_recognizer() -> None:
    pool, made = pool_of((2, 1), (99, 1))
    audio = (AudioChunk(np.full(10, n, np.float32), RATE) for n in range(5))
    (transcript,) = SharedRecognizer(pool, "a").transcribe(audio, Turn(1))
    assert transcript.text == "[0.0, 1.0, 2.0, 3.0, 4.0]"
    assert made[0].heard == [0.0, 1.0]
    pool.close()


def test_a_text_of_which_all_die_is_an_error() -> None:
    pool, made = pool_of((0, 1))
    with pytest.raises(EngineDied):
        list(SharedSynthesizer(pool, "a").speak("x", Turn(1)))
    assert len(made) == 2
    pool.close()
