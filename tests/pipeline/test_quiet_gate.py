"""A quiet room is told from speech, whatever its noise; any doubt opens the gate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avatar_app.media.sound_reader import read_sound
from avatar_app.pipeline.input.audio_frontend import mean_power
from avatar_app.pipeline.input.quiet_gate import AWAKE, ENOUGH, QuietGate

DATA = Path(__file__).parents[1] / "data"
RNG = np.random.default_rng(4)


def noise(level_db: float, blocks: int) -> np.ndarray:
    """White, shape (blocks, 160)."""
    level = 10 ** (level_db / 20)
    return RNG.normal(0, level, (blocks, 160)).astype(np.float32)


def hear(gate: QuietGate, blocks: np.ndarray) -> list[bool]:
    return [gate.hear(mean_power(block)) for block in blocks]


@pytest.mark.parametrize("level_db", [-90.0, -60.0, -40.0])
def test_steady_noise_closes_the_gate(level_db: float) -> None:
    gate = QuietGate()
    opened = hear(gate, noise(level_db, 1000))
    assert all(opened[:ENOUGH])  # the room is not known yet
    assert np.mean(opened[ENOUGH + AWAKE :]) < 0.05
    assert gate.quiet_power > 0


def test_silence_closes_the_gate() -> None:
    opened = hear(QuietGate(), np.zeros((400, 160), np.float32))
    assert not any(opened[ENOUGH + AWAKE :])


def test_louder_block_opens_the_gate_for_a_second() -> None:
    gate = QuietGate()
    hear(gate, noise(-60.0, 500))
    assert hear(gate, noise(-50.0, 1)) == [True]
    assert all(hear(gate, noise(-90.0, AWAKE - 1)))
    assert not any(hear(gate, noise(-90.0, 10)))


def test_gate_stays_open_while_somebody_has_the_floor() -> None:
    gate = QuietGate()
    hear(gate, noise(-60.0, 500))
    gate.keep_open()
    assert all(hear(gate, noise(-90.0, AWAKE - 1)))


@pytest.mark.parametrize("recording", ["goforward.wav", "jfk.flac", "librivox-0870.wav"])
@pytest.mark.parametrize("snr_db", [20.0, 10.0, 6.0])
def test_speech_in_noise_opens_the_gate_immediately(snr_db: float, recording: str) -> None:
    """Of the blocks in which somebody speaks clearly, none is lost: the frontend gives the last
    half second to canceller and detector when the gate opens."""
    speech = read_sound(DATA / recording).samples
    speech = speech[: len(speech) // 160 * 160].reshape(-1, 160)
    powers = np.square(speech).mean(axis=1)
    voiced = powers > 0.1 * np.quantile(powers, 0.95)
    level = float(np.sqrt(powers[voiced].mean()) * 10 ** (-snr_db / 20))
    gate = QuietGate()
    hear(gate, RNG.normal(0, level, (500, 160)).astype(np.float32))
    heard = speech + RNG.normal(0, level, speech.shape).astype(np.float32)
    opened = np.array(hear(gate, heard))
    first = int(np.argmax(voiced))
    assert opened[: first + 30].any()
    assert opened[voiced].mean() > 0.97
