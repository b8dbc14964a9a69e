"""The avatar's voice, once for all tests of a check."""

from __future__ import annotations

import numpy as np
import pytest

from avatar_app.core.manifest import Kind
from avatar_app.core.values import PLAYBACK_RATE, Samples
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.session.checks.device_checks import LEAD_IN, LEAD_OUT, VOICE_SECONDS
from avatar_app.session.checks.sounds import SENTENCE, spoken


@pytest.fixture(scope="session")
def voice_sound() -> Samples:
    """What the echo check plays with the built-in voice, 48 kHz, with the silence around it."""
    registry = Registry()
    voice = create_engine(registry, registry.find(Kind.TTS, "espeak"), {})
    words = spoken(voice, SENTENCE, lambda: None, VOICE_SECONDS)
    voice.close()
    assert len(words) == VOICE_SECONDS * PLAYBACK_RATE
    before, after = (np.zeros(round(s * PLAYBACK_RATE), np.float32) for s in (LEAD_IN, LEAD_OUT))
    return np.concatenate([before, words, after])
