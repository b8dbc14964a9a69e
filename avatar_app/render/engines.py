"""Opens the engines for films: on the available device, with batches that fit in memory."""

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
"""For films: within one of 255 levels of the exact picture, less than the encoder's loss."""

FrameFilter = Callable[[Iterable[VideoFrame]], Iterator[VideoFrame]]
"""Changes pictures before they are encoded."""


@dataclass(frozen=True, slots=True)
class Lips:
    """The lip-sync face, and the device and batch size in use."""

    face: Any
    """A `core.engines.Face`."""
    device: str
    batch: int


def open_lips(registry: Registry, model: Path, device: str, most: int, **options: Any) -> Lips:
    """Open the lip-sync engine with the weights in `model`, at most `most` lips at once.

    `options` are further ones of the engine. Without the device it uses the processor, with a
    warning; where memory is short, smaller batches. Raises like the engine.
    """
    usable = usable_device(device)
    if device not in (AUTO, usable):
        warnings.warn(
            f"{device} is not available; films are rendered on the {usable}.", stacklevel=3
        )
        log.info("%s is not available; films are rendered on the %s", device, usable)
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
    paths: AppPaths,
    opened: ExitStack,
) -> FrameFilter:
    """Return the chosen enhancer as a filter for pictures of the avatar in `folder`; no change for
    "none".

    It is closed with `opened`. Raises ModelMissing where its weights are missing.
    """
    if choice.engine == UNENHANCED:
        return iter
    manifest = registry.find(Kind.ENHANCE, choice.engine)
    known = {option.name for option in manifest.options}
    options = {"device": device, "threads": threads(), **choice.options}
    if "model" in known:
        options["model"] = str(find_weights(options.get("model") or choice.engine, paths))
    usable = {name: value for name, value in options.items() if name in known}
    enhancer = create_engine(registry, manifest, usable)
    opened.callback(enhancer.close)
    return partial(enhanced, enhancer=enhancer, avatar=load_avatar(folder))
