"""How a Coqui network scales spectrograms: where two networks differ, they are converted."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import InputInvalid

_HARMLESS = frozenset(
    {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),
    }
)
"""What builds arrays of numbers; nothing else in a file of statistics is looked up."""
Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class MelScale:
    """The range of a network's spectrograms; by default plain decibels."""

    mean: Values | None = None
    """Of each band, where they were scaled by statistics."""
    deviation: Values | None = None
    lowest: float = 0.0
    """Decibels, negative, where they were scaled to a range; 0 where they were not."""
    reference: float = 0.0
    top: float = 1.0
    symmetric: bool = True
    clipped: bool = True
    by_statistics: bool = False

    @classmethod
    def of(cls, audio: Any, folder: Path) -> MelScale:
        """Read the scale from a network's configuration and the statistics next to it. Raises
        InputInvalid if those are damaged."""
        if not audio.signal_norm:
            return cls()
        if audio.stats_path:
            path = folder / Path(str(audio.stats_path)).name
            found = read_statistics(path) if path.is_file() else {}
            return cls(found.get("mel_mean"), found.get("mel_std"), by_statistics=True)
        return cls(
            lowest=float(audio.min_level_db),
            reference=float(audio.ref_level_db or 0),
            top=float(audio.max_norm),
            symmetric=bool(audio.symmetric_norm),
            clipped=bool(audio.clip_norm),
        )

    def fits(self, other: MelScale) -> bool:
        """Whether a spectrogram can be converted. Where the statistics of either are missing, both
        must have some: then they were trained on the same recordings."""
        missing = any(each.by_statistics and each.mean is None for each in (self, other))
        return not missing or (self.by_statistics and other.by_statistics)

    def to(self, other: MelScale, mel: Values) -> Values:
        """Convert a spectrogram, shape (bands, frames), to another network's scale."""
        if self.by_statistics and other.by_statistics and (self.mean is None or other.mean is None):
            return mel  # see `fits`
        return other._normalized(self._decibels(mel))

    def _decibels(self, mel: Values) -> Values:
        if self.mean is not None and self.deviation is not None:
            return mel * self.deviation[:, None] + self.mean[:, None]
        if not self.lowest:
            return mel
        least, width = self._bounds
        bounded = mel.clip(least, self.top) if self.clipped else mel
        found = (bounded - least) * (-self.lowest / width) + self.lowest + self.reference
        return np.asarray(found, np.float32)

    def _normalized(self, decibels: Values) -> Values:
        if self.mean is not None and self.deviation is not None:
            return (decibels - self.mean[:, None]) / self.deviation[:, None]
        if not self.lowest:
            return decibels
        least, width = self._bounds
        scaled = (decibels - self.reference - self.lowest) / -self.lowest * width + least
        return np.asarray(scaled.clip(least, self.top) if self.clipped else scaled, np.float32)

    @property
    def _bounds(self) -> tuple[float, float]:
        return (-self.top, 2 * self.top) if self.symmetric else (0.0, self.top)


def read_statistics(path: Path) -> Mapping[str, Values]:
    """Read the means and deviations of a .npy file, without running code in it. Raises
    InputInvalid."""
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else None
            (read or np.lib.format.read_array_header_2_0)(file)
            held = _Statistics(file).load()
        table = held.item() if isinstance(held, np.ndarray) else held
        return {name: np.asarray(table[name], np.float32) for name in ("mel_mean", "mel_std")}
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        EOFError,
        pickle.UnpicklingError,
    ) as error:
        raise InputInvalid(
            f"The statistics {path} are damaged: {error}.", "Download the voice again."
        ) from error


class _Statistics(pickle.Unpickler):
    """Builds arrays, and refuses whatever else a file names."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _HARMLESS:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module, name)
