"""Avatars from photos: the face is found and measured, and what is wrong is said in a sentence."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from avatar_app.avatars import creation
from avatar_app.avatars.creation import BELOW, make_avatar
from avatar_app.avatars.detection.faces import FaceDetector
from avatar_app.avatars.landmarks import outline_of, tilt_of, turn_of
from avatar_app.avatars.library import AvatarLibrary, name_from
from avatar_app.core.errors import ConfigInvalid, InputInvalid
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import (
    FEATURES,
    FILES,
    GROUPS,
    MANIFEST,
    PORTRAIT,
    Avatar,
    load_avatar,
)

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
MESH_OF_MEDIAPIPE = {
    # points that MediaPipe 0.10.21 itself finds in the photo, x and y in pixels
    "outer eye corners": ((33, 263), ((194.6, 100.9), (256.7, 104.1))),
    "nose's tip": ((1,), ((224.1, 131.2),)),
    "corners of the mouth": ((61, 291), ((201.8, 139.5), (245.9, 142.2))),
    "lips in the middle": (
        (0, 13, 14, 17),
        ((223.6, 140.5), (223.5, 142.7), (223.1, 149.6), (222.8, 154.9)),
    ),
    "chin": ((152,), ((221.3, 175.5),)),
    "cheeks": ((234, 454), ((179.0, 111.1), (270.9, 116.3))),
}


def read(path: Path) -> Image:
    return np.asarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)


def write(folder: Path, picture: Image, name: str = "photo.png") -> Path:
    cv2.imwrite(str(folder / name), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return folder / name


def made(photo: Path, library: AvatarLibrary, name: str = "ada") -> Avatar:
    return Job[Avatar]("making", lambda job: make_avatar(photo, name, job, library)).run()


@pytest.fixture(scope="module")
def eyes() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def astronaut() -> Image:
    return read(ASTRONAUT)


@pytest.fixture
def library(tmp_path: Path) -> AvatarLibrary:
    return AvatarLibrary(tmp_path / "avatars")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> AvatarLibrary:
    """A library with the avatar ada; tests only read it."""
    library = AvatarLibrary(tmp_path_factory.mktemp("stored") / "avatars")
    made(ASTRONAUT, library)
    return library


@pytest.fixture
def folder(stored: AvatarLibrary, tmp_path: Path) -> Iterator[Path]:
    """A copy of ada's folder, to be damaged."""
    copy = tmp_path / "damaged"
    copy.mkdir()
    for name in FILES:
        (copy / name).write_bytes((stored.folder("ada") / name).read_bytes())
    return copy


def test_landmarks_match_those_of_mediapipe(eyes: FaceDetector, astronaut: Image) -> None:
    mesh, presence = eyes.mesh(astronaut, eyes.faces(astronaut)[0])
    corners = np.array(MESH_OF_MEDIAPIPE["outer eye corners"][1])
    between = np.linalg.norm(corners[1] - corners[0])
    assert presence > 0.99
    for part, (indices, points) in MESH_OF_MEDIAPIPE.items():
        away = np.linalg.norm(mesh[list(indices), :2] - np.array(points), axis=1)
        assert away.max() < 0.05 * between, part


@pytest.mark.parametrize("degrees", [-40, -15, 20, 40])
def test_tilted_head_is_measured_as_precisely(
    eyes: FaceDetector, astronaut: Image, degrees: int
) -> None:
    upright, _ = eyes.mesh(astronaut, eyes.faces(astronaut)[0])
    place = cv2.getRotationMatrix2D((256, 256), degrees, 0.8)
    picture = np.asarray(cv2.warpAffine(astronaut, place, (512, 512)), np.uint8)
    tilted, _ = eyes.mesh(picture, eyes.faces(picture)[0])
    expected = upright[:, :2] @ place[:, :2].T + place[:, 2]
    between = np.linalg.norm(expected[263] - expected[33])
    assert np.linalg.norm(tilted[:, :2] - expected, axis=1).mean() < 0.03 * between
    assert tilt_of(tilted) == pytest.approx(tilt_of(upright) - degrees, abs=3)
    assert abs(turn_of(tilted)) < 8


def test_a_face_anywhere_in_a_large_photo_is_found(eyes: FaceDetector, astronaut: Image) -> None:
    wall = np.full((900, 1600, 3), 120, np.uint8)
    wall[300:812, 1000:1512] = astronaut
    faces = eyes.faces(wall)
    assert len(faces) == 1
    assert np.allclose(faces[0].center, [1223, 428], atol=12)


