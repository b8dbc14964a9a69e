"""Checks whether a face in a photo makes a good avatar: size, sharpness, angle, light and more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from avatar_app.avatars.landmarks import (
    Floats,
    brightness_of,
    detail_of,
    gap_of,
    overhang_of,
    tilt_of,
    turn_of,
    width_of,
)
from avatar_app.core.values import Image

LEAST_FACE = 80.0
"""Minimum pixels from cheek to cheek: smaller faces have too little detail to speak."""
_GOOD_FACE = 160.0
_MOST_TURN, _GOOD_TURN = 38.0, 20.0
"""Degrees to the side."""
_MOST_TILT, _GOOD_TILT = 40.0, 20.0
"""Degrees to a shoulder."""
_BLURRED, _SOFT = 0.0011, 0.006
"""Share of fine detail in a face's contrast; camera photos are far above."""
_DARK = 45.0
"""Mean brightness of a face, of 255, below which too little is visible."""
_PARTED = 0.09
"""Lip gap, in mouth widths, from which a mouth is open."""
_CUT, _LOST = 0.1, 0.3
"""Share of a face, to one side, that the picture may lack: for a good avatar, and at most."""


class CheckKind(StrEnum):
    """What is checked."""

    PEOPLE = "people"
    SIZE = "size"
    SHARPNESS = "sharpness"
    FRONTAL = "frontal"
    UPRIGHT = "upright"
    LIGHT = "light"
    WHOLE = "whole"
    MOUTH = "mouth"


class CheckResult(StrEnum):
    """What a check found."""

    GOOD = "good"
    FAIR = "fair"
    """It could be better."""
    POOR = "poor"
    """No avatar can be made of it."""


@dataclass(frozen=True, slots=True)
class PhotoCheck:
    """One check of a face in a photo."""

    kind: CheckKind
    result: CheckResult
    figure: float = 0.0
    """People, pixels, degrees, or a share of 1, as the kind is measured."""


@dataclass(frozen=True, slots=True)
class FaceMeasures:
    """What does not depend on how the photo is cropped."""

    width: float
    """Pixels from cheek to cheek."""
    turn: float
    """Degrees to the side, positive."""
    tilt: float
    """Degrees to a shoulder, positive."""
    detail: float
    light: float
    """Mean brightness, of 255."""
    gap: float
    """Between the lips, in mouth widths."""


def measure_face(picture: Image, mesh: Floats) -> FaceMeasures:
    """Measure a face, by its mesh in pixels of the picture."""
    return FaceMeasures(
        width=width_of(mesh),
        turn=abs(turn_of(mesh)),
        tilt=abs(tilt_of(mesh)),
        detail=detail_of(picture, mesh),
        light=brightness_of(picture, mesh),
        gap=gap_of(mesh),
    )


def judge_face(
    face: FaceMeasures, people: int, overhang: float = 0.0, scale: float = 1.0
) -> tuple[PhotoCheck, ...]:
    """Return one check of each kind.

    `people`: faces in the picture. `overhang`: see `overhang_of`. `scale`: of the avatar's picture
    to the one that was measured.
    """
    width = face.width * scale
    results = (
        (CheckKind.PEOPLE, _rising(people, 1, np.inf), people),
        (CheckKind.FRONTAL, _rising(face.turn, _GOOD_TURN, _MOST_TURN), face.turn),
        (CheckKind.UPRIGHT, _rising(face.tilt, _GOOD_TILT, _MOST_TILT), face.tilt),
        (CheckKind.SHARPNESS, _falling(face.detail, _SOFT, _BLURRED), face.detail),
        (CheckKind.LIGHT, _falling(face.light, _DARK, 0.0), face.light / 255),
        (CheckKind.WHOLE, _rising(overhang, _CUT, _LOST), overhang),
        (CheckKind.MOUTH, _rising(face.gap, _PARTED, np.inf), face.gap),
        (CheckKind.SIZE, _falling(width, _GOOD_FACE, LEAST_FACE), width),
    )
    return tuple(PhotoCheck(kind, result, float(figure)) for kind, result, figure in results)


def judge_picture(picture: Image, mesh: Floats, people: int) -> tuple[PhotoCheck, ...]:
    """Return the checks of a face in a whole picture."""
    overhang = min(overhang_of(mesh, (0, 0, *picture.shape[1::-1])), _LOST)
    return judge_face(measure_face(picture, mesh), people, overhang)


def _rising(value: float, good: float, most: float) -> CheckResult:
    if value > most:
        return CheckResult.POOR
    return CheckResult.FAIR if value > good else CheckResult.GOOD


def _falling(value: float, good: float, least: float) -> CheckResult:
    if value < least:
        return CheckResult.POOR
    return CheckResult.FAIR if value < good else CheckResult.GOOD
