"""Devices are lent and given back: the conversation hears silence meanwhile, and loses nothing."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import AudioChunk, Samples
from avatar_app.session.shared_devices import SharedDevices

LOUD = AudioChunk(np.full(160, 0.5, np.float32), 16_000, 320)


class Conversation:
    """Counts what it hears, and what it is asked for."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, int]] = []
        self.position = 0

    def hear(self, chunk: AudioChunk, _adc_at: float) -> None:
        self.heard.append((float(np.abs(chunk.samples).max()), chunk.start))

    def read(self, count: int, _dac_at: float) -> Samples:
        self.position += count
        return np.full(count, 0.25, np.float32)


class Check:
    def __init__(self) -> None:
        self.heard: list[AudioChunk] = []

    def hear(self, chunk: AudioChunk, _adc_at: float) -> None:
        self.heard.append(chunk)

    def read(self, count: int, _dac_at: float) -> Samples:
        return np.full(count, 0.75, np.float32)


def test_conversation_pauses_during_a_check_and_continues() -> None:
    conversation, check = Conversation(), Check()
    shared = SharedDevices(conversation.hear, conversation.read, lambda: 0.1)
    shared.hear(LOUD, 0.0)
    assert shared.read(480, 0.0)[0] == 0.25
    assert shared.quiet_power() == 0.1
    with shared.borrowed(check):
        assert shared.lent
        shared.hear(LOUD, 0.01)
        assert shared.read(480, 0.01)[0] == 0.75
        assert shared.quiet_power() == 0.0
    assert not shared.lent
    assert shared.read(480, 0.02)[0] == 0.25
    assert conversation.heard == [(0.5, 320), (0.0, 320)]
    assert conversation.position == 960
    assert len(check.heard) == 1


def test_only_one_check_runs_at_a_time() -> None:
    conversation = Conversation()
    shared = SharedDevices(conversation.hear, conversation.read, lambda: 0.0)
    with shared.borrowed(Check()):
        with pytest.raises(DeviceUnavailable, match="Another check"), shared.borrowed(Check()):
            pytest.fail("lent twice")
        assert shared.lent
    with shared.borrowed(Check()):
        assert shared.lent
