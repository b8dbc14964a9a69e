"""Understands clear English while it is being spoken, with nothing to download: PocketSphinx."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, Samples, Transcript
from avatar_app.engines.asr.pocketsphinx.reading import confidence_of, text_of, words_of

EFFORTS = {
    "light": {"maxhmmpf": 5_000, "maxwpf": 20},
    "thorough": {"maxhmmpf": 30_000, "maxwpf": -1},
}
"""How many phone models and words are followed in a frame (-1: all), for the option `effort`."""

USUAL_MEAN = "54.5,11.5,-14.2,17.5,-15.1,4,-10.7,-3.6,4.2,-2,3.4,-1.6,1.2"
"""Mean cepstrum of close speech: the model's own start value knows only the loudness."""

PARTIAL_EVERY = 12
"""Blocks of 10 ms between two looks at what was understood so far."""


class PocketsphinxRecognizer:
    """CMU PocketSphinx (https://github.com/cmusphinx/pocketsphinx) with its own English model."""

    def __init__(self, effort: str = "light") -> None:
        self._effort = ""
        self.configure(effort)

    def configure(self, effort: str = "light") -> None:
        if effort != self._effort:
            self._decoder = _decoder(effort)
            self._effort = effort

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        """Yield what was understood so far whenever it changes, at most every 120 ms of sound."""
        decoder = self._decoder
        decoder.set_cmn(USUAL_MEAN)
        decoder.start_utt()
        try:
            yield from self._partials(audio, turn)
        finally:
            decoder.end_utt()
        words = words_of(decoder.seg())
        text = " ".join(word.text for word in words)
        yield Transcript(text, True, confidence_of(decoder.seg()), words)

    def close(self) -> None:
        del self._decoder

    def _partials(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        shown = ""
        for count, chunk in enumerate(audio, start=1):
            turn.check()
            self._decoder.process_raw(_encoded(chunk.samples), False, False)
            if count % PARTIAL_EVERY == 0 and (text := text_of(self._decoder.hyp())) != shown:
                shown = text
                yield Transcript(text)


def _decoder(effort: str) -> Any:
    import pocketsphinx

    return pocketsphinx.Decoder(
        loglevel="ERROR",
        lw=8.0,
        fwdflat=False,  # a second pass over the whole utterance would come after its end
        **EFFORTS[effort],
    )


def _encoded(samples: Samples) -> bytes:
    return (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
