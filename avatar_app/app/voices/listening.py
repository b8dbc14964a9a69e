"""Listens to a microphone until a sentence was spoken and a pause tells that it has ended."""

from __future__ import annotations

import queue
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from avatar_app.app.jobs import Job
from avatar_app.core.errors import DeviceUnavailable, InputInvalid
from avatar_app.core.values import BLOCK_SECONDS, MICROPHONE_RATE, AudioChunk, Samples

LONGEST_SECONDS = 30.0
PAUSE_SECONDS = 1.5
"""Of silence after which the sentence has ended."""
LEAST_SPEECH_SECONDS = 2.0
_PATIENCE = 5.0
"""Seconds of the machine's time without a single block: the device hangs."""

Listener = Callable[[AudioChunk, float], None]
Notice = Callable[[str, str], None]
Open = Callable[[Listener, Notice], AbstractContextManager[Any]]
"""Opens a microphone that calls back with blocks of 10 ms at 16 kHz, and with its troubles."""


def open_microphone(device: str | None) -> Open:
    """The microphone of that name; None is the system's default."""
    from avatar_app.audio.microphone import Microphone

    return lambda on_block, on_notice: Microphone(device, on_block, on_notice)


def listen(job: Job[Any], open_source: Open) -> Samples:
    """What was spoken, with its pauses, at 16 kHz; DeviceUnavailable where nobody can be heard."""
    import webrtcvad

    arriving: queue.Queue[AudioChunk | DeviceUnavailable] = queue.Queue()
    detector = webrtcvad.Vad(2)
    heard: list[Samples] = []
    spoken = silent = 0.0
    with open_source(
        lambda block, _at: arriving.put(block),
        lambda sentence, hint: arriving.put(DeviceUnavailable(sentence, hint)),
    ):
        while silent < PAUSE_SECONDS or spoken < LEAST_SPEECH_SECONDS:
            job.check()
            block = _next(arriving)
            heard.append(block.samples)
            if detector.is_speech(_pcm(block.samples), MICROPHONE_RATE):
                spoken, silent = spoken + BLOCK_SECONDS, 0.0
            else:
                silent += BLOCK_SECONDS
            if len(heard) * BLOCK_SECONDS > LONGEST_SECONDS:
                raise InputInvalid(
                    f"No sentence ended within {LONGEST_SECONDS:.0f} seconds.",
                    "Read it at once, without other sounds, and then be quiet.",
                )
    return np.concatenate(heard)


def _next(arriving: queue.Queue[AudioChunk | DeviceUnavailable]) -> AudioChunk:
    try:
        item = arriving.get(timeout=_PATIENCE)
    except queue.Empty:
        raise DeviceUnavailable("The microphone sends nothing.", "Plug it in anew.") from None
    if isinstance(item, DeviceUnavailable):
        raise item
    return item


def _pcm(samples: Samples) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
