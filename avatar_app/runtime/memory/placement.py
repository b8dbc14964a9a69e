"""Shares a graphics card among engines before they load: the largest ones get it first, others less
precision, then the processor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from avatar_app.core.manifest import Manifest
from avatar_app.system.memory import MemoryFootprint, Pool

Weigh = Callable[[Manifest, dict[str, Any]], MemoryFootprint]
Wish = tuple[Manifest, dict[str, Any]]
"""An engine and its chosen options."""


@dataclass(frozen=True, slots=True)
class Placement:
    """How an engine is to be loaded."""

    manifest: Manifest
    options: dict[str, Any]
    """The chosen ones, or lighter ones."""
    weight: MemoryFootprint
    changed: Mapping[str, Any]
    """The options that differ from the chosen ones, so that all fit together; else empty."""


def place(
    wishes: Iterable[Wish], weigh: Weigh, free_mb: Mapping[Pool, float]
) -> tuple[Placement, ...]:
    """Return the engines in loading order: by graphics memory, the largest first, then the others
    in the order given.

    An engine whose chosen options do not fit beside those before it takes the first lighter ones of
    its manifest that do, or else the lightest that leave the card alone. Without a card nothing
    changes. `free_mb`: what may be taken of each pool.
    """
    left = dict(free_mb)
    weighed = [(manifest, options, weigh(manifest, options)) for manifest, options in wishes]
    placed = []
    for manifest, options, weight in sorted(weighed, key=lambda each: -each[2].vram_mb):
        placement = _placed(manifest, options, weight, weigh, left)
        for pool in left:
            left[pool] -= placement.weight.of(pool)
        placed.append(placement)
    return tuple(placed)


def _placed(
    manifest: Manifest,
    options: dict[str, Any],
    weight: MemoryFootprint,
    weigh: Weigh,
    left: Mapping[Pool, float],
) -> Placement:
    first = Placement(manifest, options, weight, {})
    if not weight.vram_mb or weight.vram_mb <= left.get(Pool.VRAM, 0.0):
        return first
    lighter = [
        Placement(manifest, each, weigh(manifest, each), _changes(manifest, options, each))
        for each in manifest.lighter_choices(options)
    ]
    fitting = (each for each in lighter if each.weight.vram_mb <= left.get(Pool.VRAM, 0.0))
    return next(fitting, lighter[-1] if lighter else first)


def _changes(
    manifest: Manifest, chosen: dict[str, Any], lighter: dict[str, Any]
) -> Mapping[str, Any]:
    before, after = manifest.checked(chosen), manifest.checked(lighter)
    return {name: value for name, value in after.items() if value != before[name]}
