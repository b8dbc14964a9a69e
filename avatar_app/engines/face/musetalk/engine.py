"""The MuseTalk face engine: streaming lip sync for a photo or clip, on a graphics card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from avatar_app.engines.diffusion.levels import AUTO
from avatar_app.engines.face.lips.face import LipFace, LipOptions, avatar_folder
from avatar_app.engines.face.musetalk.files import find_files
from avatar_app.engines.face.musetalk.networks import Networks
from avatar_app.engines.face.musetalk.stage import MuseTalkStage
from avatar_app.engines.face.portrait.avatar import load_avatar


@dataclass(frozen=True, slots=True)
class _Choices(LipOptions):
    """The options of the manifest."""

    model: str = ""
    device: str = AUTO
    threads: int = 0

    @property
    def network(self) -> tuple[Any, ...]:
        return self.avatar, self.model, self.device, self.threads


class MuseTalkFace(LipFace[_Choices, MuseTalkStage]):
    """Implements `core.engines.Face`.

    Raises ModelMissing if avatar or files are missing, InputInvalid if one is damaged,
    DeviceUnavailable without a graphics card, OutOfMemory if the networks do not fit.
    """

    options = _Choices

    def _new_stage(self, choices: _Choices) -> MuseTalkStage:
        files = find_files(choices.model)  # says at once what PyTorch takes seconds to import for
        avatar = load_avatar(avatar_folder(choices.avatar))
        networks = Networks(files, choices.device, choices.threads)
        return MuseTalkStage(avatar, networks, choices.size)