def test_an_avatar_is_complete(stored: AvatarLibrary) -> None:
    avatar = load_avatar(stored.folder("ada"))
    assert avatar.name == "ada"
    assert avatar.portrait.shape == (512, 512, 3)
    assert np.array_equal(avatar.portrait, read(ASTRONAUT))
    assert {name: len(points) for name, points in avatar.landmarks.items()} == GROUPS
    assert any("mouth is open" in note for note in avatar.notes)
    assert "right" in avatar.license
    assert sorted(path.name for path in stored.folder("ada").iterdir()) == sorted(FILES)


def test_landmark_groups_are_ordered_and_anatomically_plausible(stored: AvatarLibrary) -> None:
    marks = load_avatar(stored.folder("ada")).landmarks
    for name, points in marks.items():
        if name != "nose_bridge":
            assert points[0, 0] < points[-1, 0], name
    for upper, lower in (
        ("right_brow", "right_eye_upper"),
        ("right_eye_upper", "right_eye_lower"),
        ("left_eye_upper", "left_eye_lower"),
        ("left_eye_lower", "nose_base"),
        ("nose_base", "lips_outer_upper"),
        ("lips_outer_upper", "lips_inner_upper"),
        ("lips_inner_upper", "lips_inner_lower"),
        ("lips_inner_lower", "lips_outer_lower"),
        ("lips_outer_lower", "jaw"),
    ):
        assert marks[upper][len(marks[upper]) // 2, 1] < marks[lower][len(marks[lower]) // 2, 1]


def test_the_face_box_ends_below_the_chin_and_its_mask_at_the_jaw(stored: AvatarLibrary) -> None:
    avatar = load_avatar(stored.folder("ada"))
    x0, y0, x1, y1 = avatar.face_box
    chin = avatar.mesh[152]
    assert y1 - chin[1] == pytest.approx(BELOW, abs=2)
    assert avatar.face_mask.shape == (y1 - y0, x1 - x0)
    middle = int(chin[0]) - x0
    assert avatar.face_mask[int(chin[1]) - y0 - 3, middle] == 255
    assert not avatar.face_mask[int(chin[1]) - y0 + 3 :, middle].any()
    area = cv2.contourArea(outline_of(avatar.mesh))
    assert np.count_nonzero(avatar.face_mask > 127) == pytest.approx(area, rel=0.03)


def two_faces(astronaut: Image) -> Image:
    smaller = cv2.resize(astronaut, (448, 448), interpolation=cv2.INTER_AREA)
    both = np.full((512, 960, 3), 128, np.uint8)
    both[:, :512], both[:448, 512:] = astronaut, smaller
    return both


def test_larger_of_two_faces_is_used_with_a_note(
    astronaut: Image, library: AvatarLibrary, tmp_path: Path
) -> None:
    avatar = made(write(tmp_path, two_faces(astronaut)), library)
    assert avatar.face_box[2] < 512
    assert any("2 faces" in note for note in avatar.notes)


def without_face(astronaut: Image) -> Image:
    return np.ascontiguousarray(astronaut[300:, 200:])


def blurred(astronaut: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 3), np.uint8)


def small(astronaut: Image) -> Image:
    return np.asarray(cv2.resize(astronaut, (400, 400), interpolation=cv2.INTER_AREA), np.uint8)


