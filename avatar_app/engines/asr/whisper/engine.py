"""Speech recognition in any language with Whisper, through faster-whisper: streaming."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from avatar_app.core.engines import LiveAudio
from avatar_app.core.home import expanded
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, Samples, Transcript
from avatar_app.engines.asr.whisper.agreement import Agreement
from avatar_app.engines.asr.whisper.decoding import Decoder
from avatar_app.engines.asr.whisper.earlier import EarlierSpeech, Recollection
from avatar_app.engines.asr.whisper.hypothesis import DecodingOptions, Hypothesis
from avatar_app.engines.asr.whisper.loading import load, translate_error
from avatar_app.engines.asr.whisper.sound import Sound

FIRST_LOOK = 0.6
"""Seconds of sound before the first hypothesis."""
STEP = 0.4
"""Seconds of sound between two hypotheses, if they are computed quickly enough."""
AIR = 1.6
"""Seconds of sound until the next hypothesis, per second that one takes: the engine never falls
behind the speaker, and leaves time to others."""
PAUSE = 0.1
"""Seconds of quiet after which the final text is computed, in case the speaker has ended."""
SHORTEST = 0.15
"""Minimum seconds of sound that may contain a word."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """The options of the manifest."""

    model: str = ""
    language: str = "auto"
    device: str = "auto"
    compute: str = "auto"
    beam: int = 2
    threads: int = 2
    voice_filter: bool = True
    word_times: bool = True
    prompt: str = ""
    hotwords: str = ""

    @property
    def network(self) -> tuple[Any, ...]:
        """Return the options that take seconds to change."""
        return self.model, self.device, self.compute, self.threads

    def decoding(self, before: str) -> DecodingOptions:
        """Return the decoding options. `before`: what the speaker said until now."""
        return DecodingOptions(
            None if self.language == "auto" else self.language,
            self.beam,
            self.voice_filter,
            self.word_times,
            f"{self.prompt} {before}".strip(),
            self.hotwords,
        )


class WhisperRecognizer:
    """A `core.engines.SpeechRecognizer` (Radford et al.: Robust Speech Recognition via Large-Scale
    Weak Supervision, 2022; https://github.com/SYSTRAN/faster-whisper).

    Words are shown as soon as two hypotheses agree on them. In a pause the final text is computed
    before it is known that the speaker has ended: it is ready when the end is certain, and dropped
    if the speaker goes on. A partial text is aborted for it.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._using = threading.Lock()  # a hypothesis may be wanted while the model is exchanged
        self.decoder: Decoder | None = _loaded(self._choices)
        self._said = Recollection()

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        with self._using:
            if choices.network != self._choices.network:
                self.decoder = None  # two models at once might not fit
                self.decoder = _loaded(choices)
            self._choices = choices

    def close(self) -> None:
        self.decoder = None

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        earlier = self._said.take(turn)
        utterance = _Utterance(audio, turn, partial(self._decode, earlier))
        yield from utterance.partial_transcripts()
        final = utterance.final()
        speech = earlier.followed_by(utterance.samples, final.text, joined=final.joined)
        self._said.keep(turn, speech)
        yield Transcript(
            final.text,
            final=True,
            confidence=final.confidence,
            words=final.words,
            replaces=earlier.segments if final.joined else 0,
            language=final.language,
        )

    def _decode(
        self,
        earlier: EarlierSpeech,
        samples: Samples,
        *,
        final: bool,
        is_stale: Callable[[], bool],
    ) -> Hypothesis | None:
        """Return the text of `samples`; the final one, where one of the two is short, together with
        what was said before the pause."""
        joined = earlier.joined(samples) if final else None
        if joined is not None:
            options = replace(self._choices.decoding(earlier.context), word_times=True)
            found = self._decoded(joined, options, final=True, is_stale=is_stale)
            if found is None:
                return None
            if found.has_words_after(earlier.seconds):
                return replace(found, joined=True)
        options = self._choices.decoding(earlier.whole_text)
        return self._decoded(samples, options, final=final, is_stale=is_stale)

    def _decoded(
        self,
        samples: Samples,
        options: DecodingOptions,
        *,
        final: bool,
        is_stale: Callable[[], bool],
    ) -> Hypothesis | None:
        try:
            with self._using:
                assert self.decoder is not None, "it was closed"
                return self.decoder.decode(samples, options, final=final, is_stale=is_stale)
        except (RuntimeError, MemoryError) as error:
            raise translate_error(error, Path(self._choices.model)) from error


class _Utterance:
    """One recognition: decides when to decode, and when a result is no longer needed."""

    def __init__(
        self,
        audio: Iterator[AudioChunk],
        turn: Turn,
        decode: Callable[..., Hypothesis | None],
    ) -> None:
        self._audio, self._turn, self._decode = audio, turn, decode
        self._sound = Sound()
        self._agreement = Agreement()
        self._next_look = FIRST_LOOK
        self._guess: Hypothesis | None = None
        self._guessed_until = -1
        self._ended = False

    def partial_transcripts(self) -> Iterator[Transcript]:
        """Consume all sound; more words are agreed on from one transcript to the next."""
        while not self._ended:
            self._take()
            if self._look_is_due():
                yield Transcript(" ".join(self._agreement.agreed))

    @property
    def samples(self) -> Samples:
        return self._sound.samples

    def final(self) -> Hypothesis:
        """Return the final text; at once, if it was computed in the pause before the end."""
        if self._guessed_until != self._sound.voice_end and self._sound.seconds >= SHORTEST:
            self._look(final=True)
        return self._guess or Hypothesis()

    def _take(self) -> None:
        """Wait for the next block, or the end."""
        self._turn.check()
        chunk = next(self._audio, None)
        self._turn.check()
        if chunk is None:
            self._ended = True
        else:
            self._sound.add(chunk)

    def _take_available(self) -> None:
        """Take what arrived while the engine computed, where the stream supports that."""
        self._turn.check()
        while not self._ended and isinstance(self._audio, LiveAudio) and self._audio.ready:
            self._take()

    def _look_is_due(self) -> bool:
        """Decode if it is time; returns whether more words are agreed on."""
        sound = self._sound
        if sound.seconds >= self._next_look:
            self._take_available()  # on a busy machine the voice may have ended already
        if self._ended or sound.seconds < SHORTEST or self._guessed_until == sound.voice_end:
            return False
        if self._has_paused():
            return self._look(final=True)
        return sound.seconds >= self._next_look and self._look(final=False)

    def _look(self, *, final: bool) -> bool:
        began, at, until = time.perf_counter(), self._sound.seconds, self._sound.voice_end
        found = self._decode(
            self._sound.samples,
            final=final,
            is_stale=partial(self._goes_on, until) if final else self._final_is_wanted,
        )
        if found is None:
            return False
        took = time.perf_counter() - began
        self._next_look = at + max(STEP, AIR * took)
        if final:
            self._guess, self._guessed_until = found, until
        return not found.joined and self._agreement.add(found.text.split())

    def _has_paused(self) -> bool:
        return self._sound.voice_end > 0 and self._sound.quiet_seconds >= PAUSE

    def _final_is_wanted(self) -> bool:
        """Whether the voice has ended, so that a partial text is aborted for the final one."""
        self._take_available()
        return self._ended or self._has_paused()

    def _goes_on(self, until: int) -> bool:
        """Drop the text of a pause, as the speaker goes on."""
        self._take_available()
        return self._sound.voice_end != until


def _loaded(choices: _Choices) -> Decoder:
    folder = expanded(choices.model)
    return Decoder(load(folder, choices.device, choices.compute, choices.threads))
