"""Measures whether the machine speaks a new voice as quickly as a conversation needs."""

from __future__ import annotations

import logging
from contextlib import closing

from avatar_app.core.errors import AvatarError, TooSlow
from avatar_app.core.manifest import Kind
from avatar_app.models.catalog import Model
from avatar_app.performance.profiling import profile_engine
from avatar_app.runtime.memory.estimate import choice_key
from avatar_app.runtime.registry import Registry
from avatar_app.storage.measurements import Measurements
from avatar_app.system.hardware import Cards, nvml
from avatar_app.system.paths import AppPaths

log = logging.getLogger(__name__)

ENOUGH = 0.5
"""Seconds of work for a second of speech, at most: recognition, a language model and the face run
beside the voice, and its first sound waits for a whole clause."""


class VoiceTrial:
    """Lets voices speak two sentences, which takes some seconds, and keeps what it measured."""

    def __init__(self, registry: Registry, paths: AppPaths) -> None:
        self._registry, self._paths = registry, paths

    def slowness(self, model: Model) -> TooSlow | None:
        """Return why an installed voice is too slow for a conversation; None if it is quick enough,
        no voice, or cannot be tried.
        """
        if model.kind is not Kind.TTS:
            return None
        try:
            factor = self._realtime_factor(model)
        except AvatarError as error:
            log.info("%s could not be tried: %s", model.title, error)
            return None
        if factor is None or factor <= ENOUGH:
            return None
        return TooSlow(
            f"{model.title} needs {factor:.1f} s for a second of speech on this computer.",
            f"A conversation wants {ENOUGH} s; close other programs, or choose a quicker voice.",
        )

    def _realtime_factor(self, model: Model) -> float | None:
        manifest = self._registry.find(model.kind, model.engine)
        options = manifest.checked({"model": model.id})
        size = (model.bytes or 0) / 1e6
        trial = profile_engine(self._registry, manifest, options, size, Cards(nvml()))
        with closing(Measurements.of(self._paths)) as measurements:
            measurements.keep_trial(model.kind, model.engine, choice_key(options), trial)
        return trial.realtime_factor
