"""The networks that hear a wake word, fetched once, and voices that call."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from starter import CACHE, fetching_alone

from avatar_app.core.errors import AvatarError
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, Samples
from avatar_app.engines.tts.espeak.library import RATE, Speaker, synthesize
from avatar_app.engines.wake.livekit.features import NAME
from avatar_app.media.resample import resampled
from avatar_app.models.catalog import CATALOG, read_catalog
from avatar_app.models.download import download_job
from avatar_app.models.store import Presence, Store
from avatar_app.session.offline.simulated_user import at_level
from avatar_app.system import paths


@pytest.fixture(scope="session")
def wake_features() -> Path:
    """The folder of the features; who asks for it is marked `real_models`."""
    store, catalog = Store(CACHE), read_catalog(paths.shipped("models") / CATALOG)
    model = catalog.by_id[NAME]
    with fetching_alone():
        if store.presence(model) is not Presence.INSTALLED:
            try:
                download_job(model, store).run()
            except AvatarError as error:
                pytest.fail(f"The wake word could not be fetched: {error.message}", pytrace=False)
    return store.path(model)


def say(text: str, voice: str = "en-us+f2", speed: int = 160) -> Samples:
    """espeak-ng's voice at 16 kHz, as loud as somebody at a laptop."""
    made = synthesize(text, Speaker(voice, speed), lambda: False)
    sound = AudioChunk(made.samples.astype(np.float32) / 32768, RATE)
    return at_level(resampled(sound, MICROPHONE_RATE).samples)
