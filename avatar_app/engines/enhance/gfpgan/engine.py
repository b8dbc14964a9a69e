"""Face restoration with GFPGAN, from an ONNX file that the user provides.

Wang et al., "Towards Real-World Blind Face Restoration with Generative Facial Prior" (2021). The
network takes and gives RGB in [-1, 1], shape (1, 3, 512, 512).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import EngineFailed
from avatar_app.core.values import Image
from avatar_app.engines.enhance.gfpgan.network import Network


@dataclass(frozen=True, slots=True)
class _Choices:
    """The options of the manifest."""

    model: str = ""
    strength: float = 0.8
    device: str = "cpu"
    threads: int = 2

    @property
    def network(self) -> tuple[Path, str, int]:
        """Return the options that take seconds to change."""
        return Path(self.model), self.device, self.threads


class GfpganEnhancer:
    """A `core.engines.Enhancer`.

    Raises ModelMissing where the file is missing, InputInvalid where it is damaged or another
    network's, DeviceUnavailable and OutOfMemory where it cannot be computed.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._network: Network | None = Network(*self._choices.network)

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        if choices.network != self._choices.network:
            self._network = Network(*choices.network)
        self._choices = choices

    def close(self) -> None:
        self._network = None

    def enhance(self, face: Image) -> Image:
        if self._network is None:
            raise RuntimeError("the enhancer was closed")
        if not self._choices.strength:
            return face
        planes = face.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(127.5) - 1
        restored = self._network.restored(planes)[0].transpose(1, 2, 0)
        if not np.isfinite(restored).all():
            raise EngineFailed(
                "GFPGAN produced an invalid picture.",
                "Choose another device, or another file of the network.",
            )
        painted = np.clip((restored + 1) * np.float32(127.5), 0, 255)
        mixed = face + (painted - face) * np.float32(self._choices.strength)
        return np.asarray(np.rint(mixed), np.uint8)
