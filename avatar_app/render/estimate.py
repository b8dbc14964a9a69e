"""Estimates the rendering time of films on this machine, learned from previous films."""

from __future__ import annotations

import json
import logging
import math
import platform
from dataclasses import asdict, dataclass
from typing import Any

from avatar_app.core.errors import AvatarError
from avatar_app.settings.user_file import write_atomically
from avatar_app.system.paths import AppPaths

log = logging.getLogger(__name__)

_MEMORY = 1500
"""Number of pictures to average over, a minute or so, so that changes of the machine are
followed."""
_LONGEST_FILE = 1_000_000


@dataclass(frozen=True, slots=True)
class RenderSpeed:
    """The rendering speed of one kind of film."""

    loading: float = 3.0
    """Seconds until the face is ready."""
    around: float = 0.2
    """Seconds before the first and after the last picture."""
    picture: float = 0.05
    """Seconds per picture. These are guesses, until a film has been rendered."""
    weight: int = 0
    """Pictures from which this was learned."""

    def seconds(self, pictures: float, *, loaded: bool) -> float:
        """Return the seconds for a film of so many pictures, with a loaded face or not."""
        return (0.0 if loaded else self.loading) + self.around + pictures * self.picture

    def learned(
        self, loading: float | None, around: float, painted: float, pictures: int
    ) -> RenderSpeed:
        """Return the speed updated by one more film: `painted` seconds for all its pictures; None:
        it was loaded."""
        share = pictures / (pictures + self.weight)
        return RenderSpeed(
            self.loading if loading is None else loading,
            self.around + (around - self.around) * share,
            self.picture + (painted / pictures - self.picture) * share,
            min(pictures + self.weight, _MEMORY),
        )


class RenderSpeeds:
    """The rendering speeds of all kinds of film on this machine, in one file."""

    def __init__(self, paths: AppPaths) -> None:
        self._path = paths.cache / "render-pace.json"

    def of(self, *kind: object) -> RenderSpeed:
        """Return the speed of films of this kind; a guess before the first one."""
        return _pace(self._read().get(_key(kind)))

    def keep(self, pace: RenderSpeed, *kind: object) -> None:
        """Store the speed; failures are only logged."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            paces = self._read() | {_key(kind): asdict(pace)}
            write_atomically(self._path, json.dumps(paces, indent=1) + "\n")
        except (OSError, AvatarError) as error:
            log.debug("the rendering speed could not be stored: %s", error)

    def _read(self) -> dict[str, Any]:
        try:
            with self._path.open(encoding="utf-8") as file:
                paces = json.loads(file.read(_LONGEST_FILE))
        except (OSError, ValueError, RecursionError):
            return {}
        return paces if isinstance(paces, dict) else {}


def _key(kind: tuple[object, ...]) -> str:
    """Return a key that includes the machine, as folders may be shared between machines."""
    return " ".join(str(part) for part in (platform.node(), *kind))


def _pace(stored: Any) -> RenderSpeed:
    fields = asdict(RenderSpeed())
    if not isinstance(stored, dict) or set(stored) != set(fields):
        return RenderSpeed()
    sound = all(
        isinstance(value, int | float) and math.isfinite(value) and value >= 0
        for value in stored.values()
    )
    return RenderSpeed(**stored) if sound else RenderSpeed()
