"""The pose of a face with painted lips."""

from __future__ import annotations

from dataclasses import dataclass, fields

from avatar_app.core.values import Image, VideoFrame
from avatar_app.engines.face.animation.performance import pose_of
from avatar_app.engines.face.animation.pose import Pose


@dataclass(frozen=True, slots=True)
class LipPose(Pose):
    """A pose with painted lips, from which other faces can continue.

    The pose's clock also selects the frame of an idle loop.
    """

    patch: Image | None = None
    """The last painted lips: uint8, (rows, columns, 3), RGB."""
    share: float = 0.0
    """Opacity of the lips: 0 shows the portrait's mouth."""

    @property
    def mouth_open(self) -> float:
        """Return how far the lips follow the voice, 0 to 1, which cannot be measured in the
        picture."""
        return self.share


def with_lips(pose: Pose, patch: Image | None, share: float) -> LipPose:
    """Return the pose with these lips, if they are visible at all."""
    parts = {field.name: getattr(pose, field.name) for field in fields(Pose)}
    return LipPose(**parts, patch=patch if share else None, share=share)


def lip_pose_of(after: VideoFrame | None) -> LipPose:
    """Return the pose to continue from; a frame of another face has no painted lips."""
    pose = pose_of(after)
    return pose if isinstance(pose, LipPose) else with_lips(pose, None, 0.0)
