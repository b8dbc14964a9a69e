"""A photo that speaks: lips in time with the sound, eyes that blink, a head that moves a little."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avatar_app.core.errors import ModelMissing
from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, SpeechChunk, VideoFrame
from avatar_app.engines.face.animation.performance import performed, pose_of, rested
from avatar_app.engines.face.photo.loop import LoopScene
from avatar_app.engines.face.photo.nobody import nobody
from avatar_app.engines.face.photo.scene import Scene
from avatar_app.engines.face.portrait.avatar import MANIFEST, load_avatar


@dataclass(frozen=True, slots=True)
class _Choices:
    """The options of the manifest."""

    avatar: str = ""
    width: int = 1280
    height: int = 720
    fps: float = 30.0
    rest_fps: float = 12.5
    expressiveness: float = 1.0

    @property
    def picture(self) -> tuple[str, int, int]:
        """What the still part of the picture depends on."""
        return self.avatar, self.width, self.height


class PhotoFace:
    """A `core.engines.Face`; `pose.mouth_open` of its frames tells how far the lips are apart.

    Raises ModelMissing where there is no such avatar, InputInvalid where it is damaged.
    """

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._scene: Scene | LoopScene | None = _scene(self._choices)

    @property
    def fps(self) -> float:
        return self._choices.fps

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        if choices.picture != self._choices.picture:
            self._scene = _scene(choices)
        self._choices = choices

    def close(self) -> None:
        self._scene = None

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        choices, scene = self._choices, self._opened()
        pace = choices.fps if isinstance(scene, LoopScene) else choices.rest_fps  # a film plays
        at, pose = rested(after, look, choices.fps, choices.expressiveness, pace)
        return VideoFrame(scene.paint(pose), at, pose)

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        choices, scene = self._choices, self._opened()
        poses = performed(speech, turn, pose_of(after), choices.fps, choices.expressiveness)
        return (VideoFrame(scene.paint(pose), at, pose) for at, pose in poses)

    def _opened(self) -> Scene | LoopScene:
        if self._scene is None:
            raise RuntimeError("the face was closed")
        return self._scene


def _scene(choices: _Choices) -> Scene | LoopScene:
    if not choices.avatar:
        return Scene(nobody(), choices.width, choices.height)
    folder = Path(choices.avatar)
    if not (folder / MANIFEST).is_file():
        raise ModelMissing(
            f"{folder} contains no avatar.", "Make one: avatar-app avatars add PHOTO"
        )
    avatar = load_avatar(folder)
    kind = Scene if avatar.idle is None else LoopScene
    return kind(avatar, choices.width, choices.height)
