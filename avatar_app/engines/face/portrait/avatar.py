"""The avatar format: a folder with manifest, portrait, features and optional idle loop,
validated."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar_app.core.errors import InputInvalid
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.checking import (
    HINT,
    array_of,
    arrays_of,
    bytes_of,
    damaged,
    printable,
)
from avatar_app.engines.face.portrait.geometry import is_face
from avatar_app.engines.face.portrait.idle import IDLE_FILES, Idle, is_entry, load_idle

VERSION, VERSION_WITH_IDLE = 1, 2
"""Versions of the manifest. Programs that do not support idle loops can read avatars without
one."""
MANIFEST = "avatar.json"
PORTRAIT = "portrait.png"
FEATURES = "features.npz"
STUDENT = "student.onnx"
"""The network that was taught to paint its lips; most avatars have none."""
HEAD = "head.onnx"
"""The network that was taught to paint its whole head; most avatars have none."""
TAUGHT = (STUDENT, HEAD)
FILES = (MANIFEST, PORTRAIT, FEATURES)
LONGEST = 2048
"""Largest width or height of a portrait, in pixels."""
MESH_POINTS = 468
_MANIFEST_BYTES = 1_000_000
_PORTRAIT_BYTES = 64_000_000
_MOST_NOTES = 12
"""Largest number of notes; the checks of a clip can produce so many."""

GROUPS: dict[str, int] = {
    "jaw": 21,
    "forehead": 15,
    "lips_outer_upper": 11,
    "lips_outer_lower": 11,
    "lips_inner_upper": 11,
    "lips_inner_lower": 11,
    "right_eye_upper": 9,
    "right_eye_lower": 9,
    "left_eye_upper": 9,
    "left_eye_lower": 9,
    "right_brow": 5,
    "left_brow": 5,
    "nose_bridge": 7,
    "nose_base": 5,
}
"""Named groups of landmarks and their numbers of points, each from left to right in the picture;
"right" and "left" in names are the person's."""

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Avatar:
    """The data of a person that face engines need."""

    name: str
    created: str
    """ISO 8601, UTC. Like all texts: one printable line."""
    portrait: Image
    """uint8, shape (height, width, 3), RGB."""
    face_box: tuple[int, int, int, int]
    """x0, y0, x1, y1 in pixels of the portrait, as cropped by Wav2Lip: with a margin of 10 pixels
    at the bottom."""
    landmarks: dict[str, Points]
    """Each float32, shape (n, 2), in pixels of the portrait; the names are those of GROUPS."""
    mesh: Points
    """float32, shape (468, 3): MediaPipe's face mesh in pixels of the portrait."""
    face_mask: Image
    """uint8, shape of the face box: 255 inside the face's outline, down to the jaw."""
    notes: tuple[str, ...] = ()
    """Findings of the checks of the photo, one sentence each."""
    license: str = ""
    """The user's statement about the right to use the photo."""
    idle: Idle | None = None
    """The idle loop, if the avatar was made from a clip."""

    @property
    def files(self) -> tuple[str, ...]:
        """Return the names of the avatar's files."""
        return FILES if self.idle is None else (*FILES, *IDLE_FILES)


def load_avatar(folder: Path) -> Avatar:
    """Load and validate the avatar in `folder`. Raises InputInvalid, naming the file that is
    wrong."""
    document = read_document(folder / MANIFEST)
    portrait = _portrait(folder / PORTRAIT)
    height, width = portrait.shape[:2]
    if document.get("size") != [width, height]:
        raise damaged(folder / PORTRAIT, "its size is not the one of avatar.json")
    box = _box(document.get("face_box"), width, height, folder / MANIFEST)
    features = arrays_of(folder / FEATURES, ("mesh", "face_mask"))
    mesh = array_of(features, "mesh", (MESH_POINTS, 3), np.float32, folder / FEATURES)
    shape = (box[3] - box[1], box[2] - box[0])
    return Avatar(
        name=_text(document, "name", folder),
        created=_text(document, "created", folder),
        portrait=portrait,
        face_box=box,
        landmarks=_landmarks(document.get("landmarks"), width, height, folder / MANIFEST),
        mesh=mesh,
        face_mask=array_of(features, "face_mask", shape, np.uint8, folder / FEATURES),
        notes=_notes(document.get("notes"), folder / MANIFEST),
        license=_text(document, "licence", folder),
        idle=_idle(folder, document, width, height),
    )


