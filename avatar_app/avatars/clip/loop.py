"""Finds a loop in an analyzed clip: a stretch that ends as it begins, or can be reversed
unnoticed.

The seam of a loop is judged as in Schödl et al., "Video Textures" (2000): by how similar the frames
are, and how similar the motion at them is. It is then cross-faded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar_app.avatars.landmarks import INDICES, Floats
from avatar_app.engines.face.portrait.idle import LEAST_FRAMES, MOST_FRAMES

FADE = 5
"""Frames at the end of a loop that blend into those before its beginning."""
_SHORTEST, _LONGEST = 1.5, 4.0
"""Seconds of a loop."""
_TURNING = 3.0
"""Maximum seconds of a stretch played forwards and back."""
_APART = 0.012
"""Maximum distance between the ends of a loop, in face widths."""
_SWERVE = 0.004
"""The same per frame, for the motion there."""
_OTHER = 5.0
"""Maximum brightness difference of its pictures, in levels."""
_MOUTH = 0.015
"""Standard deviation of the lip gap that costs as much as one of the above."""
_WORTH = 0.5
"""What the full length of a loop is worth, in the same unit."""

Costs = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Loop:
    """Frames `begin` ≤ i < `end` of a clip."""

    begin: int
    end: int
    mirrored: bool
    """Whether it is played forwards, then backwards; otherwise it is cross-faded at its end."""


def find_loop(meshes: Floats, gaps: Floats, sights: Floats, rate: float) -> Loop:
    """Return the best loop of n frames.

    `meshes`: (n, 468, 3), smooth; `gaps`: (n,), between the lips; `sights`: (n, rows, columns).
    """
    places = _places(meshes)
    speeds = np.gradient(places, axis=0)
    mouth = _restless(gaps)
    apart, swerve = _distances(places), _distances(speeds)
    other = _distances(sights.reshape(len(sights), -1) / np.sqrt(sights[0].size))
    span = np.arange(len(meshes))[None, :] - np.arange(len(meshes))[:, None]
    longest = min(round(_LONGEST * rate), MOST_FRAMES)
    good = (apart < _APART) & (swerve < _SWERVE) & (other < _OTHER)
    good &= (span >= max(_SHORTEST * rate, LEAST_FRAMES)) & (span <= longest)
    good[:FADE] = False  # the frames to blend in are before the beginning
    if good.any():
        cost = apart / _APART + swerve / _SWERVE + other / _OTHER + 2 * mouth / _MOUTH
        cost -= _WORTH * span / longest
        begin, end = _best(np.where(good, cost, np.inf))
        return Loop(begin, end, mirrored=False)
    return _turning(np.linalg.norm(speeds, axis=1), mouth, span, rate)


def _turning(speed: Floats, mouth: Costs, span: NDArray[np.int64], rate: float) -> Loop:
    """Return a stretch at whose ends hardly anything moves, so that the reversal is not noticed."""
    longest = min(round(_TURNING * rate), MOST_FRAMES, len(speed)) - 1
    shortest = min(max(round(_SHORTEST * rate), LEAST_FRAMES), longest)
    cost = (speed[:, None] + speed[None, :]) / _SWERVE + 2 * mouth / _MOUTH
    cost = cost - _WORTH * span / longest
    begin, last = _best(np.where((span >= shortest) & (span <= longest), cost, np.inf))
    return Loop(begin, last + 1, mirrored=True)


def _best(cost: Costs) -> tuple[int, int]:
    begin, end = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return int(begin), int(end)


def _places(meshes: Floats) -> Floats:
    """Return the face positions, (n, k), scaled so that the distance of two rows is in face widths,
    root mean square."""
    chosen = [index for group in INDICES.values() for index in group]
    points = meshes[:, chosen, :2]
    cheeks = points[:, len(INDICES["jaw"]) - 1] - points[:, 0]
    width = float(np.median(np.linalg.norm(cheeks, axis=1)))
    flat = points.reshape(len(points), -1)
    return np.asarray((flat - flat.mean(axis=0)) / (width * np.sqrt(len(chosen))), np.float32)


def _distances(rows: Floats) -> Costs:
    """Return the distances between all rows."""
    wide = rows.astype(np.float64)
    squares = (wide**2).sum(axis=1)
    apart = squares[:, None] + squares[None, :] - 2 * wide @ wide.T
    return np.asarray(np.sqrt(np.maximum(apart, 0)), np.float32)


def _restless(gaps: Floats) -> Costs:
    """Return [begin, end]: the standard deviation of the lip gap in that stretch."""
    sums = np.concatenate([[0.0], np.cumsum(gaps, dtype=np.float64)])
    squares = np.concatenate([[0.0], np.cumsum(gaps.astype(np.float64) ** 2)])
    count = np.arange(len(gaps))
    length = np.maximum(count[None, :] - count[:, None], 1)
    mean = (sums[None, :-1] - sums[:-1, None]) / length
    square = (squares[None, :-1] - squares[:-1, None]) / length
    return np.asarray(np.sqrt(np.maximum(square - mean**2, 0)), np.float32)


def smooth_curve(values: Floats, frames: float) -> Floats:
    """Smooth along the first axis by a Gaussian of `frames`."""
    from cv2 import getGaussianKernel

    flat = values.reshape(len(values), -1)
    size = 2 * int(3 * frames + 1) + 1
    kernel = getGaussianKernel(size, frames)[:, 0]
    padded = np.pad(flat, ((size // 2, size // 2), (0, 0)), mode="reflect", reflect_type="odd")
    soft = np.apply_along_axis(np.convolve, 0, padded, kernel, "valid")
    return np.asarray(soft.reshape(values.shape), np.float32)


def fill_gaps(values: Floats) -> Floats:
    """Replace NaN by interpolating between its neighbors along the first axis."""
    flat = values.reshape(len(values), -1)
    known = np.flatnonzero(np.isfinite(flat[:, 0]))
    at = np.arange(len(flat))
    columns = [np.interp(at, known, column[known]) for column in flat.T]
    return np.asarray(np.stack(columns, axis=1).reshape(values.shape), np.float32)
