"""Wav2Lip as a teacher."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avatar_app.core.values import Image
from avatar_app.engines.face.lips.mel import Floats
from avatar_app.engines.face.portrait.avatar import Avatar
from avatar_app.engines.face.wav2lip.checkpoint import read_checkpoint
from avatar_app.engines.face.wav2lip.lip_stage import LipStage
from avatar_app.engines.face.wav2lip.runtime import Choice, Precision, give_back_memory

_BATCH = 4
_SHOWN = (64, 64)
"""Pixels of a picture that nobody sees."""


class Wav2LipTeacher:
    """Implements `course.Teacher`."""

    name = "wav2lip"

    def __init__(self, avatar: Avatar, model: Path, threads: int) -> None:
        """`model`: the checkpoint. Raises ModelMissing, InputInvalid or OutOfMemory."""
        choice = Choice(precision=Precision.FP32_FAST, threads=threads)
        self._stage = LipStage(avatar, read_checkpoint(model), choice, _BATCH, _SHOWN)
        self.region = self._stage.painter.region
        give_back_memory()

    def paint(self, mels: Floats) -> Image:
        """See `Teacher`."""
        parts = (mels[begin : begin + _BATCH] for begin in range(0, len(mels), _BATCH))
        lips = [patch for part in parts for patch in self._stage.begin(part, [0.0] * len(part))()]
        return np.stack(lips)
