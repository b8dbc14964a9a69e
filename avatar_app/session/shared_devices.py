"""Lends the conversation's microphone and loudspeaker to a check, and gives them back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import AudioChunk, Samples


class Borrower(Protocol):
    """Who has the devices for a while; called from their threads, so it only copies."""

    def hear(self, chunk: AudioChunk, adc_at: float) -> None:
        """The microphone's next 10 ms (16 kHz, 160 samples)."""

    def read(self, count: int, dac_at: float) -> Samples:
        """The loudspeaker's next `count` samples, float32 at 48 kHz."""


class SharedDevices:
    """Stands between the devices and the conversation.

    While the devices are lent, the conversation hears silence, block by block, so that its clock
    goes on, and what it would play waits: nothing of it is lost.
    """

    def __init__(
        self,
        hear: Callable[[AudioChunk, float], None],
        read: Callable[[int, float], Samples],
        quiet_power: Callable[[], float],
    ) -> None:
        """What the conversation does with its devices."""
        self._hear, self._read, self._quiet_power = hear, read, quiet_power
        self._lending = threading.Lock()
        self._borrower: Borrower | None = None

    @property
    def lent(self) -> bool:
        return self._borrower is not None

    def hear(self, chunk: AudioChunk, adc_at: float) -> None:
        """What the microphone calls."""
        borrower = self._borrower
        if borrower is None:
            self._hear(chunk, adc_at)
            return
        borrower.hear(chunk, adc_at)
        silence = AudioChunk(np.zeros_like(chunk.samples), chunk.rate, chunk.start)
        self._hear(silence, adc_at)

    def read(self, count: int, dac_at: float) -> Samples:
        """What the loudspeaker calls."""
        borrower = self._borrower
        return self._read(count, dac_at) if borrower is None else borrower.read(count, dac_at)

    def quiet_power(self) -> float:
        """A borrower gets each block as soon as it is there."""
        return self._quiet_power() if self._borrower is None else 0.0

    @contextmanager
    def borrowed(self, borrower: Borrower) -> Iterator[None]:
        """Lend the devices. DeviceUnavailable while another check has them."""
        if not self._lending.acquire(blocking=False):
            raise DeviceUnavailable("Another check is under way.", "Wait until it has ended.")
        try:
            self._borrower = borrower
            yield
        finally:
            self._borrower = None
            self._lending.release()
