"""Microphone and loudspeaker at the other end of a wire: sound goes in and out at its own pace."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from avatar_app.core.values import (
    BLOCK_SECONDS,
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    PLAYBACK_BLOCK,
    AudioChunk,
    Samples,
)
from avatar_app.pipeline.conversation import Conversation

TICK = 0.01
"""Seconds between two looks at both directions."""
LEAD = 0.1
"""Seconds of speech that are sent ahead, so that an uneven network leaves no gaps."""
GAP = 0.25
"""Seconds without sound from a client that sends it after which silence is heard instead."""
MOST_BLOCKS = 16
"""Blocks of 10 ms that are heard in one tick, where a client sends faster than one speaks."""
MOST_WAITING = 120 * MICROPHONE_RATE
"""Samples that may wait to be heard."""
QUICK = 50
"""Blocks read at once where nobody listens to the speech."""
_SILENCE = np.zeros(MICROPHONE_BLOCK, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class SentSpeech:
    """A piece of the avatar's speech on its way to the client."""

    turn_id: int
    start: int
    """Index of the first sample in the turn's speech, at 48 kHz. Speech that was interrupted by a
    cough goes back by a word."""
    samples: Samples
    """float32, 48 kHz."""


def joined(pieces: list[SentSpeech]) -> Iterator[SentSpeech]:
    """Yield pieces of which none continues the one before it."""
    begin = 0
    for at in range(1, len(pieces) + 1):
        before = pieces[at - 1]
        end = before.start + len(before.samples)
        if at < len(pieces) and (pieces[at].turn_id, pieces[at].start) == (before.turn_id, end):
            continue
        first = pieces[begin]
        samples = np.concatenate([each.samples for each in pieces[begin:at]])
        yield SentSpeech(first.turn_id, first.start, samples)
        begin = at


class WireDevices:
    """Passes a client's sound to a conversation and its speech to the client, in a thread of its
    own, which is the conversation's clock."""

    def __init__(
        self,
        conversation: Conversation,
        send: Callable[[SentSpeech], None],
        clock: Callable[[], float],
    ) -> None:
        self._conversation, self._send, self._clock = conversation, send, clock
        self._waiting: deque[Samples | Callable[[], None]] = deque()
        self._count, self._rest = 0, np.zeros(0, np.float32)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._heard_at: float | None = None
        self._blocks = 0
        self._dac_at = 0.0
        self.held = False
        """While the client decides who has the floor, pauses of the network are no silence."""
        self.listened_to = True
        """Whether the client wants to hear the speech; otherwise it passes at once."""
        self._thread = threading.Thread(target=self._run, name="wire", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def hear(self, samples: Samples) -> bool:
        """Take sound of the client, 16 kHz, of any length; returns False where too much waits."""
        with self._lock:
            if self._count + len(samples) > MOST_WAITING:
                return False
            self._waiting.append(samples)
            self._count += len(samples)
            return True

    def then(self, action: Callable[[], None]) -> None:
        """Call `action` when everything that was sent before is heard."""
        with self._lock:
            self._waiting.append(action)

    def forget(self) -> None:
        """Drop the sound that waits."""
        with self._lock:
            actions = [each for each in self._waiting if callable(each)]
            self._waiting, self._count = deque(actions), 0
            self._rest = np.zeros(0, np.float32)

    def _run(self) -> None:
        due = self._clock()
        while not self._ended.wait(max(0.0, due - self._clock())):
            now = self._clock()
            self._speak(now)
            self._listen(now)
            due = max(due + TICK, now - TICK)

    def _speak(self, now: float) -> None:
        """Send what is to be heard by LEAD after `now`."""
        self._dac_at = max(self._dac_at, now)
        pieces: list[SentSpeech] = []
        playback = self._conversation.playback
        for _ in range(QUICK):
            dac_at = self._dac_at if self.listened_to else now
            samples = playback.read(PLAYBACK_BLOCK, dac_at)
            speech = playback.speech_at(dac_at)
            if speech is None:
                self._dac_at = now + BLOCK_SECONDS
                break
            self._dac_at += BLOCK_SECONDS
            if self.listened_to:
                pieces.append(SentSpeech(speech.turn_id, speech.start, samples[: speech.count]))
                if self._dac_at - now > LEAD:
                    break
        for piece in joined(pieces):
            self._send(piece)

    def _listen(self, now: float) -> None:
        heard = 0
        while heard < MOST_BLOCKS and (piece := self._next_piece()) is not None:
            if callable(piece):
                piece()
                continue
            self._heard_at = now
            heard += 1
            self._hear_block(piece, now)
        is_gap = self._heard_at is not None and now - self._heard_at <= GAP
        if heard or is_gap or self.held:
            return
        self._rest = np.zeros(0, np.float32)
        for _ in range(round(TICK * MICROPHONE_RATE / MICROPHONE_BLOCK)):
            self._hear_block(_SILENCE, now)

    def _next_piece(self) -> Samples | Callable[[], None] | None:
        """Return the next 10 ms, or the next action; None where there is neither."""
        with self._lock:
            while len(self._rest) < MICROPHONE_BLOCK and self._waiting:
                if callable(self._waiting[0]):
                    if not len(self._rest):
                        return self._waiting.popleft()
                    self._rest = np.pad(self._rest, (0, MICROPHONE_BLOCK - len(self._rest)))
                    break
                samples = self._waiting.popleft()
                assert not callable(samples)
                self._rest = np.concatenate([self._rest, samples])
                self._count -= len(samples)
            if len(self._rest) < MICROPHONE_BLOCK:
                return None
            block, self._rest = self._rest[:MICROPHONE_BLOCK], self._rest[MICROPHONE_BLOCK:]
            return block

    def _hear_block(self, samples: Samples, now: float) -> None:
        chunk = AudioChunk(samples, MICROPHONE_RATE, self._blocks * MICROPHONE_BLOCK)
        self._blocks += 1
        self._conversation.hear(chunk, now)