def turned(astronaut: Image, degrees: float) -> Image:
    place = cv2.getRotationMatrix2D((223, 124), degrees, 1.0)
    return np.asarray(cv2.warpAffine(astronaut, place, (512, 512)), np.uint8)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_face, r"No face found in .*photo\.png\."),
        (blurred, "face is blurred"),
        (lambda it: cv2.GaussianBlur(it, (0, 0), 6), "No face found in .* too blurred"),
        (small, "only 7. pixels wide"),
        (lambda it: cv2.resize(it, (160, 160), interpolation=cv2.INTER_AREA), "pixels wide"),
        (np.zeros_like, "No face found in .* it is black"),
        (lambda it: np.full_like(it, 255), "No face found in"),
        (lambda it: turned(it, 180), "No face found in"),
        (lambda it: np.rot90(it), "photo, or the face in it, is rotated"),
        (lambda it: turned(it, -60), "photo, or the face in it, is rotated"),
    ],
)
def test_unusable_photo_is_refused_and_leaves_no_files(
    astronaut: Image, library: AvatarLibrary, tmp_path: Path, spoil: object, said: str
) -> None:
    assert callable(spoil)
    with pytest.raises(InputInvalid, match=said) as raised:
        made(write(tmp_path, spoil(astronaut)), library)
    assert raised.value.hint
    assert not library.root.exists() or list(library.root.iterdir()) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda it: cv2.GaussianBlur(it, (0, 0), 1.5), "The photo is a little blurred."),
        (lambda it: turned(it, 30), "The head is tilted; an upright photo looks better."),
        (lambda it: it // 8, "The face is dark; a brighter photo looks better."),
        (lambda it: it[:158], "The face is cut off; a photo of the whole face looks better."),
        (lambda it: it, None),
    ],
)
def test_flaws_of_a_photo_become_notes(
    astronaut: Image,
    library: AvatarLibrary,
    tmp_path: Path,
    spoil: Callable[[Image], Image],
    said: str,
) -> None:
    notes = made(write(tmp_path, spoil(astronaut)), library).notes
    mouth = "The mouth is open; a photo with closed lips speaks better."
    assert set(notes) == {mouth, said} - {None}


def test_closed_lips_add_no_note(astronaut: Image, eyes: FaceDetector) -> None:
    """What lies between the astronaut's lips is squeezed away."""
    from avatar_app.avatars.landmarks import gap_of, landmarks_of
    from avatar_app.avatars.notes import check_face

    mesh, _ = eyes.mesh(astronaut, eyes.faces(astronaut)[0])
    marks = landmarks_of(mesh)
    upper, lower = (
        np.interp(np.arange(512), *marks[f"lips_inner_{lip}"].T) for lip in ("upper", "lower")
    )
    rows, columns = np.mgrid[:512, :512].astype(np.float32)
    away = rows - (upper + lower) / 2
    near = np.clip(1 - np.abs(away) / 24, 0, 1)
    seen = (rows + np.sign(away) * near * (lower - upper) / 2).astype(np.float32)
    picture = np.asarray(cv2.remap(astronaut, columns, seen, cv2.INTER_LINEAR), np.uint8)
    shut, _ = eyes.mesh(picture, eyes.faces(picture)[0])
    assert gap_of(shut) < gap_of(mesh) / 2
    assert check_face(picture, shut, 1) == ()


def test_a_face_from_the_side_is_refused(astronaut: Image, eyes: FaceDetector) -> None:
    from avatar_app.avatars.notes import check_face

    mesh, _ = eyes.mesh(astronaut, eyes.faces(astronaut)[0])
    angle = np.deg2rad(45)
    middle = mesh.mean(axis=0)
    turning = np.array(
        [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    )
    turned = ((mesh - middle) @ turning.T + middle).astype(np.float32)
    with pytest.raises(InputInvalid, match="from the side"):
        check_face(astronaut, turned, 1)


def test_avatar_creation_reports_progress(library: AvatarLibrary) -> None:
    job = Job[Avatar]("making", lambda job: make_avatar(ASTRONAUT, "ada", job, library))
    reported: list[str] = []
    job.when_progressed(lambda progress: reported.append(progress.text))
    job.run()
    assert reported[0] == "Reading the photo"
    assert len(set(reported)) >= 4


@pytest.mark.parametrize("when", [0.0, 0.5, 0.7])
def test_a_cancelled_job_leaves_nothing(library: AvatarLibrary, when: float) -> None:
    job = Job[Avatar]("making", lambda job: make_avatar(ASTRONAUT, "ada", job, library))
    job.when_progressed(lambda progress: job.cancel() if progress.fraction >= when else None)
    with pytest.raises(JobCancelled):
        job.run()
    assert not library.root.exists() or list(library.root.iterdir()) == []


def test_a_full_disk_leaves_nothing(
    library: AvatarLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(creation, "write_measured", full)
    with pytest.raises(InputInvalid, match="No space left"):
        made(ASTRONAUT, library)
    assert list(library.root.iterdir()) == []


def change(folder: Path, **entries: object) -> None:
    document = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(document | entries))


def place_all(folder: Path, x: float) -> None:
    change(folder, landmarks={name: [[x, 0]] * count for name, count in GROUPS.items()})


def move(folder: Path, group: str, x: float, y: float) -> None:
    """Put all landmarks of a group on one point."""
    marks = json.loads((folder / MANIFEST).read_text())["landmarks"]
    change(folder, landmarks=marks | {group: [[x, y]] * GROUPS[group]})


def lower_nose(folder: Path) -> None:
    """Put the nose where the upper lip is."""
    marks = json.loads((folder / MANIFEST).read_text())["landmarks"]
    change(folder, landmarks=marks | {"nose_base": marks["lips_outer_upper"][::2][:5]})


def turn_over(folder: Path) -> None:
    marks = json.loads((folder / MANIFEST).read_text())["landmarks"]
    change(folder, landmarks={n: [[x, 512 - y] for x, y in group] for n, group in marks.items()})


def store(folder: Path, **arrays: np.ndarray) -> None:
    np.savez(folder / FEATURES, **arrays)  # type: ignore[arg-type]


def store_header(folder: Path, shape: tuple[int, ...]) -> None:
    """An array that says of itself that it has a shape, and holds nothing."""
    head = io.BytesIO()
    described = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(head, described)
    with zipfile.ZipFile(folder / FEATURES, "w") as archive:
        archive.writestr("mesh.npy", head.getvalue())


def store_text(folder: Path, head: bytes) -> None:
    """An array whose head is this text."""
    with zipfile.ZipFile(folder / FEATURES, "w") as archive:
        archive.writestr("mesh.npy", b"\x93NUMPY\x01\x00" + bytes([len(head), 0]) + head)


def lock(folder: Path) -> None:
    """Say of the first array that it is encrypted."""
    content = bytearray((folder / FEATURES).read_bytes())
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(header) + flags] |= 1
    (folder / FEATURES).write_bytes(content)


