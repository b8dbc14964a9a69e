"""Judges an analyzed clip: the usable part, the best portrait frame, and notes for the user."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar_app.avatars.clip.analysis import Watched, runs
from avatar_app.avatars.landmarks import INDICES, Floats, gap_of, tilt_of, turn_of
from avatar_app.core.errors import InputInvalid

SHORTEST = 1.0
"""Minimum seconds of a clip, without a cut, for a loop."""
_CUT_LIGHT = 30.0
"""Mean brightness difference between two frames that indicates a cut, in levels."""
_CUT_WAY = 0.35
"""The same for the face's movement, in face widths."""
_MISSED = 0.12
"""Seconds for which a face may be lost within a usable part: a hand passing, a blur."""
_DARK, _DIM = 32.0, 60.0
"""Mean brightness of a face, of 255."""
_TALKING = 0.015
"""Standard deviation of the lip gap of a speaker, in mouth widths."""
_ASLEEP = 0.75
"""Eye opening, relative to most frames, below which the eyes blink."""
_HINT = "Film yourself for a few seconds, looking into the camera."


def usable_part(watched: Watched, path: Path) -> tuple[slice, tuple[str, ...]]:
    """Return the longest part of the clip that shows the face without a cut, with notes for the
    user."""
    seconds, present = len(watched) / watched.rate, watched.present
    if len(watched) == 1:
        raise InputInvalid(
            f"The clip {path} is a still picture.", "Save it as a PNG or JPEG file and add that."
        )
    if seconds < SHORTEST:
        raise InputInvalid(
            f"The clip {path} is only {seconds:.1f} seconds long.", "Film for two seconds or more."
        )
    absent = 1 - float(present.mean())
    if absent == 1:
        raise InputInvalid(f"No face found in {path}.", _HINT)
    if absent > 0.5:
        raise InputInvalid(f"{100 * absent:.0f} % of the frames of {path} show no face.", _HINT)
    _check_light(watched, path)
    scenes = _scenes(watched)
    parts = [part for scene in scenes for part in _shown(watched, scene)]
    part = max(parts, key=lambda each: each.stop - each.start, default=slice(0, 0))
    if (part.stop - part.start) / watched.rate < SHORTEST:
        raise InputInvalid(
            f"No part of {path} shows the face for {SHORTEST:.0f} second without a cut.", _HINT
        )
    cuts = len(scenes) - 1
    found = {
        f"No face in {100 * absent:.0f} % of the frames.": absent > 0.02,
        f"There are {watched.faces} faces in the clip; the largest was taken.": watched.faces > 1,
        f"There {'is a cut' if cuts == 1 else f'are {cuts} cuts'} in the clip; only its longest "
        "part is used.": cuts > 0,
        "The clip is rather dark; more light looks better.": _light(watched) < _DIM,
    }
    return part, tuple(note for note, holds in found.items() if holds)


def _light(watched: Watched) -> float:
    return float(np.median(watched.lights[watched.present]))


def _check_light(watched: Watched, path: Path) -> None:
    if _light(watched) < _DARK:
        raise InputInvalid(f"The face in {path} is too dark.", "Film it again with more light.")


def _scenes(watched: Watched) -> list[slice]:
    """Split the clip at its cuts."""
    apart = np.abs(np.diff(watched.sights, axis=0)).mean(axis=(1, 2))
    middles = watched.meshes[:, :, :2].mean(axis=1)
    way = np.linalg.norm(np.diff(middles, axis=0), axis=1) / _width(watched)
    begins = np.flatnonzero((apart > _CUT_LIGHT) | (np.nan_to_num(way) > _CUT_WAY)) + 1
    edges = [0, *begins.tolist(), len(watched)]
    return [slice(begin, end) for begin, end in pairwise(edges)]


def _width(watched: Watched) -> float:
    meshes = watched.meshes[watched.present]
    cheeks = meshes[:, INDICES["jaw"][-1], :2] - meshes[:, INDICES["jaw"][0], :2]
    return float(np.median(np.linalg.norm(cheeks, axis=1)))


def _shown(watched: Watched, scene: slice) -> list[slice]:
    """Return the stretches of a scene in which the face is hardly ever lost."""
    shown = watched.present[scene].copy()
    for gap in runs(~shown):
        inner = gap.start > 0 and gap.stop < len(shown)
        if inner and (gap.stop - gap.start) / watched.rate <= _MISSED:
            shown[gap] = True
    return [slice(part.start + scene.start, part.stop + scene.start) for part in runs(shown)]


def gaps_of(meshes: Floats) -> Floats:
    """Return the gap between the lips in each frame, in mouth widths."""
    return np.array([gap_of(mesh) for mesh in meshes], np.float32)


def mouth_moves(gaps: Floats) -> bool:
    """Whether the person speaks, or chews."""
    return float(gaps.std()) > _TALKING


def best_still(watched: Watched, part: slice) -> int:
    """Return the frame that is the best portrait: frontal, upright, sharp, lips closed,
    eyes open."""
    chosen = np.arange(part.start, part.stop)
    chosen = chosen[watched.present[chosen]]
    meshes = watched.meshes[chosen]
    opened = eyes_opened(meshes)
    details = watched.details[chosen]
    cost = (
        np.array([abs(turn_of(mesh)) / 15 + abs(tilt_of(mesh)) / 20 for mesh in meshes])
        + gaps_of(meshes) / 0.06
        + 3 * np.clip(1 - opened / np.median(opened), 0, None)
        + np.clip(1 - details / np.percentile(details, 90), 0, None)
        + 5 * (opened < _ASLEEP * np.median(opened))
    )
    return int(chosen[int(np.argmin(cost))])


def eyes_opened(meshes: Floats) -> NDArray[np.float32]:
    """Return how far the eyes are open in each frame, in eye widths."""
    sides = []
    for side in ("right", "left"):
        upper = meshes[:, list(INDICES[f"{side}_eye_upper"]), :2]
        lower = meshes[:, list(INDICES[f"{side}_eye_lower"]), :2]
        wide = np.linalg.norm(upper[:, -1] - upper[:, 0], axis=1)
        sides.append(np.linalg.norm(upper[:, 4] - lower[:, 4], axis=1) / wide)
    return np.asarray(np.mean(sides, axis=0), np.float32)
