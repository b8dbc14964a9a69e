"""An illustrated portrait that speaks: lips in time with the sound, alive between the words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, SpeechChunk, VideoFrame
from avatar_app.engines.face.animation.performance import performed, pose_of, rested
from avatar_app.engines.face.illustrated.characters import CHARACTERS
from avatar_app.engines.face.illustrated.scene import Scene

OWN_BACKGROUND = "own"
"""The backdrop that suits the character."""


@dataclass(frozen=True, slots=True)
class _Choices:
    """The options of the manifest."""

    character: str = "mira"
    background: str = OWN_BACKGROUND
    width: int = 1280
    height: int = 720
    fps: float = 30.0
    rest_fps: float = 12.5
    expressiveness: float = 1.0

    @property
    def picture(self) -> tuple[str, str, int, int]:
        """What the still part of the picture depends on; it takes half a second to paint."""
        return self.character, self.background, self.width, self.height


class IllustratedFace:
    """A `core.engines.Face`; `pose.mouth_open` of its frames tells how far the lips are apart."""

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._scene: Scene | None = _scene(self._choices)

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
        at, pose = rested(after, look, choices.fps, choices.expressiveness, choices.rest_fps)
        return VideoFrame(scene.paint(pose), at, pose)

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        choices, scene = self._choices, self._opened()
        poses = performed(speech, turn, pose_of(after), choices.fps, choices.expressiveness)
        return (VideoFrame(scene.paint(pose), at, pose) for at, pose in poses)

    def _opened(self) -> Scene:
        if self._scene is None:
            raise RuntimeError("the face was closed")
        return self._scene


def _scene(choices: _Choices) -> Scene:
    character = CHARACTERS[choices.character]
    own = choices.background == OWN_BACKGROUND
    backdrop = character.backdrop if own else choices.background
    return Scene(character, backdrop, choices.width, choices.height)
