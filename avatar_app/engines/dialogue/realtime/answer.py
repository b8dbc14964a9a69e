"""One response: its sound and its words, which arrive apart, as speech whose words have times."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from avatar_app.core.errors import EngineFailed
from avatar_app.core.values import AudioChunk, SpeechChunk, ToolCall, Word

RATE = 24_000
"""Samples per second in both directions."""
LETTERS_A_SECOND = 14.0
"""As people speak: a word is placed by the letters before it, as the protocol tells no times."""
LONGEST = 600 * RATE
"""Samples of one response after which it is none."""
_AUDIO = ("response.output_audio.delta", "response.audio.delta")
"""The second as servers say that were written before the protocol was released."""
_WORDS = ("response.output_audio_transcript.delta", "response.audio_transcript.delta")
_TEXT = ("response.output_text.delta", "response.text.delta")
_WRITTEN = (
    "response.output_audio_transcript.done", "response.audio_transcript.done",
    "response.output_text.done", "response.text.done", "response.done",
)  # fmt: skip
_ITEM = "response.output_item.done"


class RealtimeAnswer:
    """Takes the events of a response. One piece of sound is held back, for the last words."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._held: np.ndarray | None = None
        self._words: deque[str] = deque()
        self._partial = ""
        self._samples, self._letters = 0, 0
        self.item_id = ""
        """Of the message that is spoken."""
        self.calls: list[tuple[str, ToolCall]] = []
        self.is_written = False
        """Whether all words have come."""

    @property
    def has_spoken(self) -> bool:
        """Whether speech was returned."""
        return self._samples > 0

    def take(self, event: Mapping[str, Any]) -> SpeechChunk | None:
        """Take an event; return speech that is complete by it. Raises EngineFailed for what is not
        of the protocol."""
        kind = event["type"]
        if kind in _WRITTEN:
            self.is_written = True
        if kind in _AUDIO:
            self.item_id = _text(event.get("item_id"))
            return self._sounded(self._decoded(event.get("delta")))
        if kind in (*_WORDS, *_TEXT):
            self._wrote(_text(event.get("delta")))
        elif kind == _ITEM:
            self._called(event.get("item"))
        return None

    def rest(self) -> Iterator[SpeechChunk]:
        """Yield the sound that was held back, with all words that are left."""
        held, self._held = self._held, None
        if held is not None and len(held):
            self._words.extend(self._partial.split())
            self._partial = ""
            yield self._chunk(held, len(self._words))

    def unsaid(self) -> str:
        """Return words that came without sound."""
        words = [*self._words, *self._partial.split()]
        self._words.clear()
        self._partial = ""
        return " ".join(words)

    def _wrote(self, delta: str) -> None:
        *whole, self._partial = _split(self._partial + delta)
        self._words.extend(whole)

    def _sounded(self, samples: np.ndarray) -> SpeechChunk | None:
        if self._samples + len(samples) > LONGEST:
            raise self._nonsense()
        before, self._held = self._held, samples
        if before is None or not len(before):
            return None
        until = (self._samples + len(before)) / RATE * LETTERS_A_SECOND
        count, letters = 0, self._letters
        for word in self._words:
            letters += len(word) + 1
            if letters > until:
                break
            count += 1
        return self._chunk(before, count)

    def _chunk(self, samples: np.ndarray, count: int) -> SpeechChunk:
        said = [self._words.popleft() for _ in range(count)]
        self._letters += sum(len(word) + 1 for word in said)
        self._samples += len(samples)
        each = len(samples) / RATE / max(1, count)
        words = tuple(Word(word, at * each, (at + 1) * each) for at, word in enumerate(said))
        return SpeechChunk(AudioChunk(samples, RATE), " ".join(said), words)

    def _decoded(self, delta: object) -> np.ndarray:
        try:
            pcm = np.frombuffer(b64decode(_text(delta), validate=True), "<i2")
        except (NotBase64, ValueError) as error:
            raise self._nonsense() from error
        return pcm.astype(np.float32) / 32_768

    def _called(self, item: object) -> None:
        if not isinstance(item, dict) or item.get("type") != "function_call":
            return
        try:
            arguments = json.loads(item.get("arguments") or "{}")
        except (ValueError, TypeError, RecursionError) as error:
            raise self._nonsense() from error
        if not isinstance(arguments, dict):
            raise self._nonsense()
        call = ToolCall(_text(item.get("name")), arguments)
        self.calls.append((_text(item.get("call_id")), call))

    def _nonsense(self) -> EngineFailed:
        return EngineFailed(
            f"The server {self._address} does not speak the Realtime protocol.",
            "Check the address, or choose another server.",
        )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _split(text: str) -> list[str]:
    """Return the whole words of a text, and at its end what may go on."""
    words = text.split()
    return [*words, ""] if not words or text[-1].isspace() else words
