"""How long a film takes on this machine: learned from the films made before, in any process."""

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
"""Pictures that are remembered: a minute or so; a machine that changes is learned anew."""
_LONGEST_FILE = 1_000_000


@dataclass(frozen=True, slots=True)
class RenderSpeed:
    """How fast one kind of film is made."""

    loading: float = 3.0
    """Seconds until the face is ready."""
    around: float = 0.2
    """Seconds before the first and after the last picture."""
    picture: float = 0.05
    """Seconds per picture. These are guesses, until a film has been made."""
    weight: int = 0
    """Pictures from which this was learned."""

    def seconds(self, pictures: float, *, loaded: bool) -> float:
        """For a film of so many pictures, with a face that is loaded or is not."""
        return (0.0 if loaded else self.loading) + self.around + pictures * self.picture

    def learned(
        self, loading: float | None, around: float, painted: float, pictures: int
    ) -> RenderSpeed:
        """With one more film: `painted` seconds for all its pictures; None: it was loaded."""
        share = pictures / (pictures + self.weight)
        return RenderSpeed(
            self.loading if loading is None else loading,
            self.around + (around - self.around) * share,
            self.picture + (painted / pictures - self.picture) * share,
            min(pictures + self.weight, _MEMORY),
        )


class RenderSpeeds:
    """The paces of all kinds of film that were made here, in one file."""

    def __init__(self, places: AppPaths) -> None:
        self._path = places.cache / "render-pace.json"

    def of(self, *kind: object) -> RenderSpeed:
        """The pace of films of this kind; a guess where none was made."""
        return _pace(self._read().get(_key(kind)))

    def keep(self, pace: RenderSpeed, *kind: object) -> None:
        """Remember it; where that cannot be, the next estimate is as good as the last."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            paces = self._read() | {_key(kind): asdict(pace)}
            write_atomically(self._path, json.dumps(paces, indent=1) + "\n")
        except (OSError, AvatarError) as error:
            log.debug("the pace of rendering was not kept: %s", error)

    def _read(self) -> dict[str, Any]:
        try:
            with self._path.open(encoding="utf-8") as file:
                paces = json.loads(file.read(_LONGEST_FILE))
        except (OSError, ValueError, RecursionError):
            return {}
        return paces if isinstance(paces, dict) else {}


def _key(kind: tuple[object, ...]) -> str:
    """Folders may be shared between machines; their paces are not."""
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
