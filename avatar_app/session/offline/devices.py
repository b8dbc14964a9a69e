"""Simulated audio devices and screen: time passes in blocks of sound, as fast as possible."""

from __future__ import annotations

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
    VideoFrame,
)
from avatar_app.pipeline.conversation import Conversation


class SimulatedClock:
    """Counts blocks; its seconds are those of the sound that has passed."""

    def __init__(self) -> None:
        self.blocks = 0

    def __call__(self) -> float:
        return self.blocks * BLOCK_SECONDS


@dataclass(frozen=True, slots=True, eq=False)
class Tick:
    """What a person hears and sees during ten milliseconds."""

    at: float
    """Seconds of the simulated clock."""
    played: Samples
    """float32, shape (480,), 48 kHz: the block sent to the loudspeaker."""
    frame: VideoFrame | None
    """The frame on the screen."""


class SimulatedDevices:
    """Advances time for a conversation: per step a block from the microphone, a block to the
    loudspeaker, and a frame when one is due.

    A step takes as long as the conversation works, `pace` real seconds at most. With one
    block's length (0.01) time passes as it does live, only faster where nothing is to be
    done, so that measured times are valid for live use; with a large pace nothing depends on
    the machine's speed.
    """

    def __init__(
        self,
        conversation: Conversation,
        clock: SimulatedClock,
        pace: float = BLOCK_SECONDS,
        output_latency: float = 0.04,
        fps: float | None = None,
        echo: Callable[[Samples], Samples] | None = None,
    ) -> None:
        self._conversation, self._clock, self._pace = conversation, clock, pace
        self._latency = round(output_latency / BLOCK_SECONDS)
        self._buffer: deque[Samples] = deque(
            np.zeros(PLAYBACK_BLOCK, np.float32) for _ in range(self._latency)
        )
        self._fps = fps or conversation.presenter.fps
        self._pictures = 0
        self._frame: VideoFrame | None = None
        self._echo = echo

    def step(self, microphone: Samples | None = None) -> Tick:
        """Advance 10 ms in which the microphone hears `microphone` (160 samples; None: silence)."""
        conversation, clock = self._conversation, self._clock
        now = clock()
        self._buffer.append(
            conversation.playback.read(PLAYBACK_BLOCK, now + self._latency * BLOCK_SECONDS)
        )
        played = self._buffer.popleft()
        heard = np.zeros(MICROPHONE_BLOCK, np.float32) if microphone is None else microphone
        if self._echo is not None:
            heard = heard + self._echo(played)
        if now * self._fps + 1e-6 >= self._pictures:
            self._pictures += 1
            self._frame = conversation.frame()
        conversation.hear(AudioChunk(heard, MICROPHONE_RATE, clock.blocks * MICROPHONE_BLOCK), now)
        conversation.activity.settle(self._pace)
        clock.blocks += 1
        return Tick(now, played, self._frame)

    def pass_time(self, seconds: float, microphone: Samples | None = None) -> Iterator[Tick]:
        """Advance `seconds`; the microphone hears `microphone` and then silence."""
        for index in range(round(seconds / BLOCK_SECONDS)):
            yield self.step(block_of(microphone, index))


def block_of(samples: Samples | None, index: int) -> Samples | None:
    """Return block `index` of a recording at 16 kHz, padded with silence; None after its end."""
    if samples is None:
        return None
    block = samples[index * MICROPHONE_BLOCK : (index + 1) * MICROPHONE_BLOCK]
    if not len(block):
        return None
    return np.pad(block, (0, MICROPHONE_BLOCK - len(block))).astype(np.float32)
