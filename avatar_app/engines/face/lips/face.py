"""What faces have in common whose lips a network paints on an avatar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar, cast

from avatar_app.core.errors import ModelMissing
from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, SpeechChunk, VideoFrame
from avatar_app.engines.face.animation.performance import rest_pose
from avatar_app.engines.face.lips.performing import Manner, Painting, Performance, fade_share
from avatar_app.engines.face.lips.pose import lip_pose_of, with_lips
from avatar_app.engines.face.portrait.avatar import MANIFEST


@dataclass(frozen=True, slots=True)
class LipOptions:
    """The options that the manifests of these faces share."""

    avatar: str = ""
    width: int = 1280
    height: int = 720
    fps: float = 25.0
    sync_ms: float = 0.0
    expressiveness: float = 1.0
    batch: int = 1

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def network(self) -> tuple[Any, ...]:
        """Return the options that require loading the network again, which may take seconds."""
        return (self.avatar,)


class LipPainting(Painting, Protocol):
    """A network set up for one avatar, whose picture may get another size."""

    def resized(self, size: tuple[int, int]) -> Self:
        """Return the same network with a picture of another size."""


Options = TypeVar("Options", bound=LipOptions)
Stage = TypeVar("Stage", bound=LipPainting)


class LipFace(Generic[Options, Stage]):
    """A `core.engines.Face`."""

    options: ClassVar[type[LipOptions]]

    def __init__(self, **options: Any) -> None:
        self._choices = cast("Options", self.options(**options))
        self._stage: Stage | None = self._new_stage(self._choices)

    @property
    def fps(self) -> float:
        return self._choices.fps

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        if choices.network != self._choices.network:
            self._stage = self._new_stage(choices)
        elif choices.size != self._choices.size:
            self._stage = self._opened().resized(choices.size)
        self._choices = choices

    def close(self) -> None:
        self._stage = None

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        choices, stage = self._choices, self._opened()
        at, pose = rest_pose(after, look, choices.fps, choices.expressiveness)
        before = lip_pose_of(after)
        shown = with_lips(pose, before.patch, fade_share(before.share, choices.fps))
        return VideoFrame(stage.picture(shown, choices.expressiveness), at, shown)

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        choices = self._choices
        manner = Manner(choices.fps, choices.sync_ms / 1000, choices.expressiveness, choices.batch)
        return Performance(self._opened(), manner, lip_pose_of(after)).pictures(speech, turn)

    def _new_stage(self, choices: Options) -> Stage:
        """Load the network for the avatar."""
        raise NotImplementedError

    def _opened(self) -> Stage:
        if self._stage is None:
            raise RuntimeError("the face was closed")
        return self._stage


def avatar_folder(chosen: str) -> Path:
    """Return the folder of the chosen avatar. Raises ModelMissing where there is none."""
    folder = Path(chosen)
    if not chosen or not (folder / MANIFEST).is_file():
        raise ModelMissing(
            f"{folder} contains no avatar." if chosen else "No avatar is chosen.",
            "Make one: avatar-app avatars add PHOTO",
        )
    return folder
