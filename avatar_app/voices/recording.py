"""Records speech from a microphone until a pause ends it."""

from __future__ import annotations

import queue
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import DeviceUnavailable, InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.core.values import BLOCK_SECONDS, MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.media.sound_reader import write_sound

LONGEST_SECONDS = 30.0
PAUSE_SECONDS = 1.5
"""Seconds of silence that end a recording."""
SENTENCE_SECONDS = 2.0
"""Minimum seconds of speech in the sentence."""
REFERENCE_SECONDS = 8.0
"""Seconds of speech after which a pause ends a reference."""
LISTENING = 0.4
"""Job progress when recording begins."""
_PATIENCE = 5.0
"""Seconds of the machine's time without a single block: the device hangs."""

Listener = Callable[[AudioChunk, float], None]
Notice = Callable[[str, str], None]
Open = Callable[[Listener, Notice], AbstractContextManager[Any]]
"""Opens a microphone that calls back with blocks of 10 ms at 16 kHz, and with its problems."""


def open_microphone(device: str | None) -> Open:
    """Open the microphone of that name; None is the system's default."""
    from avatar_app.audio.microphone import Microphone

    return lambda on_block, on_notice: Microphone(device, on_block, on_notice)


def record(job: Job[Any], open_source: Open, least: float = SENTENCE_SECONDS) -> Samples:
    """Record speech with its pauses, at 16 kHz; raises DeviceUnavailable where nothing is heard.

    `least`: minimum seconds of speech before a pause ends it.
    """
    return np.concatenate(list(until_pause(job, open_source, least)))


def until_pause(
    job: Job[Any], open_source: Open, least: float = SENTENCE_SECONDS
) -> Iterator[Samples]:
    """Yield what `record` returns, in blocks, as it is heard."""
    import webrtcvad

    detector = webrtcvad.Vad(2)
    spoken = silent = 0.0
    with closing(listen(job, open_source)) as blocks:
        for block in blocks:
            yield block
            if detector.is_speech(_pcm(block), MICROPHONE_RATE):
                spoken, silent = spoken + BLOCK_SECONDS, 0.0
            else:
                silent += BLOCK_SECONDS
            if silent >= PAUSE_SECONDS and spoken >= least:
                return
    raise InputInvalid(
        f"No speech followed by silence within {LONGEST_SECONDS:.0f} seconds.",
        "Speak at once, without other sounds, and then be quiet.",
    )


def listen(job: Job[Any], open_source: Open) -> Generator[Samples]:
    """Yield blocks of 10 ms at 16 kHz for LONGEST_SECONDS; raises DeviceUnavailable where nothing
    is heard."""
    arriving: queue.Queue[AudioChunk | DeviceUnavailable] = queue.Queue()
    with open_source(
        lambda block, _at: arriving.put(block),
        lambda sentence, hint: arriving.put(DeviceUnavailable(sentence, hint)),
    ):
        job.report(LISTENING, "Speak now, and be quiet at the end")
        for _ in range(round(LONGEST_SECONDS / BLOCK_SECONDS)):
            job.check()
            yield _next(arriving).samples


def record_reference(path: Path, open_source: Open) -> Job[Path]:
    """Record what somebody says into the file `path`, for some ten seconds."""

    def run(job: Job[Path]) -> Path:
        samples = record(job, open_source, REFERENCE_SECONDS)
        write_sound(path, AudioChunk(samples, MICROPHONE_RATE))
        return path

    return Job("Listening", run)


def _next(arriving: queue.Queue[AudioChunk | DeviceUnavailable]) -> AudioChunk:
    try:
        item = arriving.get(timeout=_PATIENCE)
    except queue.Empty:
        raise DeviceUnavailable("The microphone sends nothing.", "Plug it in again.") from None
    if isinstance(item, DeviceUnavailable):
        raise item
    return item


def _pcm(samples: Samples) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
