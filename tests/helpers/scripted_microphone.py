"""A microphone into which a test speaks, and a recognizer that understands what a test says."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.voices.recording import Listener, Notice

PATIENT = 0.02
"""Seconds between two blocks of silence after what was said: time for a test to press a button."""


class ScriptedMicrophone:
    """A `voices.recording.Open`: hears `says` at once, and then silence, block by block."""

    def __init__(self) -> None:
        self.says: Samples = np.zeros(0, np.float32)
        self.missing = False
        self.times_opened = 0

    @contextmanager
    def __call__(self, on_block: Listener, _on_notice: Notice) -> Iterator[None]:
        if self.missing:
            raise DeviceUnavailable("No microphone was found.", "Plug one in, or choose one.")
        self.times_opened += 1
        closed = threading.Event()
        thread = threading.Thread(target=self._speak, args=(on_block, closed))
        thread.start()
        try:
            yield
        finally:
            closed.set()
            thread.join()

    def _speak(self, on_block: Listener, closed: threading.Event) -> None:
        said, at = self.says, 0
        while not closed.is_set():
            block = said[at : at + MICROPHONE_BLOCK]
            block = np.pad(block, (0, MICROPHONE_BLOCK - len(block)))
            on_block(AudioChunk(block, MICROPHONE_RATE, at), 0.0)
            at += MICROPHONE_BLOCK
            if at > len(said):
                closed.wait(PATIENT)


class ScriptedRecognizer:
    """A `voices.consent_reading.Follower` that understands `hears`, word by word."""

    def __init__(self) -> None:
        self.hears = ""

    def __call__(self, blocks: Iterable[Samples]) -> Iterator[str]:
        words = self.hears.split()
        for number, _ in enumerate(blocks):
            if number < len(words):
                yield " ".join(words[: number + 1])
        yield self.hears
