"""An illustrated portrait that speaks: lips in time with the sound, alive between the words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from avatar_app.core.turn import Turn
from avatar_app.core.values import Look, SpeechChunk, VideoFrame
from avatar_app.engines.face.illustrated.characters import CHARACTERS
from avatar_app.engines.face.illustrated.hearing import LOOKAHEAD, Hearing
from avatar_app.engines.face.illustrated.life import lived
from avatar_app.engines.face.illustrated.pose import Mouth, Pose
from avatar_app.engines.face.illustrated.scene import Scene

_CLOSING = 0.1
"""Seconds after the end of the sound until the mouth is closed."""
_JOINING = 0.13
"""Seconds in which the mouth on show turns into that of the speech."""


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

    def rest(self, look: Look, after: VideoFrame | None = None) -> VideoFrame:
        choices, scene = self._choices, self._opened()
        step = 1 / choices.fps
        before = _pose(after)
        pose = lived(before, look, step, choices.expressiveness)
        resting = after is not None and before.look is not Look.SPEAKING
        at = after.at + step if after is not None and resting else 0.0
        return VideoFrame(scene.paint(pose), at, pose)

    def perform(
        self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
    ) -> Iterator[VideoFrame]:
        poses = _performed(speech, turn, _pose(after), self._choices)
        scene = self._opened()
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


def _pose(after: VideoFrame | None) -> Pose:
    """The pose to go on from; another face's frame tells nothing."""
    return after.pose if after is not None and isinstance(after.pose, Pose) else Pose()


def _performed(
    speech: Iterator[SpeechChunk], turn: Turn, pose: Pose, choices: _Choices
) -> Iterator[tuple[float, Pose]]:
    hearing = Hearing()
    start, step = pose.mouth, 1 / choices.fps
    for shown, index in enumerate(_frames(hearing, speech, choices.fps), start=1):
        turn.check()
        at = index / choices.fps
        pose = lived(pose, Look.SPEAKING, step, choices.expressiveness, hearing.loudness(at))
        mouth = _joined(start, hearing.mouth(at), shown * step / _JOINING)
        pose = replace(pose, mouth=mouth)
        yield at, pose


def _frames(hearing: Hearing, speech: Iterator[SpeechChunk], fps: float) -> Iterator[int]:
    """The numbers of the frames, each as soon as what it depends on has been heard."""
    index = 0
    for chunk in speech:
        if hearing.begins is None:
            index = round(chunk.audio.start / chunk.audio.rate * fps)
        hearing.add(chunk)
        while index / fps + LOOKAHEAD <= hearing.covered:
            yield index
            index += 1
    if hearing.begins is None:
        return
    hearing.end()
    while index / fps < hearing.covered + _CLOSING:
        yield index
        index += 1


def _joined(start: Mouth, heard: Mouth, share: float) -> Mouth:
    if share >= 1.0:
        return heard
    weight = share * share * (3 - 2 * share)
    return Mouth(*(s + (h - s) * weight for s, h in zip(start, heard, strict=True)))
