"""The LivePortrait engine: a portrait and motion become a film."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from avatar_app.core.errors import ModelMissing
from avatar_app.core.generation import AnimateRequest, Frames
from avatar_app.core.home import expanded
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image, VideoFrame
from avatar_app.engines.face_detection.detector import FaceDetector
from avatar_app.engines.live_portrait.crop import Paster, find_crop
from avatar_app.engines.live_portrait.motion import weakened
from avatar_app.engines.live_portrait.networks import Networks
from avatar_app.engines.live_portrait.puppet import Puppet


@dataclass(frozen=True, slots=True)
class _Choices:
    """The options of the manifest."""

    model: str = ""
    device: str = "cpu"
    threads: int = 0
    strength: float = 1.0


class LivePortraitAnimator:
    """Implements `core.generators.Animator`.

    Raises ModelMissing, InputInvalid, DeviceUnavailable or OutOfMemory, as `Networks`.
    """

    patience = 900.0
    """Seconds that a frame may take without a graphics card."""

    def __init__(self, **options: Any) -> None:
        self._choices = _Choices(**options)
        self._networks: Networks | None = _networks(self._choices)
        self._detector = FaceDetector()

    def configure(self, **options: Any) -> None:
        choices = replace(self._choices, **options)
        if replace(choices, strength=self._choices.strength) != self._choices:
            self._networks = _networks(choices)
        self._choices = choices

    def close(self) -> None:
        self._networks = None

    def animate(self, request: AnimateRequest, job: Job[Any]) -> Frames:
        networks = self._opened()
        job.check()
        crop = find_crop(request.portrait, self._detector)
        puppet = Puppet(networks, request.portrait, crop)
        paster = Paster(request.portrait, crop)
        if request.motion:
            crops: Iterator[Image] = (
                puppet.moved(weakened(motion, self._choices.strength)) for motion in request.motion
            )
        else:
            crops = self._by_clip(puppet, request.driving)
        for index in range(request.frames):
            job.check()
            frame = VideoFrame(paster.paste(next(crops)), index / request.fps)
            job.report((index + 1) / request.frames, "Moving the portrait")
            yield frame

    def _by_clip(self, puppet: Puppet, frames: tuple[Image, ...]) -> Iterator[Image]:
        networks, first = self._opened(), None
        crop = find_crop(frames[0], self._detector, is_driving=True)
        for frame in frames:
            now = networks.motion(crop.cut(frame))
            first = first or now
            yield puppet.following(first, now)

    def _opened(self) -> Networks:
        if self._networks is None:
            raise RuntimeError("the engine was closed")
        return self._networks


def _networks(choices: _Choices) -> Networks:
    if not choices.model:
        raise ModelMissing(
            "No folder of LivePortrait's networks is chosen.",
            "Put its ONNX files into a folder and name it: studio.animate.options.model=FOLDER",
        )
    threads = choices.threads or os.cpu_count() or 1
    return Networks(expanded(choices.model), choices.device, threads)
