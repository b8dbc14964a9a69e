"""Echo cancellation (AEC) with WebRTC's AEC3, fed with the sound that was really played."""

from __future__ import annotations

from typing import Any

import numpy as np

from avatar_app.core.values import AudioChunk

SHORTEST_DELAY_MS = 1
LONGEST_DELAY_MS = 500
"""Bounds of the delay hint that the module accepts; it searches around the hint by itself."""


class WebrtcEchoCanceller:
    """WebRTC's audio processing: high-pass filter, echo canceller, noise suppression, gain control.

    Blocks go through 16-bit integers, the module's own format. The module takes the far end at
    48 kHz and the near end at 16 kHz and resamples what it needs to.
    """

    def __init__(
        self,
        *,
        echo_cancellation: bool = True,
        noise_suppression: bool = True,
        gain_control: bool = False,
    ) -> None:
        self.configure(
            echo_cancellation=echo_cancellation,
            noise_suppression=noise_suppression,
            gain_control=gain_control,
        )

    def configure(
        self,
        *,
        echo_cancellation: bool = True,
        noise_suppression: bool = True,
        gain_control: bool = False,
    ) -> None:
        from livekit import rtc

        self._frame = rtc.AudioFrame
        self._module: Any = rtc.AudioProcessingModule(
            echo_cancellation=echo_cancellation,
            noise_suppression=noise_suppression,
            high_pass_filter=True,
            auto_gain_control=gain_control,
        )
        self._cancels = echo_cancellation
        self._delay = 0

    def played(self, block: AudioChunk) -> None:
        """Take ten milliseconds sent to the loudspeaker (48 kHz, 480 samples)."""
        if self._cancels:
            self._module.process_reverse_stream(self._encoded(block))

    def clean(self, block: AudioChunk, delay: float) -> AudioChunk:
        """Return the microphone's next 10 ms (16 kHz, 160 samples) without echo and noise."""
        hint = min(max(round(delay * 1000), SHORTEST_DELAY_MS), LONGEST_DELAY_MS)
        if hint != self._delay:  # the module remembers it
            self._module.set_stream_delay_ms(hint)
            self._delay = hint
        frame = self._encoded(block)
        self._module.process_stream(frame)
        samples = np.frombuffer(frame.data, dtype=np.int16).astype(np.float32) / np.float32(32768)
        return AudioChunk(samples, block.rate, block.start)

    def close(self) -> None:
        self._module = None

    def _encoded(self, block: AudioChunk) -> Any:
        pcm = (np.clip(block.samples, -1.0, 1.0) * 32767).astype(np.int16)
        return self._frame(bytearray(pcm.tobytes()), block.rate, 1, len(pcm))
