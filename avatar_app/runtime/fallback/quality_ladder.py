"""The ladder of a face: what is tried when it fails, and when a better one is tried again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from avatar_app.core.errors import AvatarError, OutOfMemory, TooSlow
from avatar_app.core.manifest import Manifest

DELAYS = (10.0, 30.0, 120.0, 600.0)
"""Seconds until a better rung is tried: at first, after one try in vain, after two …"""
FORGIVEN_AFTER = 300.0
"""Seconds at the top after which the delays begin anew."""
_LEAN_FPS = 15.0
_WEIGHTY = frozenset({"batch", "fps", "width", "height"})
"""Options that lighter rungs change."""
_PARTS = 4
"""A smaller batch is this part of the chosen one."""


class Tier(Enum):
    """What kind of face stands on a rung."""

    CHOSEN = auto()
    """The one the user chose, with its own or with lighter options."""
    EMBEDDED = auto()
    """The one that is always loaded."""
    SOUND = auto()
    """A still picture; the voice goes on."""


@dataclass(frozen=True, slots=True)
class QualityLevel:
    """One quality of a face."""

    level: Tier
    options: Mapping[str, Any] = field(default_factory=dict)
    """What of the chosen engine's options is set to what."""
    mends: tuple[type[AvatarError], ...] = (AvatarError,)
    """The kinds of failure after which it is worth a try."""


def levels_of(
    manifest: Manifest, options: dict[str, Any], has_fallback: bool
) -> tuple[QualityLevel, ...]:
    """Full → smaller batch → fewer and smaller pictures → those with the manifest's lighter options
    (less precision, the processor) → embedded face → sound only; without the rungs that would
    change nothing. ConfigInvalid if the options are wrong."""
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
    rungs = [QualityLevel(Tier.CHOSEN, full)]
    if batched != full:
        rungs.append(QualityLevel(Tier.CHOSEN, batched, (OutOfMemory,)))
    if lean not in (full, batched):
        rungs.append(QualityLevel(Tier.CHOSEN, lean, (OutOfMemory, TooSlow)))
    for lighter in manifest.lighter_choices(checked | lean):
        own = {name: value for name, value in lighter.items() if name in weighty}
        rungs.append(QualityLevel(Tier.CHOSEN, own, (OutOfMemory,)))
    if has_fallback:
        rungs.append(QualityLevel(Tier.EMBEDDED))
    return (*rungs, QualityLevel(Tier.SOUND))


class QualityLadder:
    """Where a face stands. Pure: told of failures and successes, it says what to try and when."""

    def __init__(self, rungs: tuple[QualityLevel, ...], clock: Callable[[], float]) -> None:
        self._rungs, self._clock = rungs, clock
        self._index = 0
        self._path: list[int] = []
        self._tries = 0
        self._risen = False
        self._next_try = 0.0
        self._at_top_since = clock()

    @property
    def rung(self) -> QualityLevel:
        """The one to stand on."""
        return self._rungs[self._index]

    @property
    def better(self) -> QualityLevel | None:
        """The rung that the last fall began from, if it is time to try it again."""
        due = bool(self._path) and self._clock() >= self._next_try
        return self._rungs[self._path[-1]] if due else None

    @property
    def is_at_top(self) -> bool:
        return self._index == 0

    def fall(self, reason: type[AvatarError]) -> QualityLevel:
        """The rung failed: the next one that mends such a failure."""
        below = range(self._index + 1, len(self._rungs))
        index = next((i for i in below if issubclass(reason, self._rungs[i].mends)), self._index)
        self._tries += int(self._risen)
        self._risen = False
        if self.is_at_top and self._clock() - self._at_top_since > FORGIVEN_AFTER:
            self._tries = 0
        if index != self._index:
            self._path.append(self._index)
        self._index = index
        self._wait()
        return self.rung

    def rise(self, rung: QualityLevel) -> None:
        """`rung` works, as far as can be seen: this one, or one that was fallen from."""
        if rung == self.rung:
            return
        while rung != self.rung:
            self._index = self._path.pop()
        self._at_top_since = self._clock()
        self._risen = True
        self._wait()

    def stay(self) -> None:
        """The better rung could not be had."""
        self._tries += 1
        self._wait()

    def _wait(self) -> None:
        self._next_try = self._clock() + DELAYS[min(self._tries, len(DELAYS) - 1)]
