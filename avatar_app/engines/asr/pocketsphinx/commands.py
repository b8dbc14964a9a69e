"""Recognizes common commands that free recognition mistakes for similar words.

A second decoder, which knows nothing but the phrases of commands.txt, always finds one of them. Its
phrase is taken when its sounds are close to those that the free decoder found on its own; of other
sentences none comes as close.
"""

from __future__ import annotations

from pathlib import Path

from rapidfuzz.distance import Levenshtein

from avatar_app.core.values import Word
from avatar_app.engines.asr.pocketsphinx.reading import words_of

GRAMMAR = Path(__file__).parent / "commands.txt"
"""JSGF."""

LONGEST = 4 * 16_000 * 2
"""Bytes: no command lasts longer than 4 s, and its decoding after the end takes time."""
FARTHEST = 0.55
"""Share of sounds that may differ: true commands 0 to 0.8, other sentences from 0.57 on."""


class CommandListener:
    """The decoder for commands, and the decision whether to trust it."""

    def __init__(self) -> None:
        import pocketsphinx

        self._decoder = pocketsphinx.Decoder(
            loglevel="FATAL",  # a sentence that is not a command is not an error
            lm=None,
            jsgf=str(GRAMMAR),
            fwdflat=False,
            bestpath=False,
        )

    def heard(self, pcm: bytes, mean: str, words: tuple[Word, ...]) -> tuple[Word, ...]:
        """Return the command in `pcm` if it sounds like the freely recognized `words`; else
        empty.

        `mean` is the mean cepstrum with which the words were found.
        """
        if len(pcm) > LONGEST or not words:
            return ()
        self._decoder.set_cmn(mean)
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, no_search=False, full_utt=False)
        self._decoder.end_utt()
        command = words_of(self._decoder.seg())
        return command if command and self.distance(command, words) <= FARTHEST else ()

    def distance(self, command: tuple[Word, ...], words: tuple[Word, ...]) -> float:
        """Return the share of sounds in which the two differ, from 0 to 1."""
        return Levenshtein.normalized_distance(self._phones(command), self._phones(words))

    def _phones(self, words: tuple[Word, ...]) -> list[str]:
        spelled = (self._decoder.lookup_word(word.text) or "?" for word in words)
        return [phone for phones in spelled for phone in phones.split()]
