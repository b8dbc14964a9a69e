"""Cuts a recording into what a microphone delivers."""

from __future__ import annotations

from collections.abc import Iterator

from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, AudioChunk, Samples


def blocks_of(samples: Samples) -> Iterator[AudioChunk]:
    """Yield sound at 16 kHz in blocks of 10 ms; a rest that fills no block is left out."""
    for start in range(0, len(samples) - MICROPHONE_BLOCK + 1, MICROPHONE_BLOCK):
        yield AudioChunk(samples[start : start + MICROPHONE_BLOCK], MICROPHONE_RATE, start)
