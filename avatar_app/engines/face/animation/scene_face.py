"""Base class of faces that paint a scene for each pose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, Image, SpeechChunk, VideoFrame
from avatar_app.engines.face.animation.performance import perform_poses, pose_of, rest_pose
from avatar_app.engines.face.animation.pose import Pose
from avatar_app.engines.face.animation.rest_pace import RestPace


class PaintedScene(Protocol):
    """A scene into which poses are painted."""

    def paint(self, pose: Pose) -> Image:
        """Return the picture of a pose, uint8, (height, width, 3), RGB."""


@dataclass(frozen=True, slots=True)
class SceneOptions:
    """The options that the manifests of these faces share."""

    width: int = 1280
    height: int = 720
    fps: float = 30.0
    rest_fps: float = 12.0
    expressiveness: float = 1.0
    gaze: float = 1.0
    """How much the eyes wander; 0 keeps them on the user."""
    zoom: float = 1.0
    """Size of the face, in that which fills the picture well."""

    @property
    def picture(self) -> tuple[Any, ...]:
        """Return what the still part of the picture depends on."""
        return self.width, self.height, self.zoom

    def scene(self) -> PaintedScene:
        """Paint the still part; may take half a second."""
        raise NotImplementedError

    def next_scene(self, scene: PaintedScene | None, before: SceneOptions) -> PaintedScene:  # noqa: ARG002 some scenes can be resized
        """Return the scene after `scene`, which was painted with other options."""
        return self.scene()

    def rest_pace(self, scene: PaintedScene) -> float:  # noqa: ARG002 a loop asks what it is
        """Return the frame rate at rest."""
        return self.rest_fps


class SceneFace:
    """A `core.engines.Face`; `pose.mouth_open` of its frames is the gap between the lips."""

    options: ClassVar[type[SceneOptions]]

    def __init__(self, **options: Any) -> None:
        self._options = self.options(**options)
        self._scene: PaintedScene | None = self._options.scene()
        self._rest_pace = RestPace()

    @property
    def fps(self) -> float:
        return self._options.fps

    def configure(self, **options: Any) -> None:
        changed = replace(self._options, **options)
        if changed.picture != self._options.picture:
            self._scene = changed.next_scene(self._scene, self._options)
        self._options = changed

    def close(self) -> None:
        self._scene = None

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        options, scene = self._options, self._opened()
        pace = options.rest_pace(scene)
        if pace < options.fps:  # one that is to move evenly does so on any machine
            pace = self._rest_pace.fps(pace)
        at, pose = rest_pose(after, look, options.fps, options.expressiveness, pace, options.gaze)
        with self._rest_pace.measured():
            picture = scene.paint(pose)
        return VideoFrame(picture, at, pose)

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        options, scene = self._options, self._opened()
        manner = options.fps, options.expressiveness, options.gaze
        poses = perform_poses(speech, turn, pose_of(after), *manner)
        return (VideoFrame(scene.paint(pose), at, pose) for at, pose in poses)

    def _opened(self) -> PaintedScene:
        if self._scene is None:
            raise RuntimeError("the face was closed")
        return self._scene
