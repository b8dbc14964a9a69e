"""The quality ladder of an engine: lighter levels to try on failure, and when to go back up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from avatar_app.core.errors import AvatarError, OutOfMemory, TooSlow
from avatar_app.core.manifest import Kind, Manifest

DELAYS = (10.0, 30.0, 120.0, 600.0)
"""Seconds until a better level is tried: at first, after one failed attempt, after two …"""
FORGIVEN_AFTER = 300.0
"""Seconds at the top after which the delays start from the beginning."""
_LEAN_FPS = 15.0
_WEIGHTY = frozenset({"batch", "fps", "width", "height"})
"""Options that lighter levels change."""
_PARTS = 4
"""A smaller batch is this fraction of the chosen one."""


class Tier(Enum):
    """The engine of a level."""

    CHOSEN = auto()
    """The engine that the user chose, with its own or with lighter options, or one that its
    manifest names instead."""
    BUILTIN = auto()
    """The engine that needs no downloads."""
    SOUND = auto()
    """A still picture; the voice goes on."""


@dataclass(frozen=True, slots=True)
class QualityLevel:
    """One quality level of an engine."""

    tier: Tier
    options: Mapping[str, Any] = field(default_factory=dict)
    """Overrides of the chosen engine's options."""
    mends: tuple[type[AvatarError], ...] = (AvatarError,)
    """The kinds of failure that this level can fix."""
    engine: str = ""
    """Another engine that is used instead of the chosen one."""


def build_levels(
    manifest: Manifest, options: dict[str, Any], *, has_fallback: bool
) -> tuple[QualityLevel, ...]:
    """Return the levels: full → smaller batch → fewer and smaller pictures → the manifest's lighter
    options (less precision, the processor) → engines that it names instead → the built-in engine →
    for a face: sound only; without levels that would change nothing. Raises ConfigInvalid if the
    options are wrong."""
    known = {option.name: option for option in manifest.options}
    checked = manifest.checked(options)

    def least(name: str, value: float) -> float:
        lowest = known[name].min
        return value if lowest is None else max(lowest, value)

    weighty = _WEIGHTY.union(*manifest.lighter)
    full = {name: value for name, value in checked.items() if name in weighty}
    batched, lean = dict(full), dict(full)
    if "batch" in full:
        batched["batch"] = max(1, full["batch"] // _PARTS)
        lean["batch"] = 1
    if "fps" in full:
        lean["fps"] = min(full["fps"], least("fps", _LEAN_FPS))
    if "width" in full and "height" in full:
        lean["width"] = int(min(full["width"], least("width", full["width"] // 2)))
        lean["height"] = int(min(full["height"], least("height", full["height"] // 2)))
    levels = [QualityLevel(Tier.CHOSEN, full)]
    if batched != full:
        levels.append(QualityLevel(Tier.CHOSEN, batched, (OutOfMemory,)))
    if lean not in (full, batched):
        levels.append(QualityLevel(Tier.CHOSEN, lean, (OutOfMemory, TooSlow)))
    for lighter in manifest.lighter_choices(checked | lean):
        own = {name: value for name, value in lighter.items() if name in weighty}
        levels.append(QualityLevel(Tier.CHOSEN, own, (OutOfMemory,)))
    levels += [QualityLevel(Tier.CHOSEN, engine=name) for name in manifest.instead]
    if has_fallback:
        levels.append(QualityLevel(Tier.BUILTIN))
    if manifest.kind is Kind.FACE:
        levels.append(QualityLevel(Tier.SOUND))
    return tuple(levels)


class QualityLadder:
    """The position of an engine on its levels. From failures and successes it decides what to try
    and when. An engine that grows lighter by itself steps it from its own thread."""

    def __init__(self, levels: tuple[QualityLevel, ...], clock: Callable[[], float]) -> None:
        self._levels, self._clock = levels, clock
        self._index = 0
        self._path: list[int] = []
        self._tries = 0
        self._risen = False
        self._next_try = 0.0
        self._at_top_since = clock()

    @property
    def level(self) -> QualityLevel:
        """Return the current level."""
        return self._levels[self._index]

    @property
    def better(self) -> QualityLevel | None:
        """Return the level that the last fall began from, if it is time to retry it."""
        due = bool(self._path) and self._clock() >= self._next_try
        return self._levels[self._path[-1]] if due else None

    @property
    def is_at_top(self) -> bool:
        return self._index == 0

    def fall(self, reason: type[AvatarError]) -> QualityLevel:
        """The level failed: return the next one that can fix such a failure."""
        below = range(self._index + 1, len(self._levels))
        index = next((i for i in below if issubclass(reason, self._levels[i].mends)), self._index)
        self._tries += int(self._risen)
        self._risen = False
        if self.is_at_top and self._clock() - self._at_top_since > FORGIVEN_AFTER:
            self._tries = 0
        if index != self._index:
            self._path.append(self._index)
        self._index = index
        self._wait()
        return self.level

    def rise(self, level: QualityLevel) -> None:
        """Record that `level` works: the current one, or one that was fallen from."""
        if level == self.level:
            return
        while level != self.level:
            self._index = self._path.pop()
        self._at_top_since = self._clock()
        self._risen = True
        self._wait()

    def stay(self) -> None:
        """Record that the better level could not be loaded."""
        self._tries += 1
        self._wait()

    def _wait(self) -> None:
        self._next_try = self._clock() + DELAYS[min(self._tries, len(DELAYS) - 1)]