MESH, MASK = np.zeros((468, 3), np.float32), np.zeros((3, 3), np.uint8)
DAMAGES: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda folder: (folder / MANIFEST).unlink(),
    "not JSON": lambda folder: (folder / MANIFEST).write_text("{"),
    "deep JSON": lambda folder: (folder / MANIFEST).write_text("[" * 100_000),
    "no object": lambda folder: (folder / MANIFEST).write_text("[]"),
    "another version": lambda folder: change(folder, version=99),
    "no name": lambda folder: change(folder, name=None),
    "another size": lambda folder: change(folder, size=[511, 512]),
    "box outside": lambda folder: change(folder, face_box=[0, 0, 513, 20]),
    "box of texts": lambda folder: change(folder, face_box=["0", "0", "5", "5"]),
    "box upside down": lambda folder: change(folder, face_box=[0, 20, 20, 10]),
    "no landmarks": lambda folder: change(folder, landmarks={}),
    "landmark is no number": lambda folder: place_all(folder, float("nan")),
    "landmark far away": lambda folder: place_all(folder, 1e9),
    "landmark beyond all numbers": lambda folder: place_all(folder, 10**400),
    "too few landmarks": lambda folder: change(folder, landmarks={n: [[1, 0]] for n in GROUPS}),
    "landmarks on one point": lambda folder: place_all(folder, 100.0),
    "face upside down": turn_over,
    "face of no height": lambda folder: move(folder, "forehead", 223, 175),
    "nose in the lips": lower_nose,
    "lips on one point": lambda folder: move(folder, "lips_outer_upper", 223, 141),
    "version is a text": lambda folder: change(folder, version="1"),
    "notes are a text": lambda folder: change(folder, notes="none"),
    "no portrait": lambda folder: (folder / PORTRAIT).unlink(),
    "portrait is a text": lambda folder: (folder / PORTRAIT).write_text("portrait"),
    "portrait cut off": lambda folder: os.truncate(folder / PORTRAIT, 9000),
    "no features": lambda folder: (folder / FEATURES).unlink(),
    "features are a text": lambda folder: (folder / FEATURES).write_text("features"),
    "another mask": lambda folder: store(folder, mesh=MESH, face_mask=MASK),
    "mesh is no number": lambda folder: store(folder, mesh=MESH * np.float32(np.nan)),
    "mesh missing": lambda folder: store(folder, face_mask=MASK),
    "mesh larger than memory": lambda folder: store_header(folder, (10**15,)),
    "mesh of more than there is": lambda folder: store_header(folder, (468, 3)),
    "mesh behind a password": lock,
    "mesh of an open bracket": lambda folder: store_text(folder, b"{("),
    "mesh of objects": lambda folder: store(folder, mesh=np.array([print], dtype=object)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_avatar_is_reported(folder: Path, damage: str) -> None:
    load_avatar(folder)
    DAMAGES[damage](folder)
    with pytest.raises(InputInvalid) as raised:
        load_avatar(folder)
    assert str(folder) in raised.value.message
    assert "avatars add" in raised.value.hint


@pytest.mark.parametrize("bad", ["\ud800", "\x1b]0;title\x07", "\u202e", "\n"])
def test_manifest_texts_are_printable(folder: Path, bad: str) -> None:
    notes = [f"a{bad}b" + "c" * 900] * 800
    change(folder, **{"created": bad, "licence": f"mine{bad}!", "notes": notes})
    avatar = load_avatar(folder)
    texts = (avatar.created, avatar.license, *avatar.notes)
    assert avatar.license.startswith("mine ")
    assert avatar.created != bad
    assert len(avatar.notes) == 12
    assert all(text.isprintable() and len(text) <= 300 for text in texts)
    "".join(texts).encode()


def test_library_lists_finds_and_removes_avatars(
    stored: AvatarLibrary, library: AvatarLibrary
) -> None:
    made(ASTRONAUT, library, "ada")
    made(ASTRONAUT, library, "bea")
    (library.root / "bea" / PORTRAIT).unlink()
    avatars, notices = library.entries()
    assert library.names() == ("ada", "bea")
    assert [avatar.name for avatar in avatars] == ["ada"]
    assert len(notices) == 1
    with pytest.raises(ConfigInvalid, match="already"):
        made(ASTRONAUT, library, "ada")
    with pytest.raises(ConfigInvalid) as raised:
        library.folder("adda")
    assert "ada" in raised.value.hint
    assert [library.free_name(name) for name in ("cal", "bea")] == ["cal", "bea-2"]
    assert library.free_name("cal", taken=["cal", "cal-2"]) == "cal-3"
    library.remove("bea")
    assert library.names() == ("ada",)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("Plainer", "Unknown avatar 'Plainer'.", "Did you mean plain?"),
        ("plane", "Unknown avatar 'plane'.", "Did you mean plain?"),
        ("zoe", "Unknown avatar 'zoe'.", "Choose la, p or plain."),
        ("/p", "/p is not an avatar.", "Choose la, p or plain."),
    ],
)
def test_only_similar_names_are_suggested(
    library: AvatarLibrary, name: str, message: str, hint: str
) -> None:
    for known in ("la", "p", "plain"):
        (library.root / known).mkdir(parents=True)
        (library.root / known / MANIFEST).touch()
    with pytest.raises(ConfigInvalid) as raised:
        library.folder(name)
    assert (raised.value.message, raised.value.hint) == (message, hint)


