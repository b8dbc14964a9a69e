"""Opens the engines of films: on the device that is there, in batches that fit into it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from avatar_app.core.errors import OutOfMemory
from avatar_app.core.manifest import Kind
from avatar_app.core.values import VideoFrame
from avatar_app.engines.face.portrait.avatar import load_avatar
from avatar_app.render.device import AUTO, batch_on, threads, usable_device
from avatar_app.render.enhancement import enhanced
from avatar_app.render.inputs import find_weights
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice
from avatar_app.system.paths import AppPaths

log = logging.getLogger(__name__)
ENGINE = "wav2lip"
UNENHANCED = "none"
PRECISION = "fp32-fast"
"""Of films: within one of 255 levels of the exact picture, of which the encoder leaves less."""

FrameFilter = Callable[[Iterable[VideoFrame]], Iterator[VideoFrame]]
"""Changes pictures on their way into a film."""


@dataclass(frozen=True, slots=True)
class Lips:
    """The face, and how it really computes."""

    face: Any
    """A `core.engines.Face`."""
    device: str
    batch: int


def open_lips(registry: Registry, model: Path, device: str, most: int, **options: Any) -> Lips:
    """Lips painted by the weights in `model`, at most `most` at once.

    `options` are further ones of the engine. Where the device is not there the processor is taken,
    with a warning; where memory is short, smaller batches. Raises as the engine does.
    """
    usable = usable_device(device)
    if device not in (AUTO, usable):
        warnings.warn(
            f"{device} is not available; films are rendered on the {usable}.", stacklevel=3
        )
        log.info("there is no %s here; films are made on the %s", device, usable)
    manifest = registry.find(Kind.FACE, ENGINE)
    batch = batch_on(usable, most)
    chosen = {
        "model": str(model),
        "device": str(usable),
        "precision": PRECISION,
        "threads": threads(),
        **options,
    }
    while True:
        try:
            return Lips(create_engine(registry, manifest, chosen | {"batch": batch}), usable, batch)
        except OutOfMemory:
            if batch == 1:
                raise
            batch //= 2


def open_touch(
    registry: Registry,
    choice: EngineChoice,
    folder: Path,
    device: str,
    places: AppPaths,
    opened: ExitStack,
) -> FrameFilter:
    """What the chosen enhancer does to the pictures of the avatar in `folder`; nothing for "none".

    It is closed with `opened`. ModelMissing where its weights are not there.
    """
    if choice.engine == UNENHANCED:
        return iter
    manifest = registry.find(Kind.ENHANCE, choice.engine)
    known = {option.name for option in manifest.options}
    options = {"device": device, "threads": threads(), **choice.options}
    if "model" in known:
        options["model"] = str(find_weights(options.get("model") or choice.engine, places))
    usable = {name: value for name, value in options.items() if name in known}
    enhancer = create_engine(registry, manifest, usable)
    opened.callback(enhancer.close)
    return partial(enhanced, enhancer=enhancer, avatar=load_avatar(folder))
