"""Photo faces: what shows between the lips when a mouth that was closed in the photo opens."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from avatar_app.core.values import MouthShape
from avatar_app.engines.face.animation.pose import Mouth, Pose
from avatar_app.engines.face.animation.visemes import SHAPES
from avatar_app.engines.face.photo.mouth import Lips
from avatar_app.engines.face.photo.placeholder import placeholder
from avatar_app.engines.face.photo.teeth import lower_row, upper_row
from avatar_app.engines.face.portrait.framing import framed

LINE = np.linspace(-1.2, 1.2, 2401, dtype=np.float32)


@pytest.fixture(scope="module")
def lips() -> Lips:
    still = framed(placeholder(), 720, 720)
    return Lips(still.picture, still.marks)


def middle_column(lips: Lips, mouth: Mouth) -> np.ndarray:
    """Colors from the nose down to the chin, shape (rows, 3)."""
    part = lips.moved(lips._still, Pose(mouth=mouth, engagement=1.0))
    column = int(np.argmin(np.abs(lips.plane.u[0] - 0.1 * lips.plane.u.max())))
    return part[:, column].astype(float)


@pytest.mark.parametrize("row", [upper_row, lower_row])
def test_row_of_teeth_is_symmetric_and_ends_inside_the_mouth(row) -> None:
    teeth = row(LINE)
    np.testing.assert_allclose(teeth.edge, teeth.edge[::-1], atol=1e-5)
    np.testing.assert_allclose(teeth.light, teeth.light[::-1], atol=1e-5)
    assert teeth.edge[0] == teeth.edge[-1] == 0
    assert 0.5 < teeth.edge.max() <= 1.1
    assert teeth.light.min() >= 0
    assert teeth.light.max() <= 1


def test_incisors_are_wider_than_their_neighbors_and_have_notches_between() -> None:
    right = upper_row(LINE).edge[LINE >= 0]
    falling, rising = right[1:-1] < right[:-2], right[1:-1] <= right[2:]
    notches = np.flatnonzero(falling & rising & (right[1:-1] < 0.8))
    widths = np.diff(np.concatenate([[0], notches]))
    assert len(widths) >= 4
    assert widths[0] > widths[1] > widths[2]


def test_teeth_darken_toward_the_cheeks() -> None:
    light = upper_row(LINE).light
    assert light[np.abs(LINE) > 0.9].max() < 0.4 < 0.8 < light[np.abs(LINE) < 0.3].max()


def test_open_mouth_shows_teeth_dark_and_tongue_from_top_to_bottom(lips: Lips) -> None:
    column = middle_column(lips, SHAPES[MouthShape.AA])
    opened = np.flatnonzero(
        np.abs(column - middle_column(lips, SHAPES[MouthShape.SIL])).max(axis=1) > 40
    )
    inside = column[opened[0] : opened[-1]]
    third = len(inside) // 3
    bright = inside.mean(axis=1)
    teeth, dark = int(bright[: 2 * third].argmax()), int(bright.argmin())
    assert bright[teeth] > bright[dark] + 90
    assert teeth < dark
    tongue = inside[dark + third // 2 : -2]
    redness = tongue[:, 0] - tongue[:, 1:].mean(axis=1)
    assert redness.max() > 45


def test_mouth_interior_changes_steadily_while_opening(lips: Lips) -> None:
    wide = SHAPES[MouthShape.AA]
    steps = [middle_column(lips, partly(wide, share)) for share in np.linspace(0, 1, 41)]
    changes = [float(np.abs(after - before).mean()) for before, after in pairwise(steps)]
    assert max(changes) < 6
    assert max(changes) < 5 * float(np.mean(changes))


def partly(mouth: Mouth, share: float) -> Mouth:
    return Mouth(*(part * share for part in mouth))


def test_teeth_are_as_blurred_as_the_photo() -> None:
    still = framed(placeholder(), 720, 720)
    sharp = Lips(still.picture, still.marks)
    soft = Lips(cv2.GaussianBlur(still.picture, (0, 0), 6), still.marks)
    shape = SHAPES[MouthShape.E]._replace(opening=0.9)
    edges = [steepest_edge(each, shape) for each in (sharp, soft)]
    assert edges[1] < 0.8 * edges[0]


def steepest_edge(lips: Lips, mouth: Mouth) -> float:
    """Of the brightness along the incisors, in the row where they end."""
    part = lips.moved(lips._still, Pose(mouth=mouth, engagement=1.0)).astype(float)
    near = np.abs(lips.plane.u) < 0.3 * lips._half
    inner = near & (np.abs(lips.plane.v) < 0.35 * lips._half)
    return float(np.percentile(np.abs(np.gradient(part.mean(axis=-1), axis=0))[inner], 98))