def test_a_name_that_windows_reserves_is_reported(library: AvatarLibrary) -> None:
    with pytest.raises(ConfigInvalid, match="'con': Windows keeps that name for itself") as raised:
        library.check_free("con")
    assert "con-1" in raised.value.hint
    library.check_free("con-1")


def test_an_unwritable_library_is_reported(tmp_path: Path) -> None:
    (tmp_path / "avatars").write_text("in the way")
    with pytest.raises(InputInvalid, match="cannot be written") as raised:
        made(ASTRONAUT, AvatarLibrary(tmp_path / "avatars"))
    assert str(tmp_path / "avatars") in raised.value.hint


@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "../x", "Ada", "con", "a" * 41, ".hidden", "a b"]
)
def test_name_invalid_on_some_system_is_refused(library: AvatarLibrary, name: str) -> None:
    with pytest.raises(ConfigInvalid, match="cannot be called"):
        library.check_free(name)
    with pytest.raises(ConfigInvalid):
        library.folder(name)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Ada Lovelace.JPG", "ada-lovelace"),
        ("Ånna's Foto é.png", "annas-foto-e"),
        ("…….png", "avatar"),
        ("家族.png", "avatar"),
        ("con.png", "avatar"),
        ("x1.png", "x1"),
    ],
)
def test_avatar_name_is_derived_from_the_file_name(file: str, name: str) -> None:
    assert name_from(Path(file)) == name
