"""Draws how loud the voice is and was: bars that wander from the middle to the edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from avatar_app.core.generation import Frames
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image, VideoFrame

_BARS = 31
_LOWEST, _HIGHEST = 0.04, 0.8
"""Of the picture's height."""
_GAP = 0.4
"""Of a bar's place."""


class Audiogram:
    """A `core.generators.Renderer`."""

    def configure(self) -> None:
        """There are no options."""

    def render(self, inputs: Mapping[str, Any], job: Job[Any]) -> Frames:
        loudness = inputs["loudness"]
        color = _color(inputs.get("color", "#8f7bff"))
        empty = np.empty((inputs["height"], inputs["width"], 3), np.uint8)
        empty[:] = _color(inputs.get("background", "#16191f"))
        for index in range(len(loudness)):
            yield VideoFrame(_drawn(empty, color, loudness, index), index / inputs["fps"])
            job.report((index + 1) / len(loudness), "Drawing")

    def close(self) -> None:
        """Nothing to release."""


def _drawn(empty: Image, color: Image, loudness: list[float], index: int) -> Image:
    picture = empty.copy()
    height, width = picture.shape[:2]
    step = width / _BARS
    for bar in range(_BARS):
        ago = index - abs(bar - _BARS // 2)
        level = loudness[ago] if ago >= 0 else 0.0
        tall = round(height * (_LOWEST + (_HIGHEST - _LOWEST) * level))
        top = (height - tall) // 2
        left = round(step * (bar + _GAP / 2))
        picture[top : top + tall, left : max(round(step * (bar + 1 - _GAP / 2)), left + 1)] = color
    return picture


def _color(text: str) -> Image:
    return np.frombuffer(bytes.fromhex(text.removeprefix("#")), np.uint8)
