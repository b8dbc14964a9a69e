"""Rooms for the checks of microphone and echo: what a microphone hears of a voice and of others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from avatar_app.core.values import MICROPHONE_BLOCK, PLAYBACK_BLOCK, Samples
from avatar_app.pipeline.output.playback import PlayedBlock
from avatar_app.session.checks.echo import HeardBlock

LATENCY = 0.06
"""Seconds that the loudspeaker holds sound back."""


def noise(count: int, db: float, seed: int = 3) -> Samples:
    """White noise with an RMS of `db` dBFS."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(count) * 10 ** (db / 20)).astype(np.float32)


def at_level(samples: Samples, db: float) -> Samples:
    """The samples with an RMS of `db` dBFS."""
    return (samples * (10 ** (db / 20) / np.sqrt(np.square(samples).mean()))).astype(np.float32)


def fitted(samples: Samples, count: int) -> Samples:
    """Cut, or padded with silence, to `count` samples."""
    return np.pad(samples[:count], (0, max(0, count - len(samples))))


def heard_in(
    sound: Samples,
    echo: Callable[[Samples], Samples] | None,
    noise_db: float = -62.0,
    others: Samples | None = None,
    gain: float = 1.0,
    jitter: float = 0.0,
) -> list[HeardBlock]:
    """What a check gets while `sound` (48 kHz) is played: the echo of it, the room's noise and
    `others` (16 kHz), through an amplifier that clips. `jitter`: seconds by which the devices'
    times are wrong."""
    rng = np.random.default_rng(11)
    waiting = deque([np.zeros(PLAYBACK_BLOCK, np.float32)] * round(LATENCY * 100))
    blocks = []
    for index in range(len(sound) // PLAYBACK_BLOCK):
        now = index / 100
        taken = sound[index * PLAYBACK_BLOCK :][:PLAYBACK_BLOCK]
        waiting.append(taken)
        played = waiting.popleft()
        heard = noise(MICROPHONE_BLOCK, noise_db, index)
        if echo is not None:
            heard = heard + echo(played)
        if others is not None:
            heard = heard + others[index * MICROPHONE_BLOCK :][:MICROPHONE_BLOCK]
        late = rng.normal(0.0, jitter, 2) if jitter else (0.0, 0.0)
        block = PlayedBlock(taken, now + LATENCY + late[0])
        clipped = np.clip(heard * gain, -1.0, 1.0).astype(np.float32)
        blocks.append(HeardBlock(clipped, now + late[1], (block,)))
    return blocks
