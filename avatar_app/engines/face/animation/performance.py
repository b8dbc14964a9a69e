"""Poses of a face from frame to frame, at rest and while it speaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from avatar_app.core.turn import Turn
from avatar_app.core.values import FaceState, SpeechChunk, VideoFrame
from avatar_app.engines.face.animation.idle_motion import advance_pose, is_calm
from avatar_app.engines.face.animation.pose import Mouth, Pose
from avatar_app.engines.face.animation.speech_features import SpeechFeatures

_CLOSING = 0.1
"""Seconds after the end of the sound until the mouth is closed."""
_JOINING = 0.13
"""Seconds in which the mouth on show blends into that of the speech."""


def pose_of(after: VideoFrame | None) -> Pose:
    """Return the pose to continue from; a default one for a frame without a pose."""
    return after.pose if after is not None and isinstance(after.pose, Pose) else Pose()


def rest_pose(
    after: VideoFrame | None,
    look: FaceState,
    fps: float,
    expressiveness: float,
    rest_fps: float | None = None,
    gaze: float = 1.0,
) -> tuple[float, Pose]:
    """Return time and pose of the frame at rest that follows `after`: 1/rest_fps later while the
    face is calm, 1/fps while something moves quickly. `gaze`: how much the eyes wander."""
    before, step = pose_of(after), 1 / fps
    if rest_fps is not None and is_calm(before, look, 1 / rest_fps):
        step = max(step, 1 / rest_fps)
    resting = after is not None and before.look is not FaceState.SPEAKING
    at = after.at + step if after is not None and resting else 0.0
    return at, advance_pose(before, look, step, expressiveness, gaze=gaze)


def perform_poses(
    speech: Iterator[SpeechChunk],
    turn: Turn,
    pose: Pose,
    fps: float,
    expressiveness: float,
    gaze: float = 1.0,
) -> Iterator[tuple[float, Pose]]:
    """Yield times and poses of `speech`, continuing from `pose`."""
    features = SpeechFeatures()
    start, step = pose.mouth, 1 / fps
    for shown, index in enumerate(_frames(features, speech, fps), start=1):
        turn.check()
        at = index / fps
        loud = features.loudness(at)
        mood = features.mood(at)
        pose = advance_pose(pose, FaceState.SPEAKING, step, expressiveness, loud, gaze, mood)
        mouth = _joined(start, features.mouth(at), shown * step / _JOINING)
        pose = replace(pose, mouth=mouth)
        yield at, pose


def _frames(features: SpeechFeatures, speech: Iterator[SpeechChunk], fps: float) -> Iterator[int]:
    """Yield the numbers of the frames, each as soon as the speech it depends on has arrived."""
    index = 0
    for chunk in speech:
        if features.begins is None:
            index = round(chunk.audio.start / chunk.audio.rate * fps)
        features.add(chunk)
        while index / fps <= features.known:
            yield index
            index += 1
    if features.begins is None:
        return
    features.end()
    while index / fps < features.covered + _CLOSING:
        yield index
        index += 1


def _joined(start: Mouth, heard: Mouth, share: float) -> Mouth:
    if share >= 1.0:
        return heard
    weight = share * share * (3 - 2 * share)
    return Mouth(*(s + (h - s) * weight for s, h in zip(start, heard, strict=True)))
