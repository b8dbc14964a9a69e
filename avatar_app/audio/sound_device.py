"""Common base of microphone and loudspeaker: one stream that survives its device."""

from __future__ import annotations

from typing import Self

from avatar_app.audio.backend import AudioBackend
from avatar_app.audio.clock import Clock
from avatar_app.audio.null_devices import NullDevice, OnNotice
from avatar_app.audio.reconnecting_stream import ReconnectingStream, StreamRole
from avatar_app.audio.stream import Format, StreamCallback


class SoundDevice:
    """Context manager: between `start` and `close` blocks pass, with or without a real device.

    `on_notice(sentence, hint)` reports that a device is gone or back.
    """

    def __init__(
        self,
        role: StreamRole,
        device: str | None,
        silent: NullDevice,
        on_notice: OnNotice,
        card: AudioBackend,
        clock: Clock,
    ) -> None:
        """`device`: its name, or None for the system's default; `silent` replaces it where there is
        none."""
        self._stream = ReconnectingStream(
            role, device, self._callback, silent, on_notice, card, clock
        )

    @property
    def name(self) -> str | None:
        """The device in use; None while there is none."""
        line = self._stream.line
        return line.device.name if line else None

    @property
    def latency(self) -> float:
        """Seconds between this program and the converter of the device."""
        line = self._stream.line
        return line.latency if line else 0.0

    @property
    def alive(self) -> bool:
        """Whether a real device is in use."""
        line = self._stream.line
        return line is not None and line.alive

    def use(self, device: str | None) -> None:
        """Change to another device; None is the system's default."""
        self._stream.use(device)

    def start(self) -> None:
        self._stream.start()

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _callback(self, form: Format) -> StreamCallback:
        """Return the function that PortAudio calls for each block of a stream of that format."""
        raise NotImplementedError
