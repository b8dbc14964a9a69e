"""Speech to text without a conversation: a chosen engine as a plain function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from avatar_app.core.engines import SpeechRecognizer
from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import JobCancelled
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.kinds import BUILTIN
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.voices.consent_reading import (
    Follower,
    Transcriber,
    followed_by_grammar,
    heard_by_grammar,
)


def transcriber_for(choice: EngineChoice, registry: Registry) -> Transcriber:
    """Return a function that transcribes with the chosen recognizer. PocketSphinx, which recognizes
    single words of free speech badly, gets the grammar: any word of a list is as likely to it as
    the one that was to be read."""
    if choice.engine == BUILTIN[Kind.ASR]:
        return heard_by_grammar
    follow = follower_for(choice, registry)
    return lambda samples: ["", *follow(_blocks_of(samples))][-1]


def follower_for(choice: EngineChoice, registry: Registry) -> Follower:
    """Return a function that transcribes like `transcriber_for`, while it is spoken."""
    if choice.engine == BUILTIN[Kind.ASR]:
        return followed_by_grammar
    manifest = registry.find(Kind.ASR, choice.engine)
    return partial(_followed_by_engine, lambda: create_engine(registry, manifest, choice.options))


def _blocks_of(samples: Samples) -> Iterator[Samples]:
    for at in range(0, len(samples), MICROPHONE_BLOCK):
        yield samples[at : at + MICROPHONE_BLOCK]


def _followed_by_engine(
    make: Callable[[], SpeechRecognizer], blocks: Iterable[Samples]
) -> Iterator[str]:
    recognizer, turn = make(), Turn(0)
    broken: list[AvatarError | JobCancelled] = []

    def sound() -> Iterator[AudioChunk]:
        """An engine may read it in a thread, from which only the end of a turn comes back."""
        try:
            for number, block in enumerate(blocks):
                yield AudioChunk(block, MICROPHONE_RATE, number * MICROPHONE_BLOCK)
        except (AvatarError, JobCancelled) as error:
            broken.append(error)
            turn.cancel()
            raise TurnCancelled from error

    try:
        for transcript in recognizer.transcribe(sound(), turn):
            yield transcript.text
    except TurnCancelled:
        raise broken[0] from None
    finally:
        recognizer.close()
