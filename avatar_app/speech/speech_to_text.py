"""Speech to text without a conversation: a chosen engine as a plain function."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from avatar_app.core.engines import SpeechRecognizer
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.kinds import BUILTIN
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.voices.consent_reading import Transcriber, heard_by_grammar


def transcriber_for(choice: EngineChoice, registry: Registry) -> Transcriber:
    """Return a function that transcribes with the chosen recognizer. PocketSphinx, which recognizes
    single words of free speech badly, gets the grammar: any word of a list is as likely to it as
    the one that was to be read."""
    if choice.engine == BUILTIN[Kind.ASR]:
        return heard_by_grammar
    manifest = registry.find(Kind.ASR, choice.engine)
    return partial(_heard_by_engine, lambda: create_engine(registry, manifest, choice.options))


def _heard_by_engine(make: Callable[[], SpeechRecognizer], samples: Samples) -> str:
    recognizer = make()
    blocks = (
        AudioChunk(samples[at : at + MICROPHONE_BLOCK], MICROPHONE_RATE, at)
        for at in range(0, len(samples), MICROPHONE_BLOCK)
    )
    text = ""
    try:
        for transcript in recognizer.transcribe(blocks, Turn(0)):
            text = transcript.text
    finally:
        recognizer.close()
    return text
