"""English speech recognition with PocketSphinx: streaming, and with nothing to download."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_BLOCK, AudioChunk, Samples, Transcript
from avatar_app.engines.asr.pocketsphinx import average
from avatar_app.engines.asr.pocketsphinx.commands import CommandListener
from avatar_app.engines.asr.pocketsphinx.reading import confidence_of, text_of, words_of
from avatar_app.engines.asr.pocketsphinx.voicing import Voicing

LANGUAGE_WEIGHT = 8.0
"""How much the likelihood of a word's place counts against its sound."""
MOST_PHONES = 5_000
"""Phone models followed in a frame; 10,000 find no other words."""
MOST_WORDS = 20
"""Word ends followed in a frame."""

PARTIAL_EVERY = 12
"""Blocks of 10 ms between two checks of the partial transcript."""

SHORTEST_VOICE = 6
"""Voiced blocks of 10 ms without which nothing counts as a word."""
NO_VOICE = 0.05
"""Voiced share of the words below which they count as a cough or noise."""
SURE_VOICE = 0.25
"""Voiced share of the words from which they are fully trusted; speech has 0.4 to 0.9."""

_MEAN = "mean"
"""Name of the search with which the average is taken."""
_ONE_WORD = "#JSGF V1.0; grammar mean; public <a> = a;"
CATCH_UP = 1600
"""Samples decoded between two checks of the turn when the beginning is decoded again."""


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
        self._words = self._decoder.current_search()
        self._decoder.add_jsgf_string(_MEAN, _ONE_WORD)
        self._commands = CommandListener()
        self._mean = average.USUAL
        self._in_use = threading.Lock()

    def configure(self) -> None:
        """There are no options."""

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        """Yield the partial transcript whenever it changes, at most every 120 ms of sound. An
        utterance that was given up may need a moment to end, until which the next one waits."""
        with self._in_use:
            turn.check()
            yield from self._recognized(audio, turn)

    def _recognized(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        self._start(average.USUAL)
        voicing, heard = Voicing(), bytearray()
        try:
            yield from self._partials(audio, turn, voicing, heard)
        finally:
            self._decoder.end_utt()
        yield self._final(voicing, bytes(heard))

    def close(self) -> None:
        del self._decoder, self._commands

    def _start(self, mean: average.Cepstrum) -> None:
        self._mean = mean
        self._decoder.set_cmn(average.format_mean(mean))
        self._decoder.start_utt()

    def _final(self, voicing: Voicing, heard: bytes) -> Transcript:
        words = words_of(self._decoder.seg())
        share = voicing.share(words)
        if share < NO_VOICE:
            return Transcript("", final=True, confidence=0.0)
        command = self._commands.heard(heard, average.format_mean(self._mean), words)
        trust = float(np.interp(share, (NO_VOICE, SURE_VOICE), (0.0, 1.0)))
        if command:
            trust *= 1.0 - self._commands.distance(command, words) / 2
        else:
            trust *= confidence_of(self._decoder.seg(), self._decoder.lookup_word)
        understood = command or words
        text = " ".join(word.text for word in understood)
        return Transcript(text, final=True, confidence=trust, words=understood)

    def _partials(
        self, audio: Iterator[AudioChunk], turn: Turn, voicing: Voicing, heard: bytearray
    ) -> Iterator[Transcript]:
        shown = ""
        spoken = 0
        for count, block in enumerate(_blocks(audio), start=1):
            turn.check()
            voicing.hear(block)
            pcm = _encoded(block)
            heard += pcm
            self._decoder.process_raw(pcm, no_search=False, full_utt=False)
            spoken += voicing.blocks > 0
            if voicing.blocks and spoken in average.LEARNED_AT:
                self._start_again(bytes(heard), turn)
            if count % PARTIAL_EVERY == 0 and voicing.blocks >= SHORTEST_VOICE:
                text = text_of(self._decoder.hyp())
                if text != shown:
                    shown = text
                    yield Transcript(text)

    def _start_again(self, heard: bytes, turn: Turn) -> None:
        """Decode the sound so far again, with its mean."""
        decoder = self._decoder
        decoder.end_utt()
        self._start(self._mean_of(average.loud(heard)))
        for start in range(0, len(heard), 2 * CATCH_UP):
            turn.check()
            decoder.process_raw(
                heard[start : start + 2 * CATCH_UP], no_search=False, full_utt=False
            )

    def _mean_of(self, voice: bytes) -> average.Cepstrum:
        """Return the mean of the sound. The decoder searches it for words when it ends, whatever it
        is asked for: here it searches for a single one."""
        decoder = self._decoder
        decoder.activate_search(_MEAN)
        decoder.set_cmn(average.format_mean(average.USUAL))
        decoder.start_utt()
        decoder.process_raw(voice, no_search=True, full_utt=False)
        frames = len(voice) // (2 * MICROPHONE_BLOCK)
        mean = average.estimate_mean(decoder.get_cmn(update=True), average.USUAL, frames)
        decoder.end_utt()
        decoder.activate_search(self._words)
        return mean


def _blocks(audio: Iterator[AudioChunk]) -> Iterator[Samples]:
    """Split the sound into blocks of at most 10 ms, so that it is decoded alike however it
    arrives."""
    for chunk in audio:
        for start in range(0, len(chunk.samples), MICROPHONE_BLOCK):
            yield chunk.samples[start : start + MICROPHONE_BLOCK]


def _encoded(samples: Samples) -> bytes:
    return (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
