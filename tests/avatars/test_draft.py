"""Drafts: faces from left to right, checks that follow the crop, an avatar of what was chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from avatar_app.avatars.draft import AvatarDraft, Crop, open_draft
from avatar_app.avatars.photo_checks import CheckKind, CheckResult
from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"


def draft_of(photo: Path) -> AvatarDraft:
    return Job[Any]("opening", lambda job: open_draft(photo, job)).run()


@pytest.fixture(scope="module")
def couple(tmp_path_factory: pytest.TempPathFactory) -> AvatarDraft:
    face = cv2.imread(str(ASTRONAUT))[0:300, 90:390]
    both = np.full((600, 1000, 3), 190, np.uint8)
    both[150:550, :400] = cv2.resize(face, (400, 400))
    both[:, 400:] = cv2.resize(face, (600, 600))
    path = tmp_path_factory.mktemp("couple") / "couple.png"
    cv2.imwrite(str(path), both)
    return draft_of(path)


def result(draft: AvatarDraft, kind: CheckKind, face: int, crop: Crop) -> CheckResult:
    return next(check.result for check in draft.checks(face, crop) if check.kind is kind)


def test_faces_are_ordered_left_to_right_and_the_largest_is_preselected(
    couple: AvatarDraft,
) -> None:
    assert [face.middle[0] < 400 for face in couple.faces] == [True, False]
    assert couple.likeliest == 1


def test_suggested_crop_excludes_other_people_where_possible(
    couple: AvatarDraft,
) -> None:
    crop = couple.suggested_crop(1)
    assert crop.shows(couple.faces[1])
    assert result(couple, CheckKind.PEOPLE, 1, couple.whole) is CheckResult.FAIR
    narrow = crop._replace(left=450.0)
    assert result(couple, CheckKind.PEOPLE, 1, narrow) is CheckResult.GOOD


def test_the_whole_photo_is_suggested_for_a_single_face() -> None:
    draft = draft_of(ASTRONAUT)
    assert draft.suggested_crop(0) == draft.whole


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, CheckResult.GOOD), (0.2, CheckResult.FAIR), (0.5, CheckResult.POOR)],
)
def test_crop_cutting_the_face_is_reported(
    couple: AvatarDraft, share: float, expected: CheckResult
) -> None:
    box = couple.faces[0].box
    crop = couple.whole._replace(left=box.left + share * (box.right - box.left))
    assert result(couple, CheckKind.WHOLE, 0, crop) is expected


def test_avatar_is_measured_within_the_crop(couple: AvatarDraft) -> None:
    crop = couple.suggested_crop(0)
    measured = couple.measure(0, crop)
    assert measured.picture.shape[1] == round(crop.right) - round(crop.left)
    middle = measured.mesh[:, 0].mean()
    assert middle == pytest.approx(couple.faces[0].mesh[:, 0].mean() - round(crop.left), abs=1)


def test_a_photo_without_a_face_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    cv2.imwrite(str(tmp_path / "wall.png"), rng.integers(0, 255, (300, 300, 3), np.uint8))
    with pytest.raises(InputInvalid, match="No face found"):
        draft_of(tmp_path / "wall.png")
