"""Understands clear English while it is being spoken, with nothing to download: PocketSphinx."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_BLOCK, AudioChunk, Samples, Transcript
from avatar_app.engines.asr.pocketsphinx import average
from avatar_app.engines.asr.pocketsphinx.reading import confidence_of, text_of, words_of

LANGUAGE_WEIGHT = 8.0
"""How much the likelihood of a word's place counts against its sound."""
MOST_PHONES = 5_000
"""Phone models followed in a frame; 10,000 find no other words."""
MOST_WORDS = 20
"""Word ends followed in a frame."""

PARTIAL_EVERY = 12
"""Blocks of 10 ms between two looks at what was understood so far."""

CATCH_UP = 1600
"""Samples decoded between two looks at the turn when the beginning is heard again."""


class PocketsphinxRecognizer:
    """CMU PocketSphinx (https://github.com/cmusphinx/pocketsphinx) with its own English model.

    The model wants to know how voice and microphone sound on average and would learn it only from
    whole utterances. Here the average is taken from the beginning of each utterance, which is then
    decoded again: a third fewer wrong words than with a fixed average, for 0.2 s of work.
    """

    def __init__(self) -> None:
        import pocketsphinx

        self._decoder = pocketsphinx.Decoder(
            loglevel="ERROR",
            lw=LANGUAGE_WEIGHT,
            maxhmmpf=MOST_PHONES,
            maxwpf=MOST_WORDS,
            fwdflat=False,  # a second pass over the whole utterance would come after its end
        )
        self._mean = average.USUAL

    def configure(self) -> None:
        """There is nothing to choose."""

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        """Yield what was understood so far whenever it changes, at most every 120 ms of sound."""
        decoder = self._decoder
        self._start(average.USUAL)
        try:
            yield from self._partials(audio, turn)
        finally:
            decoder.end_utt()
        words = words_of(decoder.seg())
        confidence = confidence_of(decoder.seg(), decoder.lookup_word)
        yield Transcript(" ".join(word.text for word in words), True, confidence, words)

    def close(self) -> None:
        del self._decoder

    def _start(self, mean: average.Cepstrum) -> None:
        self._mean = mean
        self._decoder.set_cmn(average.written(mean))
        self._decoder.start_utt()

    def _partials(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        heard = bytearray()
        shown = ""
        for count, block in enumerate(_blocks(audio), start=1):
            turn.check()
            heard += block
            self._decoder.process_raw(block, False, False)
            if count in average.LEARNED_AT:
                self._start_again(bytes(heard), turn)
            if count % PARTIAL_EVERY == 0 and (text := text_of(self._decoder.hyp())) != shown:
                shown = text
                yield Transcript(text)

    def _start_again(self, heard: bytes, turn: Turn) -> None:
        """Decode what was heard so far once more, knowing its average."""
        decoder = self._decoder
        frames = len(heard) // (2 * MICROPHONE_BLOCK)
        mean = average.learned(decoder.get_cmn(True), self._mean, frames)
        decoder.end_utt()
        self._start(mean)
        for start in range(0, len(heard), 2 * CATCH_UP):
            turn.check()
            decoder.process_raw(heard[start : start + 2 * CATCH_UP], False, False)


def _blocks(audio: Iterator[AudioChunk]) -> Iterator[bytes]:
    """The sound in pieces of at most 10 ms, so that it is decoded alike however it arrives."""
    for chunk in audio:
        for start in range(0, len(chunk.samples), MICROPHONE_BLOCK):
            yield _encoded(chunk.samples[start : start + MICROPHONE_BLOCK])


def _encoded(samples: Samples) -> bytes:
    return (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
