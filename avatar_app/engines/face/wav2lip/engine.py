"""The Wav2Lip face engine: streaming lip sync for a photo or clip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar_app.core.errors import ModelMissing
from avatar_app.engines.face.lips.face import LipFace, LipOptions, avatar_folder
from avatar_app.engines.face.portrait.avatar import load_avatar
from avatar_app.engines.face.wav2lip.checkpoint import read_checkpoint
from avatar_app.engines.face.wav2lip.lip_stage import LipStage
from avatar_app.engines.face.wav2lip.runtime import (
    Choice,
    Device,
    Precision,
    Runtime,
    give_back_memory,
)


@dataclass(frozen=True, slots=True)
class _Choices(LipOptions):
    """The options of the manifest."""

    model: str = ""
    precision: str = Precision.FP32
    runtime: str = Runtime.AUTO
    device: str = Device.CPU
    threads: int = 2

    @property
    def network(self) -> tuple[Any, ...]:
        parts = ("avatar", "model", "precision", "runtime", "device", "batch", "threads")
        return tuple(getattr(self, part) for part in parts)


class Wav2LipFace(LipFace[_Choices, LipStage]):
    """Implements `core.engines.Face`.

    Raises ModelMissing if avatar or checkpoint is missing, InputInvalid if one is damaged,
    OutOfMemory if the network does not fit.
    """

    options = _Choices

    @property
    def precision(self) -> str:
        """Return the precision in use: fp32 if the chosen one is not supported."""
        return self._opened().painter.precision

    def _new_stage(self, choices: _Choices) -> LipStage:
        if not choices.model:
            raise ModelMissing(
                "No Wav2Lip checkpoint is chosen.",
                "Download wav2lip.pth or wav2lip_gan.pth, or choose another face.",
            )
        folder = avatar_folder(choices.avatar)
        choice = Choice(
            Runtime(choices.runtime),
            Device(choices.device),
            Precision(choices.precision),
            choices.threads,
        )
        avatar, state = load_avatar(folder), read_checkpoint(Path(choices.model))
        stage = LipStage(avatar, state, choice, choices.batch, choices.size)
        del state
        give_back_memory()
        return stage
