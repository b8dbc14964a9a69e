"""The loudspeaker is heard or not, by the quieter quarter of the last seconds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar_app.pipeline.input.acoustic_coupling import (
    ENOUGH,
    REMEMBERED,
    SETTLED,
    AcousticCoupling,
)
from avatar_app.pipeline.input.running_quantile import RunningQuantile

LOUD = 1e-2
"""Mean power of what the loudspeaker plays."""
NOISE = 1e-6
"""Mean power of the room."""


@given(st.lists(st.floats(0, 1), max_size=40), st.floats(0, 1), st.integers(1, 20))
def test_quantiles_are_those_of_the_last_values(
    values: list[float], share: float, most: int
) -> None:
    quantiles = RunningQuantile(most)
    for value in values:
        quantiles.add(value)
    last = values[-most:]
    assert len(quantiles) == len(last)
    expected = np.percentile(last, 100 * share) if last else 0.0
    assert quantiles.quantile(share) == pytest.approx(expected)


def heard(coupling: AcousticCoupling, near: float, far: float, blocks: int) -> bool:
    for _ in range(blocks):
        coupling.observe(near, far)
    return coupling.audible


def test_headphones_are_distinguished_from_a_loudspeaker() -> None:
    coupling = AcousticCoupling()
    assert heard(coupling, 1e-8, 0.0, 100)  # assumed until there is evidence
    assert heard(coupling, 1e-8, LOUD, SETTLED + ENOUGH - 2)
    assert not heard(coupling, 1e-8, LOUD, 2)
    assert heard(coupling, LOUD / 10, LOUD, REMEMBERED)
    assert not heard(coupling, 2e-8, LOUD, REMEMBERED)


def speech(rng: np.random.Generator, seconds: int) -> np.ndarray:
    """Mean powers of blocks: syllables of very different loudness, and pauses between words."""
    syllables = LOUD * 10 ** rng.normal(-0.3, 0.5, seconds * 5) * (rng.random(seconds * 5) < 0.8)
    return np.repeat(syllables, 20)


def unsteady(rng: np.random.Generator, seconds: int) -> np.ndarray:
    """Mean powers of blocks of the room: its noise comes and goes by 3 dB."""
    slow = np.repeat(10 ** rng.normal(0, 0.3, seconds * 4), 25)
    return NOISE * slow * rng.normal(1, 0.1, len(slow)).clip(0.5)


def share_audible(near: np.ndarray, far: np.ndarray) -> float:
    """In how many of the blocks the echo was taken for audible, after two seconds of sound."""
    coupling, found = AcousticCoupling(), []
    for powers in zip(near, far, strict=True):
        coupling.observe(*powers)
        found.append(coupling.audible)
    return float(np.mean(found[700:]))


@pytest.mark.parametrize("delay", [6, 20])
@pytest.mark.parametrize("decibels", [3, 5, 8])
def test_an_echo_little_above_the_noise_is_audible(decibels: float, delay: int) -> None:
    rng = np.random.default_rng(1)
    far = np.concatenate([np.zeros(500), speech(rng, 25)])
    echo = np.concatenate([np.zeros(delay), far[:-delay]]) / far[500:].mean()
    near = NOISE * (10 ** (decibels / 10) * echo + rng.normal(1, 0.1, len(far)).clip(0.5))
    assert share_audible(near, far) > 0.9


@pytest.mark.parametrize("seed", range(4))
def test_unsteady_noise_and_the_users_voice_are_no_echo(seed: int) -> None:
    rng = np.random.default_rng(seed)
    far = np.concatenate([np.zeros(500), speech(rng, 25)])
    assert share_audible(unsteady(rng, 30), far) < 0.1
    user = 0.1 * speech(rng, 30) * np.repeat(np.arange(30) % 3 == 0, 100)
    assert share_audible(unsteady(rng, 30) + user, far) < 0.25