def check_folder(folder: Path) -> Avatar:
    """Like `load_avatar`, and decode each frame of the idle loop as well."""
    avatar = load_avatar(folder)
    if avatar.idle is not None:
        for _ in avatar.idle.pictures():
            continue
    return avatar


def _idle(folder: Path, document: dict[str, Any], width: int, height: int) -> Idle | None:
    if document["version"] != VERSION_WITH_IDLE:
        return None
    entry: Any = document.get("idle")
    if not is_entry(entry):
        raise damaged(folder / MANIFEST, "its idle loop is not described")
    return load_idle(folder, entry, sum(GROUPS.values()), (width, height))


def group_landmarks(marks: Points) -> dict[str, Points]:
    """Split landmarks, (points, 2), into their named groups."""
    ends = np.cumsum(list(GROUPS.values()))[:-1]
    return dict(zip(GROUPS, np.split(marks, ends), strict=True))


def read_document(path: Path) -> dict[str, Any]:
    """The manifest of an avatar, of which only the version has been checked; InputInvalid if it is
    none."""
    try:
        document = json.loads(bytes_of(path, _MANIFEST_BYTES))
    except (ValueError, RecursionError) as error:
        raise damaged(path, "it is no JSON") from error
    if not isinstance(document, dict):
        raise damaged(path, "it is no JSON object")
    version = document.get("version")
    if type(version) is not int:
        raise damaged(path, "version is no whole number")
    if version not in (VERSION, VERSION_WITH_IDLE):
        raise InputInvalid(
            f"The avatar file {path} is of version {version!r}, which is not known here.", HINT
        )
    return document


def _text(document: dict[str, Any], key: str, folder: Path) -> str:
    value = document.get(key)
    if not isinstance(value, str):
        raise damaged(folder / MANIFEST, f"{key} is no text")
    return printable(value)


def _notes(value: Any, path: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(note, str) for note in value):
        raise damaged(path, "notes is no list of texts")
    return tuple(text for note in value[:_MOST_NOTES] if (text := printable(note)))


def _portrait(path: Path) -> Image:
    import cv2

    content = bytes_of(path, _PORTRAIT_BYTES)
    size = content[16:24]
    if not content.startswith(b"\x89PNG\r\n\x1a\n") or len(size) < 8:
        raise damaged(path, "it is no PNG")
    width, height = int.from_bytes(size[:4], "big"), int.from_bytes(size[4:], "big")
    if not (0 < width <= LONGEST and 0 < height <= LONGEST):
        raise damaged(path, f"it has {width} × {height} pixels")
    picture = None
    if b"IEND" in content[-16:]:
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise damaged(path, "it is cut off")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _box(value: Any, width: int, height: int, path: Path) -> tuple[int, int, int, int]:
    numbers = isinstance(value, list) and len(value) == 4 and all(type(n) is int for n in value)
    if numbers:
        x0, y0, x1, y1 = value
        if 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height:
            return x0, y0, x1, y1
    raise damaged(path, "its face_box does not lie in the portrait")


def _landmarks(value: Any, width: int, height: int, path: Path) -> dict[str, Points]:
    if not isinstance(value, dict):
        raise damaged(path, "it has no landmarks")
    found = {}
    for name, count in GROUPS.items():
        points = value.get(name)
        if not _are_points(points, count, 2.0 * max(width, height)):
            raise damaged(path, f"the landmarks {name} are not {count} points")
        found[name] = np.asarray(points, np.float32)
    if not is_face(found, width, height):
        raise damaged(path, "its landmarks do not lie as in a face")
    return found


def _are_points(value: Any, count: int, reach: float) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(isinstance(point, list) and len(point) == 2 for point in value)
        and all(
            type(n) in (int, float) and abs(n) <= reach  # which no NaN is
            for point in value
            for n in point
        )
    )
