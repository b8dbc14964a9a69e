"""Hears what a speaker read: by a grammar of every sentence there is, or by any recogniser."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from avatar_app.core.engines import SpeechRecognizer
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.runtime.engine_set import BUILTIN, create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.voices.consent_phrase import grammar

Transcriber = Callable[[Samples], str]
"""Sound at 16 kHz to the words in it."""

_BEAMS = {"beam": 1e-80, "pbeam": 1e-80, "wbeam": 1e-60}
"""Wider than usual: few words are possible, so that hopeless paths cost little."""


def transcriber_for(choice: EngineChoice, registry: Registry) -> Transcriber:
    """The chosen recogniser. PocketSphinx, which hears single words of free speech badly, is given
    the grammar: any word of a list is as likely to it as the one that was to be read."""
    if choice.engine == BUILTIN[Kind.ASR]:
        return heard_by_grammar
    manifest = registry.find(Kind.ASR, choice.engine)
    return partial(_heard_by_engine, lambda: create_engine(registry, manifest, choice.options))


def heard_by_grammar(samples: Samples) -> str:
    """The likeliest of all sentences; empty where none fits."""
    import pocketsphinx

    with TemporaryDirectory(prefix="avatar-") as folder:
        path = Path(folder) / "consent.gram"
        path.write_text(grammar(), encoding="utf-8")
        decoder = pocketsphinx.Decoder(loglevel="FATAL", lm=None, jsgf=str(path), **_BEAMS)
    decoder.start_utt()
    decoder.process_raw((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes(), False, True)
    decoder.end_utt()
    found = decoder.hyp()
    return str(found.hypstr) if found else ""


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
