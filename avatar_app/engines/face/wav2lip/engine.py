"""The Wav2Lip face engine: streaming lip sync for a photo or clip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar_app.core.errors import ModelMissing
from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, SpeechChunk, VideoFrame
from avatar_app.engines.face.animation.performance import pose_of, rest_pose
from avatar_app.engines.face.portrait.avatar import MANIFEST, load_avatar
from avatar_app.engines.face.wav2lip.checkpoint import read_checkpoint
from avatar_app.engines.face.wav2lip.lip_stage import LipPose, LipStage
from avatar_app.engines.face.wav2lip.performing import Manner, Performance, fade_share, with_lips
from avatar_app.engines.face.wav2lip.runtime import (
    Choice,
    Device,
    Precision,
    Runtime,
    give_back_memory,
)


@dataclass(frozen=True, slots=True)
class _Choices:
    """The options of the manifest."""

    avatar: str = ""
    model: str = ""
    width: int = 1280
    height: int = 720
    fps: float = 25.0
    precision: str = Precision.FP32
    runtime: str = Runtime.AUTO
    device: str = Device.CPU
    batch: int = 1
    threads: int = 2
    sync_ms: float = 0.0
    expressiveness: float = 1.0

    @property
    def network(self) -> tuple[Any, ...]:
        """Return the options that require loading the network again, which takes seconds."""
        parts = ("avatar", "model", "precision", "runtime", "device", "batch", "threads")
        return tuple(getattr(self, part) for part in parts)

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


class Wav2LipFace:
    """Implements `core.engines.Face`.

    Raises ModelMissing if avatar or checkpoint is missing, InputInvalid if one is damaged,
    OutOfMemory if the network does not fit.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._stage: LipStage | None = _stage(self._choices)

    @property
    def fps(self) -> float:
        return self._choices.fps

    @property
    def precision(self) -> str:
        """Return the precision in use: fp32 if the chosen one is not supported."""
        return self._opened().painter.precision

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        if choices.network != self._choices.network:
            self._stage = _stage(choices)
        elif choices.size != self._choices.size:
            self._stage = self._opened().resized(choices.size)
        self._choices = choices

    def close(self) -> None:
        self._stage = None

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        choices, stage = self._choices, self._opened()
        at, pose = rest_pose(after, look, choices.fps, choices.expressiveness)
        before = _lips(after)
        shown = with_lips(pose, before.patch, fade_share(before.share, choices.fps))
        return VideoFrame(stage.picture(shown, choices.expressiveness), at, shown)

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        choices = self._choices
        manner = Manner(choices.fps, choices.sync_ms / 1000, choices.expressiveness, choices.batch)
        return Performance(self._opened(), manner, _lips(after)).pictures(speech, turn)

    def _opened(self) -> LipStage:
        if self._stage is None:
            raise RuntimeError("the face was closed")
        return self._stage


def _stage(choices: _Choices) -> LipStage:
    if not choices.model:
        raise ModelMissing(
            "No Wav2Lip checkpoint is chosen.",
            "Download wav2lip.pth or wav2lip_gan.pth, or choose another face.",
        )
    folder = Path(choices.avatar)
    if not choices.avatar or not (folder / MANIFEST).is_file():
        raise ModelMissing(
            f"{folder} contains no avatar." if choices.avatar else "No avatar is chosen.",
            "Make one: avatar-app avatars add PHOTO",
        )
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


def _lips(after: VideoFrame | None) -> LipPose:
    """Return the pose to continue from; a frame of another face has no painted lips."""
    pose = pose_of(after)
    return pose if isinstance(pose, LipPose) else with_lips(pose, None, 0.0)
