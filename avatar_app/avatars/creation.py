"""Creates an avatar from a photo or a clip: within seconds, completely or not at all."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.avatars.clip.importing import BELOW, MeasuredFace, measure_clip, write_idle
from avatar_app.avatars.clip.reading import is_clip
from avatar_app.avatars.detection.faces import FaceDetector
from avatar_app.avatars.landmarks import Floats, landmarks_of, outline_of
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.avatars.notes import check_face
from avatar_app.avatars.people import SeveralPeople, choose_person
from avatar_app.avatars.photo_faces import find_faces
from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import (
    FEATURES,
    LONGEST,
    MANIFEST,
    PORTRAIT,
    VERSION,
    VERSION_WITH_IDLE,
    Avatar,
    check_folder,
    load_avatar,
)

LICENSE = "The user provided this photo and is responsible for the right to use it."


def make_avatar(
    source: Path,
    name: str,
    job: Job[Any],
    library: AvatarLibrary,
    make_detector: Callable[[], FaceDetector] = FaceDetector,
    person: int | None = None,
    title: str = "",
) -> Avatar:
    """Create the avatar `name` in the library from a photo or clip; raises InputInvalid where that
    is impossible.

    A clip's progress is reported frame by frame; a cancelled job leaves nothing behind.
    `make_detector` creates the face detector. `person`: which one in a photo, counted from the
    left from 1; None: the one with the largest face, or SeveralPeople where that one cannot be
    used. `title`: what the user calls it, if that is not its name.
    """
    library.check_free(name)
    if is_clip(source):
        measured = measure_clip(source, job, make_detector)
    else:
        measured = _measure_photo(source, job, make_detector, person)
    return store_avatar(measured, name, job, library, title)


def store_avatar(
    measured: MeasuredFace, name: str, job: Job[Any], library: AvatarLibrary, title: str = ""
) -> Avatar:
    """Write the avatar `name` into the library; `title`: what the user calls it, if that is not
    the same."""
    job.report(0.7, "Writing the avatar")
    with library.new(name) as folder:
        write_measured(folder, measured, title or name)
        if measured.film is not None:
            write_idle(folder, measured.film, job, (0.8, 0.95))
        check_folder(folder)
        job.report(0.95)
    return load_avatar(library.folder(name))


def _measure_photo(
    photo: Path, job: Job[Any], make_detector: Callable[[], FaceDetector], person: int | None
) -> MeasuredFace:
    found = find_faces(photo, LONGEST, job, make_detector)
    count = len(found.boxes)
    mesh = found.mesh(choose_person(found.boxes, photo, person))
    try:
        notes = check_face(found.picture, mesh, count if person is None else 1)
    except InputInvalid as error:
        if person is not None or count == 1:
            raise
        raise SeveralPeople(photo, count) from error  # somebody behind may be meant
    return MeasuredFace(found.picture, mesh, notes)


def write_measured(folder: Path, measured: MeasuredFace, title: str) -> None:
    """Write all files of an avatar but its idle loop."""
    import cv2

    picture, mesh = measured.picture, measured.mesh
    height, width = picture.shape[:2]
    box = face_box(mesh, width, height)
    film = measured.film
    idle = {} if film is None else {"idle": film.entry}
    document = {
        "version": VERSION if film is None else VERSION_WITH_IDLE,
        "name": title,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "size": [width, height],
        "face_box": list(box),
        "landmarks": {
            part: [[round(float(x), 2), round(float(y), 2)] for x, y in points]
            for part, points in landmarks_of(mesh).items()
        },
        "notes": list(measured.notes),
        "licence": LICENSE,
        **idle,
    }
    _, png = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    features = io.BytesIO()
    np.savez_compressed(features, mesh=mesh, face_mask=face_mask(mesh, box))
    (folder / PORTRAIT).write_bytes(png.tobytes())
    (folder / FEATURES).write_bytes(features.getvalue())
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def face_box(mesh: Floats, width: int, height: int) -> tuple[int, int, int, int]:
    """Return x0, y0, x1, y1 around the face, BELOW more below, inside the picture."""
    low, high = mesh[:, :2].min(axis=0), mesh[:, :2].max(axis=0)
    x0, y0 = (max(int(n), 0) for n in low)
    x1, y1 = min(int(high[0]) + 1, width), min(int(high[1]) + 1 + BELOW, height)
    return x0, y0, x1, y1


def face_mask(mesh: Floats, box: tuple[int, int, int, int]) -> Image:
    """Return a mask: 255 inside the face's outline, shape of the box."""
    import cv2

    x0, y0, x1, y1 = box
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    outline = np.rint(outline_of(mesh) - [x0, y0]).astype(np.int32)
    cv2.fillPoly(mask, [outline], 255, cv2.LINE_AA)
    return mask
