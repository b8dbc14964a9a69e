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
